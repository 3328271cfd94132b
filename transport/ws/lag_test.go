package ws

import (
	"strings"
	"testing"
	"time"
)

// A peer that reads is not cut off because this server has not written yet: here the flusher waits, and what
// comes meanwhile is more than a peer may leave.
func TestServerLagIsNotThePeers(t *testing.T) {
	r := start(t, Options{OutboxBytes: 64 << 10, OutboxFrames: 64, FlushWindow: 100 * time.Millisecond})
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
}

// However late this server is, what waits is bounded.
func TestServerLagIsBounded(t *testing.T) {
	for name, o := range map[string]Options{
		"bytes":  {OutboxBytes: 8 << 10, OutboxFrames: 1 << 20},
		"frames": {OutboxBytes: 1 << 20, OutboxFrames: 8},
	} {
		t.Run(name, func(t *testing.T) {
			o.FlushWindow = 100 * time.Millisecond
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
		})
	}
}
