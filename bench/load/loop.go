package load

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"time"
)

// readBuffer is what one read takes at most; one buffer serves all connections of a loop.
const readBuffer = 256 << 10

// A Loop owns connections and drives them from the goroutine that calls Run. None of its methods may be
// called by another.
type Loop struct {
	poll    *poller
	conns   []*Conn // by file descriptor
	dirty   []*Conn // have something to write
	in      []byte
	events  []event
	pending int // connections that are not open yet
	count   int
	spin    bool
	idle    int64
}

// Spin makes the loop ask again and again in place of sleeping until something comes. It is for a loop with
// a processor of its own: a server on this machine pays for waking a sleeping client, 5 us and more for a
// write, which it does not pay for one at the other end of a network.
func (l *Loop) Spin() { l.spin = true }

// Rest takes Spin back: other goroutines want the processor too.
func (l *Loop) Rest() { l.spin = false }

// Idle is the time that Run has spent with nothing to do, asleep or not, in nanoseconds.
func (l *Loop) Idle() int64 { return l.idle }

// NewLoop returns a Loop without connections. It works on Linux; elsewhere it returns errors.ErrUnsupported.
func NewLoop() (*Loop, error) {
	p, err := newPoller()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &Loop{poll: p, in: make([]byte, readBuffer), events: make([]event, 512)}, nil
}

// Dial begins to connect to a server that is spoken to by p, which is the new connection's alone; h is told how that
// ends.
func (l *Loop) Dial(addr netip.AddrPort, p Protocol, h Handler) (*Conn, error) {
	fd, err := l.poll.dial(addr)
	if err != nil {
		return nil, fmt.Errorf("load: dial %s: %w", addr, err)
	}
	c := &Conn{loop: l, handler: h, protocol: p, fd: fd, blocked: true}
	c.out = p.Begin(nil, addr.String())
	for len(l.conns) <= fd {
		l.conns = append(l.conns, nil)
	}
	l.conns[fd] = c
	l.pending++
	l.count++
	return c, nil
}

// Pending is the number of connections that are still connecting.
func (l *Loop) Pending() int { return l.pending }

// Len is the number of connections that have not ended.
func (l *Loop) Len() int { return l.count }

// drop forgets c, which has just been closed.
func (l *Loop) drop(c *Conn) {
	l.poll.close(c.fd)
	l.conns[c.fd] = nil
	l.count--
	if !c.wasOpen {
		l.pending--
	}
}

// maxWait bounds a wait, so that a cancelled context is seen soon.
const maxWait = int64(50 * time.Millisecond)

// Run drives the connections until tick says that it is done, or ctx is. tick is called each time round,
// at least every 50 ms, with the time as of [Now]; it says when it must be called next at the latest,
// zero for whenever. A loop may run again after it has returned.
func (l *Loop) Run(ctx context.Context, tick func(now int64) (next int64, done bool)) error {
	runtime.LockOSThread() // so that the scheduler has nothing to move
	defer runtime.UnlockOSThread()
	for {
		next, done := tick(Now())
		l.flush()
		if done {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		wait := maxWait
		if next > 0 {
			wait = min(max(next-Now(), 0), maxWait)
		}
		if l.spin {
			wait = 0
		}
		before := Now()
		n, err := l.poll.wait(l.events, time.Duration(wait))
		if err != nil {
			return fmt.Errorf("load: wait: %w", err)
		}
		if n == 0 || wait > 0 {
			l.idle += Now() - before
		}
		for _, e := range l.events[:n] {
			c := l.conns[e.fd]
			if c == nil {
				continue // ended by a handler, this time round
			}
			if e.writable {
				c.writable()
			}
			if e.readable && c.state != closed {
				c.readable()
			}
		}
	}
}

// Wait runs until cond holds, at most for timeout.
func (l *Loop) Wait(ctx context.Context, timeout time.Duration, what string, cond func() bool) error {
	deadline := Now() + int64(timeout)
	ok := false
	err := l.Run(ctx, func(now int64) (int64, bool) {
		ok = cond()
		return 0, ok || now > deadline
	})
	if err == nil && !ok {
		err = fmt.Errorf("%s: not within %s", what, timeout)
	}
	return err
}

func (l *Loop) flush() {
	// A write that fails tells a handler, which may send on others: the list may grow meanwhile.
	for i := 0; i < len(l.dirty); i++ {
		c := l.dirty[i]
		c.dirty = false
		c.flush()
	}
	l.dirty = l.dirty[:0]
}

// Close ends all connections without telling their handlers, and the loop.
func (l *Loop) Close() {
	for _, c := range l.conns {
		if c != nil {
			c.state = closed
			l.poll.close(c.fd)
		}
	}
	l.conns, l.dirty, l.count, l.pending = nil, nil, 0, 0
	l.poll.end()
}
