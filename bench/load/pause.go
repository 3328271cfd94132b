package load

// Pause stops reading: what the server sends stays in the socket's buffers, then with the server. Writing goes
// on, and a connection that the server resets is still told so. Twice does nothing.
func (c *Conn) Pause() { c.setPaused(true) }

// Resume reads again, first of all what has come meanwhile.
func (c *Conn) Resume() { c.setPaused(false) }

func (c *Conn) setPaused(paused bool) {
	if c.state == closed || c.paused == paused {
		return
	}
	c.paused = paused
	c.watch()
}

// watch tells the poller what the connection waits for.
func (c *Conn) watch() {
	if err := c.loop.poll.watch(c.fd, !c.paused, c.blocked); err != nil {
		c.end(err)
	}
}
