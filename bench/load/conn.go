package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A Handler is told what happens on one connection, by its loop's goroutine. It may send and close on any
// connection of that loop, and must not wait for anything.
type Handler interface {
	// Open is called once, when the server has accepted the upgrade.
	Open(c *Conn)
	// Frame is called for each text or binary message. payload is valid during the call. at is when it
	// was read, as of [Now].
	Frame(c *Conn, payload []byte, at int64)
	// Closed is called once, unless the loop was ended first: a refused upgrade, an end that the server
	// made, or nil after Close.
	Closed(c *Conn, err error)
}

// CloseError is the server's close frame.
type CloseError struct {
	Code   int // 1005: it gave none
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("load: closed by the server: %d %s", e.Code, e.Reason)
}

type state uint8

const (
	dialing   state = iota
	upgrading       // the request is sent
	open
	closed
)

// A Conn is one client connection. Its methods may be called by its loop's goroutine only, and do nothing
// once it is closed.
type Conn struct {
	loop    *Loop
	handler Handler
	fd      int
	state   state
	wasOpen bool
	accept  string
	mask    uint32

	out     []byte // what is not written yet
	dirty   bool   // stands in the loop's list of those to write
	blocked bool   // the socket takes no more: waits to be writable
	rest    []byte // a part of a frame, between reads
	message []byte // fragments so far
	partial bool   // between fragments
}

// Send queues one text message; it is copied.
func (c *Conn) Send(payload []byte) { c.queue(opText, payload) }

func (c *Conn) queue(opcode byte, payload []byte) {
	if c.state != open {
		return
	}
	c.out = appendFrame(c.out, opcode, c.mask, payload)
	c.touch()
}

func (c *Conn) touch() {
	if !c.dirty && !c.blocked {
		c.dirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
}

// Close ends the connection at once, without a handshake.
func (c *Conn) Close() { c.end(nil) }

// IsOpen reports that the upgrade was accepted and the connection has not ended.
func (c *Conn) IsOpen() bool { return c.state == open }

func (c *Conn) end(err error) {
	if c.state == closed {
		return
	}
	c.state = closed
	c.loop.drop(c)
	c.out, c.rest, c.message = nil, nil, nil
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
	at := Now()
	b := buf[:kept+n]
	if c.state == upgrading {
		if b, err = c.upgraded(b); err != nil {
			c.end(err)
			return
		}
	}
	for c.state == open {
		f, ok, err := parseFrame(b)
		if err != nil {
			c.end(err)
			return
		}
		if !ok {
			break
		}
		b = b[f.size:]
		c.take(f, at)
	}
	if c.state == closed || len(b) == 0 {
		return
	}
	c.rest = append(c.rest, b...)
	if len(c.rest) == len(buf) { // a frame as big as the buffer
		c.loop.in = make([]byte, 2*len(buf))
	}
}

// upgraded reads the answer to the upgrade, and returns what follows it.
func (c *Conn) upgraded(b []byte) ([]byte, error) {
	n, err := parseUpgrade(b, c.accept)
	if err != nil || n == 0 {
		return b, err
	}
	c.state = open
	c.wasOpen = true
	c.loop.pending--
	c.handler.Open(c)
	return b[n:], nil
}

func (c *Conn) take(f frame, at int64) {
	switch f.opcode {
	case opText, opBinary, opContinuation:
		if f.fin && !c.partial && f.opcode != opContinuation {
			c.handler.Frame(c, f.payload, at)
			return
		}
		c.fragment(f, at)
	case opPing:
		c.queue(opPong, f.payload)
	case opClose:
		e := &CloseError{Code: 1005}
		if len(f.payload) >= 2 {
			e.Code, e.Reason = int(binary.BigEndian.Uint16(f.payload)), string(f.payload[2:])
		}
		c.end(e)
	}
}

var errFragments = errors.New("load: fragments out of order, or over 16 MiB together")

func (c *Conn) fragment(f frame, at int64) {
	if c.partial != (f.opcode == opContinuation) || len(c.message)+len(f.payload) > maxFrame {
		c.end(errFragments)
		return
	}
	c.message = append(c.message, f.payload...)
	c.partial = !f.fin
	if f.fin {
		message := c.message
		c.message = nil
		c.handler.Frame(c, message, at)
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
			if err := c.loop.poll.watch(c.fd, true); err != nil {
				c.end(err)
			}
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
		c.state = upgrading
	}
	if c.blocked {
		c.blocked = false
		if err := c.loop.poll.watch(c.fd, false); err != nil {
			c.end(err)
			return
		}
	}
	c.flush()
}
