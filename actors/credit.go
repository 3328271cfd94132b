package actors

import "sync"

// A Credit bounds how many commands of one connection may wait for their answers. The socket's reader
// takes one before each command, and so stops reading, and with it the peer, when the engine lags.
type Credit struct {
	mu     sync.Mutex
	free   sync.Cond
	max    int
	used   int
	closed bool
}

// NewCredit returns a credit of limit commands, at least 1.
func NewCredit(limit int) *Credit {
	c := &Credit{max: max(limit, 1)}
	c.free.L = &c.mu
	return c
}

// Take takes one command's place, and waits for it if all are taken. It returns false if the credit was
// closed; then there is nothing to give back.
func (c *Credit) Take() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.used >= c.max && !c.closed {
		c.free.Wait()
	}
	if c.closed {
		return false
	}
	c.used++
	return true
}

// TryTake is Take without waiting: false if all places are taken, or the credit was closed.
func (c *Credit) TryTake() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used >= c.max || c.closed {
		return false
	}
	c.used++
	return true
}

// Give gives n places back. It never blocks.
func (c *Credit) Give(n int) {
	c.mu.Lock()
	c.used -= n
	c.mu.Unlock()
	c.free.Signal()
}

// Close ends all waiting.
func (c *Credit) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.free.Broadcast()
}
