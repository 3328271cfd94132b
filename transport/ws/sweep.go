package ws

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// shards is how many parts the open connections are kept in. The sweep visits one part at a time, so that
// it is spread evenly over its period, and so are the pings.
const shards = 16

// A registry holds the connections from their upgrade to the close of their socket.
type registry struct {
	count  atomic.Int64
	shards [shards]struct {
		mu    sync.Mutex
		conns []*Conn
	}
	mu      sync.Mutex
	waiting []chan struct{}
}

func (g *registry) add(c *Conn) {
	s := &g.shards[c.id%shards]
	s.mu.Lock()
	c.slot = len(s.conns)
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	g.count.Add(1)
}

// remove takes c out; again it does nothing.
func (g *registry) remove(c *Conn) {
	s := &g.shards[c.id%shards]
	s.mu.Lock()
	if c.slot < 0 {
		s.mu.Unlock()
		return
	}
	last := s.conns[len(s.conns)-1]
	s.conns[c.slot], last.slot = last, c.slot
	s.conns[len(s.conns)-1] = nil
	s.conns = s.conns[:len(s.conns)-1]
	c.slot = -1
	s.mu.Unlock()
	if g.count.Add(-1) == 0 {
		g.mu.Lock()
		for _, ch := range g.waiting {
			close(ch)
		}
		g.waiting = nil
		g.mu.Unlock()
	}
}

// list appends a shard's connections to dst.
func (g *registry) list(dst []*Conn, shard int) []*Conn {
	s := &g.shards[shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	return append(dst, s.conns...)
}

func (g *registry) all() []*Conn {
	var all []*Conn
	for i := range g.shards {
		all = g.list(all, i)
	}
	return all
}

// wait returns when there is no connection, or when ctx is done, with its error.
func (g *registry) wait(ctx context.Context) error {
	g.mu.Lock()
	if g.count.Load() == 0 {
		g.mu.Unlock()
		return nil
	}
	ch := make(chan struct{})
	g.waiting = append(g.waiting, ch)
	g.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sweep visits every connection once a period until the Acceptor is closed: one goroutine and no timer
// per connection. It also keeps the clock that the readers stamp with, which is good to a sixteenth of
// the period and costs them no call.
func (a *Acceptor) sweep() {
	defer a.running.Done()
	o := &a.opts
	period := min(o.PingInterval, o.PongTimeout, o.MessageTimeout, o.WriteTimeout, 30*time.Second) / 6
	if o.IdleTimeout > 0 {
		period = min(period, o.IdleTimeout/6)
	}
	tick := time.NewTicker(max(period/shards, time.Millisecond))
	defer tick.Stop()
	var conns []*Conn
	for shard := 0; ; shard = (shard + 1) % shards {
		select {
		case <-tick.C:
		case <-a.closing:
			return
		}
		a.clock.Store(int64(time.Since(a.started)) + 1)
		conns = a.conns.list(conns[:0], shard)
		for _, c := range conns {
			c.check(a.now())
		}
		clear(conns)
	}
}

// now is the Acceptor's coarse clock, in nanoseconds, never 0.
func (a *Acceptor) now() int64 { return a.clock.Load() }

// hear notes that the peer lives.
func (c *Conn) hear() { c.heard.Store(c.a.now()) }

// use notes that there was a message.
func (c *Conn) use() {
	if c.a.opts.IdleTimeout > 0 {
		c.used.Store(c.a.now())
	}
}

// watch notes whether a message is under way.
func (c *Conn) watch(midway bool) {
	if midway != (c.since.Load() != 0) {
		if midway {
			c.since.Store(c.a.now())
		} else {
			c.since.Store(0)
		}
	}
}

// resume ends a call of the Handler. It may have been long, and the reader could not hear meanwhile.
func (c *Conn) resume() {
	c.hear()
	if c.since.Load() != 0 {
		c.since.Store(c.a.now())
	}
	c.handling.Store(false)
}

// check pings a silent peer and ends a dead one.
func (c *Conn) check(now int64) {
	o := &c.a.opts
	over := func(since int64, limit time.Duration) bool { return since != 0 && now-since > int64(limit) }

	c.mu.Lock()
	c.out.shrink()
	ended, endedAt := c.ended, c.endedAt
	pinged, heard := c.pinged, c.heard.Load()
	// Silence proves nothing while the reader is in the Handler, nor while frames are backed up, behind
	// which a ping would wait: then the write deadline watches the peer.
	handling := c.handling.Load()
	busy := handling || c.writer == own
	if pinged != 0 && (heard >= pinged || busy) {
		c.pinged, pinged = 0, 0
	}
	ping := !ended && pinged == 0 && !busy && now-heard >= int64(o.PingInterval)
	if ping {
		c.pinged = now
	}
	c.mu.Unlock()

	switch {
	case ended:
		if over(endedAt, o.WriteTimeout+time.Second) {
			c.die(true) // the reader is held up by its Handler
		}
	case handling:
	case over(pinged, o.PongTimeout):
		if o.PongCode != 0 {
			c.Close(o.PongCode, o.PongReason)
		} else {
			c.cut("no pong")
		}
	case over(c.since.Load(), o.MessageTimeout):
		c.Close(ClosePolicy, "message not finished in time")
	case over(c.used.Load(), o.IdleTimeout):
		c.Close(CloseGoingAway, "idle")
	case ping:
		if o.PingText != nil {
			c.push(item{data: o.PingText, op: opText, free: true})
		}
		c.push(item{op: opPing, free: true})
	}
}
