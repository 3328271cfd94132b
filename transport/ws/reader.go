package ws

import (
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"time"

	"github.com/lxzan/gws"
)

// events are gws's callbacks, the same for every connection. They run in the reader.
type events struct{ gws.BuiltinEventHandler }

// OnMessage hands a message to the Handler, unless the connection has ended meanwhile.
func (events) OnMessage(socket *gws.Conn, msg *gws.Message) {
	defer func() { _ = msg.Close() }() // gives the buffer back
	c := socket.NetConn().(*stream).c
	if c.over.Load() {
		return
	}
	data := msg.Bytes()
	c.a.opts.Listener.Received(len(data))
	c.use()
	c.handling.Store(true)
	if msg.Opcode == gws.OpcodeText {
		c.handler.Message(data)
	} else if h, ok := c.handler.(BinaryHandler); ok {
		h.Binary(data)
	} else {
		c.Close(CloseUnsupported, "binary messages are not taken")
	}
	c.resume()
}

// OnPing answers with the ping's payload (RFC 6455 section 5.5.3), which gws leaves to us to keep.
// Pongs count against the outbox's bound: who pings and does not read is slow like any other.
func (events) OnPing(socket *gws.Conn, payload []byte) {
	socket.NetConn().(*stream).c.push(item{data: payload, op: opPong})
}

// OnClose keeps the peer's close frame. gws does not call it after a panic.
func (events) OnClose(socket *gws.Conn, err error) {
	s := socket.NetConn().(*stream)
	var frame *gws.CloseError
	if errors.As(err, &frame) {
		s.farewell = &fault{code: int(frame.Code), reason: string(frame.Reason)}
		if frame.Code == 0 {
			s.farewell.code = CloseNoStatus
		}
	}
}

// read is the reader: gws's loop until the connection ends, then what is left to do.
func (c *Conn) read(socket *gws.Conn) {
	panicked := c.guarded(socket.ReadLoop)
	c.finish(panicked)
}

// guarded calls f and recovers its panic: it costs this connection and no other. gws's own panics come
// this way too.
func (c *Conn) guarded(f func()) (panicked bool) {
	defer func() {
		if value := recover(); value != nil {
			panicked = true
			c.a.opts.Listener.Panicked(value)
			c.a.opts.Logger.Error("websocket connection panicked",
				"conn", c.id, "panic", value, "stack", string(debug.Stack()))
		}
	}()
	f()
	return false
}

// finish ends the connection if it has not ended yet, tells the Handler, and waits for the peer's part of
// the closing handshake.
func (c *Conn) finish(panicked bool) {
	end := c.in.ending(panicked)
	c.mu.Lock()
	c.peerClosed = c.in.farewell != nil
	if c.endLocked(end.code, end.reason) && end.code != CloseAbnormal {
		c.out.push(item{data: closePayload(end.answer, end.detail), op: opClose, free: true})
		c.wakeLocked()
	}
	code, reason := c.code, c.reason
	c.mu.Unlock()

	if c.handler != nil {
		c.guarded(func() { c.handler.Closed(code, reason) })
	}
	c.a.opts.Listener.Closed(code)
	if c.in.lost() {
		c.die(true)
	} else if !c.peerClosed {
		c.discard()
	}
	c.in.release()

	c.mu.Lock()
	c.readerDone = true
	sent, wait := c.closeSent, c.peerClosed
	c.leaveLocked()
	c.mu.Unlock()
	if sent || !wait {
		c.die(!sent)
	} // else the writer closes, once our close frame has left
}

// An ending is what the reader makes of the end of the stream.
type ending struct {
	fault         // what the Handler is told
	answer int    // the code of our close frame
	detail string // and its reason
}

// ending judges how the stream ended. gws wraps up everything as a close frame of its own, also a lost
// connection, so its word counts last.
func (s *stream) ending(panicked bool) ending {
	same := func(code int, reason string) ending {
		return ending{fault{code, reason}, code, reason}
	}
	switch {
	case panicked:
		return same(CloseInternal, "internal error")
	case s.stop.code != 0:
		return same(s.stop.code, s.stop.reason)
	case s.failure != nil:
		return same(CloseAbnormal, reasonOf(s.failure))
	case s.verdict == CloseProtocol:
		return same(CloseProtocol, "protocol error")
	case s.verdict == CloseBadData:
		return same(CloseBadData, "invalid UTF-8")
	case s.verdict == CloseTooBig:
		return same(CloseTooBig, "message too big")
	case s.farewell != nil && s.farewell.code == CloseNoStatus: // said goodbye and no more: so do we
		return ending{*s.farewell, CloseNormal, ""}
	case s.farewell != nil: // the answer repeats the code, RFC 6455 section 5.5.1
		return ending{*s.farewell, s.farewell.code, ""}
	default:
		return same(CloseInternal, "internal error")
	}
}

// reasonOf names the failure of a socket without its addresses.
func reasonOf(err error) string {
	if errors.Is(err, io.EOF) {
		return "connection lost"
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

// lost says that the socket itself failed; being woken by endLocked is not that.
func (s *stream) lost() bool {
	return s.failure != nil && !errors.Is(s.failure, os.ErrDeadlineExceeded)
}

// discardLimit is how much is read and dropped of a peer that goes on sending after the end: enough for
// the rest of a message that was too big, not for one who means to keep us busy.
const discardLimit = 4 << 20

// discard drops what the peer still sends until its close frame or the end of its stream, as long as
// WriteTimeout after the end.
func (c *Conn) discard() {
	c.mu.Lock()
	_ = c.net.SetReadDeadline(time.Now().Add(c.a.opts.WriteTimeout))
	c.mu.Unlock()
	s := &c.in
	scratch := make([]byte, 512)
	for dropped := 0; dropped < discardLimit && !s.guard.closed; {
		n, err := s.fill(scratch)
		if err != nil {
			return
		}
		dropped += n
		if s.stop.code == 0 { // else the guard has lost its place
			_, s.stop = s.guard.scan(scratch[:n], c.bounds())
		}
	}
	c.mu.Lock()
	c.peerClosed = s.guard.closed
	c.mu.Unlock()
}
