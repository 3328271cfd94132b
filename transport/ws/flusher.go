package ws

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A flusher writes for the connections that are ready, many of them in one go. There are as many as
// processors, each with its own connections, and one sleeps while none of its are ready.
//
// It must never wait for a peer, or one slow client would delay its neighbours. So it writes only what a
// socket's buffer takes at once, by the descriptor itself; when one is full, the rest of the batch goes to
// a goroutine that the connection then owns until its outbox is empty (writeOn). Write deadlines were the
// obvious way: a few milliseconds for each of a hundred dead peers in a row are seconds for the others. A
// socket without a plain descriptor (TLS) has its own goroutine for each burst instead.
//
// A goroutine woken for each delivery doubles the cost of a fan-out; here the first of a thousand ready
// connections wakes the flusher, and the others are pushed to its list by one compare-and-swap each.
type flusher struct {
	head atomic.Pointer[Conn] // ready connections, last one first
	wake chan struct{}
	a    *Acceptor

	b     *batch
	items []item
	stats traffic

	// The write under way, and write as a func value made once.
	p     []byte
	n     int
	err   error
	write func(fd uintptr) bool
}

var batches = sync.Pool{New: func() any { return newBatch() }}

func newFlusher(a *Acceptor) *flusher {
	f := &flusher{a: a, wake: make(chan struct{}, 1), b: batches.Get().(*batch)}
	f.write = func(fd uintptr) bool {
		f.n, f.err = tryWrite(fd, f.p)
		return true // also when nothing was written: never wait here
	}
	return f
}

// ready adds c, which the caller has just made shared: a connection is in the list at most once.
func (f *flusher) ready(c *Conn) {
	for {
		head := f.head.Load()
		c.next = head
		if f.head.CompareAndSwap(head, c) {
			if head == nil {
				select {
				case f.wake <- struct{}{}:
				default:
				}
			}
			return
		}
	}
}

// run flushes until the Acceptor is closed.
func (f *flusher) run() {
	defer f.a.running.Done()
	defer func() { batches.Put(f.b) }() // whichever it has by then
	for {
		select {
		case <-f.wake:
		case <-f.a.closing:
			return
		}
		if f.a.opts.FlushLast {
			runtime.Gosched()
		}
		if window := f.a.opts.FlushWindow; window > 0 {
			time.Sleep(window)
		}
		for c := reverse(f.head.Swap(nil)); c != nil; {
			next := c.next
			c.next = nil
			f.flush(c)
			c = next
		}
	}
}

// reverse puts a list that was taken last one first into the order of its pushes.
func reverse(c *Conn) *Conn {
	var first *Conn
	for c != nil {
		c.next, first, c = first, c, c.next
	}
	return first
}

// flush writes one batch of c's. If more has come meanwhile c goes to the end of the list: a busy
// connection does not hold up the others.
func (f *flusher) flush(c *Conn) {
	c.mu.Lock()
	f.b.reset()
	f.items = c.out.take(f.b, f.items[:0])
	c.mu.Unlock()
	f.b.fill(f.items)
	clear(f.items)

	n, err := f.try(c, f.b.buf)
	var rest, tail []byte = f.b.buf[n:], f.b.tail
	if err == nil && len(rest) == 0 && len(tail) > 0 {
		n, err = f.try(c, tail)
		tail = tail[n:]
	}
	switch {
	case err != nil:
		c.failed(err)
	case len(rest)+len(tail) > 0:
		f.handOver(c, rest, tail)
	default:
		f.stats.flushed(&f.a.opts.Listener, f.b)
		if c.settle(f.b) {
			f.ready(c)
		}
	}
}

// try writes what the socket takes at once.
func (f *flusher) try(c *Conn, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	f.p = p
	f.stats.writes++
	err := c.raw.Write(f.write)
	f.p = nil
	if err != nil {
		return 0, err
	}
	return f.n, f.err
}

// handOver gives a connection whose socket is full a goroutine of its own, with the batch under way.
func (f *flusher) handOver(c *Conn, rest, tail []byte) {
	c.mu.Lock()
	cut := c.slow
	if !cut {
		c.writer = own
	}
	caughtUp := c.caughtUpLocked() // it is the peer now
	c.mu.Unlock()
	if caughtUp {
		c.a.opts.Listener.Behind(false)
	}
	if cut {
		c.failed(nil)
		return
	}
	b := f.b
	f.b = batches.Get().(*batch)
	b.tail = tail
	go c.writeOn(b, rest)
}

// traffic counts system calls until a batch is through.
type traffic struct{ writes int }

func (t *traffic) flushed(l *Listener, b *batch) {
	l.Sent(b.count, b.wire, t.writes)
	t.writes = 0
}

// writeOn is the goroutine of a connection whose writes may wait. It finishes b, of whose buffer rest is
// still to be written, and goes on until the outbox is empty. b is nil if there is none yet.
func (c *Conn) writeOn(b *batch, rest []byte) {
	var items []item
	var stats traffic
	if b == nil {
		b = batches.Get().(*batch)
	} else {
		items = make([]item, 0, 64)
	}
	defer func() {
		b.reset()
		batches.Put(b)
	}()
	for more := true; more; {
		if rest == nil {
			c.mu.Lock()
			b.reset()
			items = c.out.take(b, items[:0])
			c.mu.Unlock()
			b.fill(items)
			clear(items)
			rest = b.buf
		}
		for _, p := range [2][]byte{rest, b.tail} {
			if err := c.writeWait(p); err != nil {
				c.failed(err)
				return
			}
			stats.writes++
		}
		rest = nil
		stats.flushed(&c.a.opts.Listener, b)
		more = c.settle(b)
	}
}

// writeWait writes p in pieces of writeBufferSize, for as long as WriteTimeout each: a slow line may take its
// time for a large frame, as long as it takes some. Once the peer is being closed as slow it has slowGrace.
func (c *Conn) writeWait(p []byte) error {
	for len(p) > 0 {
		piece := p[:min(len(p), writeBufferSize)]
		c.mu.Lock()
		timeout := c.a.opts.WriteTimeout
		if c.slow {
			timeout = slowGrace
		}
		_ = c.net.SetWriteDeadline(time.Now().Add(timeout))
		c.mu.Unlock()
		if _, err := c.net.Write(piece); err != nil {
			return err
		}
		p = p[len(piece):]
	}
	return nil
}

// settle ends a batch that was written, and says whether the writer has more to do. If not, the
// connection has no writer any more.
func (c *Conn) settle(b *batch) bool {
	c.mu.Lock()
	c.out.settle(b)
	if b.closed {
		c.closeSent = true
	}
	caughtUp := c.behind && !c.overLocked(1) && c.caughtUpLocked()
	more := !c.out.empty() && !c.dead
	if !more && !b.closed {
		c.idleLocked()
	}
	c.mu.Unlock()
	if caughtUp {
		c.a.opts.Listener.Behind(false)
	}
	if b.closed {
		c.sentClose()
		c.mu.Lock()
		c.idleLocked()
		c.mu.Unlock()
		return false // nothing follows a close frame
	}
	return more
}

// idleLocked leaves the connection without a writer.
func (c *Conn) idleLocked() {
	if c.writer == own && !c.dead {
		_ = c.net.SetWriteDeadline(time.Time{}) // or it would pass while a flusher has the connection
	}
	c.writer = nobody
	c.leaveLocked()
}

// sentClose follows our close frame with a FIN, or with the end if the peer's close frame is here already
// (RFC 6455 section 7.1.1: the server closes first). Between the two the reader drops what still comes:
// closing a socket with unread bytes resets it, and the peer might never see why.
func (c *Conn) sentClose() {
	c.mu.Lock()
	last := c.readerDone
	c.mu.Unlock()
	if !last {
		if half, ok := c.net.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
			return
		}
	}
	c.die(false)
}

// failed ends a connection after a write that failed, or that a slow peer's socket did not take.
func (c *Conn) failed(err error) {
	why := "too slow"
	if err != nil {
		why = err.Error()
	}
	c.mu.Lock()
	c.endLocked(CloseAbnormal, why)
	c.mu.Unlock()
	c.die(true)
	c.mu.Lock()
	c.writer = nobody
	c.leaveLocked()
	c.mu.Unlock()
}
