package actorstest

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// A Client is one connection, and the sink that records what it reads.
type Client struct {
	Connection *actors.Connection
	Guest      *actors.Guest // of a tenant, in the place of Connection

	t         *testing.T
	mu        sync.Mutex
	frames    []string
	secret    string
	completed int
	closed    *channel.Close
}

// NewClient returns a sink of no connection yet, for tests that open it themselves.
func NewClient(t *testing.T) *Client { return &Client{t: t} }

// Codec is [Text].
func (c *Client) Codec() channel.Codec { return Text{} }

// Deliver records a frame.
func (c *Client) Deliver(frame []byte, _ bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, string(frame))
}

// Complete counts.
func (c *Client) Complete(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.completed += n
}

// Close records why the engine ends the connection, and ends it as a socket would.
func (c *Client) Close(reason channel.Close) {
	c.mu.Lock()
	first := c.closed == nil
	if first {
		c.closed = &reason
	}
	guest := c.Guest
	c.mu.Unlock()
	if first && c.Connection != nil {
		c.Connection.Closed()
	}
	if first && guest != nil {
		guest.Closed()
	}
}

// Send gives the engine commands, in order.
func (c *Client) Send(commands ...actors.Command) {
	for _, cmd := range commands {
		c.Connection.Send(cmd)
	}
}

// Secret returns the connection's secret, for calls over HTTP.
func (c *Client) Secret() string { return c.secret }

// Hang cuts the connection as a lost network does. An end that the engine asks for later does nothing, since
// Closed is called once.
func (c *Client) Hang() { c.Close(channel.Close{Code: 1006, Reason: "the network is lost"}) }

// Frames takes what came so far.
func (c *Client) Frames() []string {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	frames := c.frames
	c.frames = nil
	return frames
}

// Completed returns how many commands were answered.
func (c *Client) Completed() int {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.completed
}

// Expect takes the next frames, which must be these lines, ids aside, in this order.
func (c *Client) Expect(lines ...string) {
	c.t.Helper()
	synctest.Wait()
	for _, want := range lines {
		if got := c.next(); got != want {
			c.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// ExpectNone holds if nothing has come.
func (c *Client) ExpectNone() {
	c.t.Helper()
	if frames := c.Frames(); len(frames) > 0 {
		c.t.Fatalf("got  %s\nwant nothing", strings.Join(frames, "\n     "))
	}
}

// ExpectClose holds if the engine has ended the connection with this code.
func (c *Client) ExpectClose(code int) {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed == nil || c.closed.Code != code {
		c.t.Fatalf("closed with %v, want %d", c.closed, code)
	}
}

// ExpectOpen holds if the engine has not ended the connection.
func (c *Client) ExpectOpen() {
	c.t.Helper()
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed != nil {
		c.t.Fatalf("closed with %v", *c.closed)
	}
}

// greeted takes the greeting, and the secret that stands in it.
func (c *Client) greeted() {
	c.t.Helper()
	synctest.Wait()
	got, id := c.take()
	if !strings.HasPrefix(got, "connected") {
		c.t.Fatalf("got  %s\nwant a greeting", got)
	}
	c.secret = id
}

// next takes one frame, without its id; "" if there is none.
func (c *Client) next() string {
	line, _ := c.take()
	return line
}

// take takes one frame, and its id.
func (c *Client) take() (line, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.frames) == 0 {
		return "", ""
	}
	line, id, _ = strings.Cut(c.frames[0], " #")
	c.frames = c.frames[1:]
	return line, id
}
