package ws

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A hundred peers that never read, beside five that do: the hundred are closed as slow, with bounded memory,
// and the five get every frame, promptly.
func TestSlowConsumers(t *testing.T) {
	const idle, healthy, bound = 100, 5, 64 << 10
	var slow atomic.Int64
	r := start(t, Options{OutboxBytes: bound, WriteTimeout: 2 * time.Second,
		Listener: Listener{Slow: func() { slow.Add(1) }}})
	var silent, lively []*recorder
	var peers []*peer
	for range idle {
		p, rec := r.dial(t)
		p.Conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		rec.conn.net.(*net.TCPConn).SetWriteBuffer(16 << 10)
		silent, peers = append(silent, rec), append(peers, p)
	}
	var read [healthy]atomic.Int64
	for i := range healthy {
		p, rec := r.dial(t)
		lively = append(lively, rec)
		go func() {
			for {
				if _, err := p.next(); err != nil {
					return
				}
				read[i].Add(1)
			}
		}()
	}
	data := []byte(strings.Repeat("x", 1<<10))
	var worst time.Duration
	sent := int64(0)
	ended := func() bool {
		for _, rec := range silent {
			select {
			case <-rec.conn.Done():
			default:
				return false
			}
		}
		return true
	}
	for !ended() && sent < 100_000 {
		begun := time.Now()
		for range 10 {
			sent++
			for _, rec := range silent {
				rec.conn.Deliver(data, false)
				if _, bytes := rec.conn.Outbox(); bytes > serverLag*bound+len(data) {
					t.Fatalf("%d bytes wait", bytes)
				}
			}
			for _, rec := range lively {
				rec.conn.Deliver(data, false)
			}
		}
		for i := range read {
			until(t, "delivery to a healthy peer", nil, func() bool { return read[i].Load() == sent })
		}
		worst = max(worst, time.Since(begun))
	}
	if worst > time.Second {
		t.Errorf("a healthy peer waited %s", worst)
	}
	for i, rec := range silent {
		if code := rec.closed(t); code != CloseSlow {
			t.Errorf("silent peer %d: %d", i, code)
		}
	}
	if slow.Load() != idle {
		t.Errorf("counted %d", slow.Load())
	}
	until(t, "end of the slow", nil, func() bool { return r.Len() == healthy })
	for _, p := range peers { // whole frames, then 4002 or a cut
		if code := p.closeCodeOrCut(); code != CloseSlow && code != CloseAbnormal {
			t.Errorf("the peer saw %d", code)
		}
	}
}

func (p *peer) closeCodeOrCut() int {
	for {
		f, err := p.next()
		if err != nil {
			return CloseAbnormal
		}
		if f.op == opClose {
			return int(f.payload[0])<<8 | int(f.payload[1])
		}
	}
}

// Over the bound with a socket that still takes it, the peer is told.
func TestSlowPeerIsTold(t *testing.T) {
	r := start(t, Options{OutboxBytes: 2000, OutboxFrames: 3})
	p, rec := r.dial(t)
	// As much as is too slow also while a flusher has the connection, as it may for a moment after the 101 response.
	rec.conn.Deliver(make([]byte, serverLag*2000+1), false)
	if code := p.closeCode(); code != CloseSlow || rec.closed(t) != CloseSlow {
		t.Error(code)
	}
}

// Bulk frames are delivered and do not count.
func TestBulkIsNotBounded(t *testing.T) {
	r := start(t, Options{OutboxBytes: 2000, OutboxFrames: 3})
	p, rec := r.dial(t)
	for range 100 {
		rec.conn.Deliver(make([]byte, 50<<10), true)
		if frames, bytes := rec.conn.Outbox(); frames != 0 || bytes != 0 {
			t.Fatal(frames, bytes)
		}
	}
	for range 100 {
		if f, err := p.next(); err != nil || len(f.payload) != 50<<10 {
			t.Fatal(len(f.payload), err)
		}
	}
	rec.conn.Deliver([]byte("x"), false)
	if f, err := p.next(); err != nil || string(f.payload) != "x" {
		t.Fatal(f, err)
	}
}

// A peer that lags and then reads on gets every byte: the writer changes hands twice.
func TestLaggingPeerCatchesUp(t *testing.T) {
	r := start(t, Options{OutboxBytes: 64 << 20, OutboxFrames: 1 << 20})
	p, rec := r.dial(t)
	p.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	rec.conn.net.(*net.TCPConn).SetWriteBuffer(64 << 10)
	sizes := []int{1, 125, 126, 1000, 20 << 10, 65535, 65536, 100 << 10, 300 << 10}
	for round := range 3 {
		for i := range 100 {
			size := sizes[i%len(sizes)]
			rec.conn.Deliver([]byte(strings.Repeat(string(rune('a'+i%26)), size)), false)
		}
		until(t, "a full socket", nil, func() bool {
			rec.conn.mu.Lock()
			defer rec.conn.mu.Unlock()
			return rec.conn.writer == own
		})
		for i := range 100 {
			f, err := p.next()
			want := strings.Repeat(string(rune('a'+i%26)), sizes[i%len(sizes)])
			if err != nil || string(f.payload) != want {
				t.Fatalf("round %d, frame %d: %d bytes, %v", round, i, len(f.payload), err)
			}
		}
		until(t, "idle", nil, func() bool {
			rec.conn.mu.Lock()
			defer rec.conn.mu.Unlock()
			return rec.conn.writer == nobody
		})
		if frames, bytes := rec.conn.Outbox(); frames != 0 || bytes != 0 {
			t.Fatal(frames, bytes)
		}
	}
}

// A peer that stops reading under a Close holds its socket for WriteTimeout at most.
func TestCloseOfADeadPeer(t *testing.T) {
	r := start(t, Options{WriteTimeout: 100 * time.Millisecond, OutboxBytes: 64 << 20})
	p, rec := r.dial(t)
	rec.conn.Deliver(make([]byte, 32<<20), false)
	rec.conn.Close(1001, "going away")
	if code := rec.closed(t); code != 1001 {
		t.Error(code)
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 })
	if n, err := io.Copy(io.Discard, p.br); n >= 32<<20 {
		t.Error(n, err)
	}
}
