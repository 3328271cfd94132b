package ws

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A peer that reads is not cut off because this server has not written yet: here the flusher waits, and what
// comes meanwhile is more than a peer may leave.
func TestServerLagIsNotThePeers(t *testing.T) {
	var lag lagging
	r := start(t, Options{OutboxBytes: 64 << 10, OutboxFrames: 64, FlushWindow: 100 * time.Millisecond, Listener: Listener{Behind: lag.behind}})
	p, rec := r.dial(t)
	const frames = 64 * serverLag
	data := []byte(strings.Repeat("x", 1<<10))
	for range frames {
		rec.conn.Deliver(data, false)
	}
	for range frames {
		if f, err := p.next(); err != nil || len(f.payload) != len(data) {
			t.Fatal(len(f.payload), err)
		}
	}
	select {
	case <-rec.conn.Done():
		t.Error("cut off")
	default:
	}
	until(t, "over", nil, func() bool { return lag.now.Load() == 0 })
	if n := lag.began.Load(); n != 1 {
		t.Errorf("the server was behind %d times, want 1", n)
	}
}

// Once the peer's buffer is full it is the peer that is behind, and not this server.
func TestAFullSocketIsNotTheServersLag(t *testing.T) {
	var lag lagging
	r := start(t, Options{OutboxBytes: 64 << 10, FlushWindow: 100 * time.Millisecond, Listener: Listener{Behind: lag.behind}})
	p, rec := r.dial(t)
	p.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	rec.conn.net.(*net.TCPConn).SetWriteBuffer(16 << 10)
	rec.conn.Deliver(make([]byte, 32<<20), true) // bulk, which does not count, and more than sockets take
	for range 100 {
		rec.conn.Deliver(make([]byte, 1<<10), false)
	}
	if n := lag.began.Load(); n != 1 {
		t.Errorf("the server was behind %d times, want 1", n)
	}
	until(t, "a full socket", nil, func() bool { return lag.now.Load() == 0 })
	if _, bytes := rec.conn.Outbox(); bytes <= 64<<10 {
		t.Errorf("%d bytes wait, and nobody reads", bytes)
	}
}

// lagging counts the connections that the server is behind with.
type lagging struct{ now, began atomic.Int64 }

func (l *lagging) behind(on bool) {
	if on {
		l.now.Add(1)
		l.began.Add(1)
	} else {
		l.now.Add(-1)
	}
}

// However late this server is, what waits is bounded.
func TestServerLagIsBounded(t *testing.T) {
	for name, o := range map[string]Options{
		"bytes":  {OutboxBytes: 8 << 10, OutboxFrames: 1 << 20},
		"frames": {OutboxBytes: 1 << 20, OutboxFrames: 8},
	} {
		t.Run(name, func(t *testing.T) {
			var lag lagging
			o.FlushWindow, o.Listener.Behind = 100*time.Millisecond, lag.behind
			r := start(t, o)
			_, rec := r.dial(t)
			data := []byte(strings.Repeat("x", 1<<10))
			most := 0
			for range 1000 {
				rec.conn.Deliver(data, false)
				_, bytes := rec.conn.Outbox()
				most = max(most, bytes)
			}
			if most > serverLag*8<<10 {
				t.Errorf("%d bytes waited", most)
			}
			if code := rec.closed(t); code != CloseSlow {
				t.Error(code)
			}
			until(t, "over", nil, func() bool { return lag.now.Load() == 0 })
			if n := lag.began.Load(); n != 1 {
				t.Errorf("the server was behind %d times, want 1", n)
			}
		})
	}
}
