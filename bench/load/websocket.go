package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
)

// A WebSocket is a [Protocol] as RFC 6455 has it: an upgrade, then a text message each way for each
// message, and what a protocol on top of it needs at its beginning and in its quiet times.
type WebSocket struct {
	Target string // the path with its query, such as "/?token=x"
	// First is the text of a message to send as soon as the upgrade is accepted; "": none.
	First string
	// Ping is the text of a message that is no news, and is answered at once with Pong; "": there is none.
	Ping, Pong string
	// Greeting is given the server's first message, before that is delivered, and what it returns is sent; nil, or
	// if it returns nothing: nothing is.
	Greeting func(message []byte) (answer []byte)
	// Lines says that the server may put several messages in one, a line each.
	Lines bool

	accept  string
	mask    uint32
	message []byte // fragments so far
	partial bool   // between fragments
}

// CloseError is the server's close frame.
type CloseError struct {
	Code   int // 1005: it gave none
	Reason string
}

func (e *CloseError) Error() string {
	return fmt.Sprintf("load: closed by the server: %d %s", e.Code, e.Reason)
}

// Begin appends the upgrade.
func (w *WebSocket) Begin(dst []byte, host string) []byte {
	w.mask = rand.Uint32()
	request, accept := upgradeRequest(host, w.Target)
	w.accept = accept
	return append(dst, request...)
}

// Append appends a text message.
func (w *WebSocket) Append(dst, message []byte) []byte {
	return appendFrame(dst, opText, w.mask, message)
}

// Read takes the answer to the upgrade, then frames.
func (w *WebSocket) Read(c *Conn, b []byte, at int64) (size int, err error) {
	if !c.IsOpen() {
		if size, err = parseUpgrade(b, w.accept); err != nil || size == 0 {
			return 0, err
		}
		c.Begun()
		if w.First != "" {
			c.Send([]byte(w.First))
		}
	}
	for c.IsOpen() {
		f, ok, err := parseFrame(b[size:])
		if err != nil || !ok {
			return size, err
		}
		size += f.size
		if err := w.take(c, f, at); err != nil {
			return size, err
		}
	}
	return size, nil
}

func (w *WebSocket) take(c *Conn, f frame, at int64) error {
	switch f.opcode {
	case opText, opBinary, opContinuation:
		if f.fin && !w.partial && f.opcode != opContinuation {
			w.deliver(c, f.payload, at)
			return nil
		}
		return w.fragment(c, f, at)
	case opPing:
		c.queue(appendFrame(c.out, opPong, w.mask, f.payload))
	case opClose:
		e := &CloseError{Code: 1005}
		if len(f.payload) >= 2 {
			e.Code, e.Reason = int(binary.BigEndian.Uint16(f.payload)), string(f.payload[2:])
		}
		return e
	}
	return nil
}

func (w *WebSocket) deliver(c *Conn, message []byte, at int64) {
	if !w.Lines {
		w.hand(c, message, at)
		return
	}
	for len(message) > 0 && c.IsOpen() {
		line := message
		if end := bytes.IndexByte(message, '\n'); end >= 0 {
			line, message = message[:end], message[end+1:]
		} else {
			message = nil
		}
		if len(line) > 0 {
			w.hand(c, line, at)
		}
	}
}

func (w *WebSocket) hand(c *Conn, message []byte, at int64) {
	if w.Ping != "" && string(message) == w.Ping {
		c.Send([]byte(w.Pong))
		return
	}
	if greeting := w.Greeting; greeting != nil {
		w.Greeting = nil
		if answer := greeting(message); len(answer) > 0 {
			c.Send(answer)
		}
	}
	c.Deliver(message, at)
}

var errFragments = errors.New("load: fragments out of order, or over 16 MiB together")

func (w *WebSocket) fragment(c *Conn, f frame, at int64) error {
	if w.partial != (f.opcode == opContinuation) || len(w.message)+len(f.payload) > maxFrame {
		return errFragments
	}
	w.message = append(w.message, f.payload...)
	w.partial = !f.fin
	if f.fin {
		message := w.message
		w.message = nil
		w.deliver(c, message, at)
	}
	return nil
}
