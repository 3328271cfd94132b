package ws

import (
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Conn is one open WebSocket. Its methods may be called from any goroutine, at any time, also after the
// end, and none of them waits for the peer.
//
// Two sides work on it. The reader is a goroutine of its own, which calls the Handler; it is all that an
// idle connection owns. The writer is whoever has it at the moment: nobody while the outbox is empty, a
// flusher shared by many connections (flusher.go), or, once the socket's buffer is full, a goroutine of
// its own for as long as the peer lags. Only the writer writes, so frames leave whole and in the order of
// the calls.
//
// A connection ends once, for one reason: its code and reason are set (ended), nothing more is queued but
// a close frame, and the reader is woken to call Handler.Closed. The socket lives on until the close frame
// has left and the peer has answered or WriteTimeout has passed (RFC 6455 section 7.1), and is then dead. A
// failed write makes it dead at once: what followed it would begin inside a frame.
type Conn struct {
	id      uint64
	a       *Acceptor
	net     net.Conn
	raw     syscall.RawConn // nil: every write may wait
	handler Handler
	proto   string // subprotocol
	limit   int    // of a message in bytes, if it is less than MaxMessage; 0: it is not

	in   stream
	over atomic.Bool // ended, for the reader

	// For the sweep, in nanoseconds of the Acceptor's clock; 0 is never.
	heard    atomic.Int64 // when bytes last came
	since    atomic.Int64 // when the message under way began
	used     atomic.Int64 // when a message last came or went; only with an IdleTimeout
	handling atomic.Bool  // the reader is in the Handler and cannot hear

	next *Conn // in a flusher's list

	mu     sync.Mutex
	out    outbox
	writer writer
	behind bool  // more waits than may, because of this server
	pinged int64 // when the ping that waits for its pong was sent; 0: none waits

	ended   bool // code and reason are set
	code    int
	reason  string
	endedAt int64
	done    chan struct{} // made by the first Done

	slow       bool // ended as slow: a write that does not fit at once cuts
	closeSent  bool // our close frame has left
	peerClosed bool // the peer's has come
	readerDone bool
	dead       bool // the socket is closed
	slot       int  // in the registry; -1: not in it
}

// A writer says who may write to the socket.
type writer uint8

const (
	nobody writer = iota // and the outbox is empty
	shared               // a flusher has it, or will
	own                  // a goroutine of the connection's own
)

// slowGrace is how long a write under way may still take once its connection is closed as slow.
const slowGrace = 250 * time.Millisecond

// past is a deadline that wakes a reader.
var past = time.Unix(1, 0)

// Deliver queues one text frame. frame must not change afterwards; it may be shared between connections.
// bulk frames do not count against the outbox's bound. It never blocks, and frames leave in the order of
// the calls. After the end it does nothing.
func (c *Conn) Deliver(frame []byte, bulk bool) {
	c.use()
	c.push(item{data: frame, op: opText, free: bulk})
}

// push queues a frame and sees to it that somebody writes it.
func (c *Conn) push(it item) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.out.push(it)
	slow, behind := false, false
	if !it.free && c.overLocked(1) {
		if slow = c.writer != shared || c.overLocked(serverLag); slow {
			c.slowLocked()
		} else {
			behind, c.behind = !c.behind, true
		}
	}
	lags := !slow && c.lagsLocked()
	c.wakeLocked()
	c.mu.Unlock()
	if slow {
		c.a.opts.Listener.Slow()
		return
	}
	if behind {
		c.a.opts.Listener.Behind(true)
	}
	if lags {
		runtime.Gosched()
	}
}

// respond queues the 101 response, which waits for the first frame, or for send.
func (c *Conn) respond(response []byte) {
	if response == nil {
		return // it has left
	}
	c.mu.Lock()
	c.out.push(item{data: response, op: opResponse, free: true})
	c.mu.Unlock()
}

// send sees to it that what is queued is written.
func (c *Conn) send() {
	c.mu.Lock()
	c.wakeLocked()
	c.mu.Unlock()
}

// serverLag is how many times a peer's bound may wait while a flusher has the connection: it is this server
// then that is behind, and not the peer. A flusher whose processor was taken away in the middle of a write
// comes back after everybody else's turn, and 150,000 frames a second fill an outbox within that.
const serverLag = 4

// overLocked says that more waits than times the bound.
func (c *Conn) overLocked(times int) bool {
	return c.out.bytes > c.a.opts.OutboxBytes*times || c.out.frames > c.a.opts.OutboxFrames*times
}

// caughtUpLocked says that this server is not behind any more, and whether it was: then the Listener is to be told.
func (c *Conn) caughtUpLocked() bool {
	was := c.behind
	c.behind = false
	return was
}

// lagsLocked says that the flusher does not keep up with who fills the outbox, who should let it run.
func (c *Conn) lagsLocked() bool {
	return c.writer == shared && (c.out.bytes > c.a.opts.OutboxBytes/2 || c.out.frames > c.a.opts.OutboxFrames/2)
}

// slowLocked ends the connection because its outbox is full. What waits is dropped at once, so that a
// slow peer's memory is bounded now and not after a timeout. A write under way gets a last moment, since a
// close frame cannot begin inside it.
func (c *Conn) slowLocked() {
	c.slow = true
	c.out.clear()
	c.endLocked(c.a.opts.SlowCode, c.a.opts.SlowReason)
	c.out.push(item{data: closePayload(c.code, c.reason), op: opClose, free: true})
	if c.writer == own {
		_ = c.net.SetWriteDeadline(time.Now().Add(slowGrace))
	}
}

// wakeLocked gives the connection to a writer if it has none.
func (c *Conn) wakeLocked() {
	if c.writer != nobody || c.out.empty() || c.dead {
		return
	}
	if c.raw == nil {
		c.writer = own
		go c.writeOn(nil, nil)
		return
	}
	c.writer = shared
	c.a.flusherOf(c).ready(c)
}

// Close ends the connection with a code and a reason, by a close frame after what is queued, as far as the
// peer reads it within WriteTimeout. A code that must not be sent becomes 1011, and a reason is cut to 123
// bytes. After the end it does nothing.
func (c *Conn) Close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.endLocked(code, reason) {
		c.out.push(item{data: closePayload(code, reason), op: opClose, free: true})
		c.wakeLocked()
	}
}

// Cut ends the connection at once: what is queued or in the socket's buffer is dropped, and the peer sees a
// reset. It works also while a Close is under way.
func (c *Conn) Cut() { c.cut("cut") }

func (c *Conn) cut(why string) {
	c.mu.Lock()
	c.endLocked(CloseAbnormal, why)
	c.mu.Unlock()
	c.die(true)
}

// endLocked sets why the connection ends, once, and wakes the reader.
func (c *Conn) endLocked(code int, reason string) bool {
	if c.ended {
		return false
	}
	c.ended, c.code, c.reason = true, code, reason
	c.endedAt = c.a.now()
	c.over.Store(true)
	if c.done != nil {
		close(c.done)
	}
	_ = c.net.SetReadDeadline(past)
	return true
}

// die closes the socket, once. With reset the kernel drops what it still holds for the peer, else it goes
// on sending it.
func (c *Conn) die(reset bool) {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return
	}
	c.dead = true
	c.out.clear()
	caughtUp := c.caughtUpLocked()
	c.mu.Unlock()
	if caughtUp {
		c.a.opts.Listener.Behind(false)
	}
	nc := c.net
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok && reset {
		nc = t.NetConn() // TLS would wait to say goodbye
	}
	if t, ok := nc.(*net.TCPConn); ok && reset {
		_ = t.SetLinger(0)
	}
	_ = nc.Close()
	c.mu.Lock()
	c.leaveLocked()
	c.mu.Unlock()
}

// leaveLocked takes the connection out of the registry when nobody works on it any more.
func (c *Conn) leaveLocked() {
	if c.dead && c.readerDone && c.writer == nobody {
		c.a.conns.remove(c)
	}
}

// Done is closed when the connection has ended, which may be some time before Handler.Closed is called:
// a Handler that blocks in Message can wait for it.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.ended {
			close(c.done)
		}
	}
	return c.done
}

// Outbox is what waits for the peer and counts against the bound.
func (c *Conn) Outbox() (frames, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.frames, c.out.bytes
}

// LimitMessage lets no message through that has more than size bytes, if that is less than MaxMessage. It is for
// whoever opens the connection, before Accept returns.
func (c *Conn) LimitMessage(size int) { c.limit = size }

// ID is the connection's number, from 1, unique in its Acceptor's life.
func (c *Conn) ID() uint64 { return c.id }

// Subprotocol is the one that was selected, or "".
func (c *Conn) Subprotocol() string { return c.proto }

// RemoteAddr is the peer's address and port, as the socket knows it.
func (c *Conn) RemoteAddr() string { return c.net.RemoteAddr().String() }

// RemoteIP is the peer's address without its port. Behind a proxy it is the proxy's.
func (c *Conn) RemoteIP() string {
	if t, ok := c.net.RemoteAddr().(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("").String()
	}
	host, _, err := net.SplitHostPort(c.RemoteAddr())
	if err != nil {
		return c.RemoteAddr()
	}
	return host
}
