package load

import (
	"fmt"
	"io"
)

// A Handler is told what happens on one connection, by its loop's goroutine. It may send and close on any
// connection of that loop, and must not wait for anything.
type Handler interface {
	// Open is called once, when the server has accepted the connection.
	Open(c *Conn)
	// Frame is called for each message. payload is valid during the call. at is when it was read, as of
	// [Now].
	Frame(c *Conn, payload []byte, at int64)
	// Closed is called once, unless the loop was ended first: a refused beginning, an end that the server
	// made, or nil after Close.
	Closed(c *Conn, err error)
}

type state uint8

const (
	dialing   state = iota
	beginning       // connected: the protocol's beginning is sent
	open
	closed
)

// A Conn is one client connection. Its methods may be called by its loop's goroutine only, and do nothing
// once it is closed.
type Conn struct {
	loop     *Loop
	handler  Handler
	protocol Protocol
	fd       int
	state    state
	wasOpen  bool

	out     []byte // what is not written yet
	dirty   bool   // stands in the loop's list of those to write
	blocked bool   // the socket takes no more: waits to be writable
	paused  bool   // is not read
	rest    []byte // a part of a message, between reads
}

// Send queues one message; it is copied.
func (c *Conn) Send(payload []byte) {
	if c.state == open {
		c.queue(c.protocol.Append(c.out, payload))
	}
}

// queue takes what is to be written, with something appended.
func (c *Conn) queue(out []byte) {
	c.out = out
	if !c.dirty && !c.blocked {
		c.dirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
}

// Close ends the connection at once, without a handshake.
func (c *Conn) Close() { c.end(nil) }

// Begun says that the server has accepted the connection. It is for the connection's [Protocol], and called once.
func (c *Conn) Begun() {
	c.state, c.wasOpen = open, true
	c.loop.pending--
	c.handler.Open(c)
}

// Deliver hands the handler one message, read at a time as of [Now]. It is for the connection's [Protocol].
func (c *Conn) Deliver(message []byte, at int64) { c.handler.Frame(c, message, at) }

// IsOpen reports that the server has accepted the connection and that it has not ended.
func (c *Conn) IsOpen() bool { return c.state == open }

func (c *Conn) end(err error) {
	if c.state == closed {
		return
	}
	c.state = closed
	c.loop.drop(c)
	c.out, c.rest = nil, nil
	c.handler.Closed(c, err)
}

// readable reads once, into the loop's buffer behind what was left of the last read, and handles what is
// whole. Level-triggered waiting comes back for the rest, so that one loud connection does not keep the
// others waiting.
func (c *Conn) readable() {
	buf := c.loop.in
	kept := copy(buf, c.rest)
	c.rest = c.rest[:0]
	n, again, err := c.loop.poll.read(c.fd, buf[kept:])
	if again {
		c.rest = append(c.rest, buf[:kept]...)
		return
	}
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		c.end(err)
		return
	}
	b := buf[:kept+n]
	size, err := c.protocol.Read(c, b, Now())
	if err != nil {
		c.end(err)
	}
	if b = b[size:]; c.state == closed || len(b) == 0 {
		return
	}
	c.rest = append(c.rest, b...)
	if len(c.rest) == len(buf) { // a message as big as the buffer
		c.loop.in = make([]byte, 2*len(buf))
	}
}

// flush writes what is queued, as far as the socket takes it.
func (c *Conn) flush() {
	for len(c.out) > 0 && c.state != closed {
		n, again, err := c.loop.poll.write(c.fd, c.out)
		if err != nil {
			c.end(err)
			return
		}
		if again {
			c.blocked = true
			c.watch()
			return
		}
		c.out = c.out[:copy(c.out, c.out[n:])]
	}
}

// writable goes on where the connect or a write stopped.
func (c *Conn) writable() {
	if c.state == dialing {
		if err := c.loop.poll.connected(c.fd); err != nil {
			c.end(fmt.Errorf("load: connect: %w", err))
			return
		}
		c.state = beginning
	}
	if c.blocked {
		c.blocked = false
		if c.watch(); c.state == closed {
			return
		}
	}
	c.flush()
}
