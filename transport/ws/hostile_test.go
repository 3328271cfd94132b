package ws

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A frame that claims 2^63 bytes or more makes gws slice out of range, in its own loop. The guard stops it
// before; here it is let through, to see that the recovery behind holds as well.
func TestPanicInGWSCostsOneConnection(t *testing.T) {
	panics := make(chan any, 8)
	r := start(t, Options{Listener: Listener{Panicked: func(v any) { panics <- v }}})
	neighbour, _ := r.dial(t)
	p, rec := r.dial(t)
	rec.conn.in.guard.inside, rec.conn.in.guard.left = true, 1<<40 // all that comes is payload to it
	p.send(rawLength(0x81, 1<<63))
	if code := p.closeCode(); code != CloseInternal {
		t.Errorf("the peer saw %d", code)
	}
	if code := rec.closed(t); code != CloseInternal {
		t.Errorf("the handler was told %d", code)
	}
	if v := <-panics; !strings.Contains(fmt.Sprint(v), "out of range") {
		t.Errorf("panic %v", v)
	}
	alive(t, neighbour)
}

func TestPanicInHandlerCostsOneConnection(t *testing.T) {
	panics := make(chan any, 8)
	r := start(t, Options{Listener: Listener{Panicked: func(v any) { panics <- v }}})
	neighbour, _ := r.dial(t)
	p, rec := r.dial(t)
	rec.onMessage = func(*Conn, []byte) { panic("in Message") }
	p.send(text("x"))
	if p.closeCode() != CloseInternal || rec.closed(t) != CloseInternal {
		t.Error("not closed as an internal error")
	}
	if v := <-panics; v != "in Message" {
		t.Error(v)
	}
	alive(t, neighbour)
}

func TestPanicInOpenCostsOneConnection(t *testing.T) {
	panics := make(chan any, 8)
	r := start(t, Options{Listener: Listener{Panicked: func(v any) { panics <- v }}})
	r.onOpen = func(*recorder) Handler { panic("in open") }
	p, _ := r.dial(t)
	if code := p.closeCode(); code != CloseInternal {
		t.Error(code)
	}
	<-panics
	p.Close()
	r.onOpen = func(*recorder) Handler { return nil }
	p, _ = r.dial(t)
	if code := p.closeCode(); code != CloseInternal {
		t.Error(code)
	}
	p.Close()
	until(t, "end", nil, func() bool { return r.Len() == 0 })
}

// alive says that a connection still answers.
func alive(t *testing.T, p *peer) {
	t.Helper()
	p.send(frame(0x89, "still there?"))
	f, err := p.next()
	if err != nil || f.op != opPong || string(f.payload) != "still there?" {
		t.Fatalf("neighbour: %x %q %v", f.op, f.payload, err)
	}
}

// Headers alone, each claiming all that is allowed, must not cost more than the limit for each connection.
func TestClaimedLengths(t *testing.T) {
	const conns = 50
	r := start(t, Options{MaxMessage: 64 << 10})
	var before, after runtime.MemStats
	peers := make([]*peer, conns)
	for i := range peers {
		peers[i], _ = r.dial(t)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, p := range peers {
		p.send(maskedFrame(0x81, 64<<10, "only this"))
	}
	for _, rec := range r.conns.all() {
		until(t, "reading", nil, func() bool { return rec.since.Load() != 0 })
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > conns*(130<<10) {
		t.Errorf("the heap grew by %d KiB", grown>>10)
	}
}

func TestEndlessEmptyFragments(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	go func() {
		_, _ = p.Write(frame(0x01, ""))
		for some := join(slicesRepeat(frame(0x00, ""), 1000)...); ; {
			if _, err := p.Write(some); err != nil {
				return
			}
		}
	}()
	if code := rec.closed(t); code != ClosePolicy {
		t.Errorf("code %d", code)
	}
	until(t, "cut", nil, func() bool { return r.Len() == 0 })
}

// A peer that goes on sending after its connection was refused is dropped, and holds nobody up.
func TestRefusedPeerThatGoesOnSending(t *testing.T) {
	r := start(t, Options{MaxMessage: 1000, WriteTimeout: time.Hour})
	p, rec := r.dial(t)
	go func() {
		p.Write(maskedFrame(0x81, 1<<40, ""))
		for some := make([]byte, 64<<10); ; {
			if _, err := p.Write(some); err != nil {
				return
			}
		}
	}()
	if code := rec.closed(t); code != CloseTooBig {
		t.Errorf("code %d", code)
	}
	until(t, "cut", nil, func() bool { return r.Len() == 0 })
}

// The rest of a message that is too big is read and dropped, so that its sender sees why it was closed.
func TestSenderOfTooMuchSeesWhy(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	p.send(text(strings.Repeat("x", 2<<20)))
	if code := p.closeCode(); code != CloseTooBig {
		t.Errorf("the peer saw %d", code)
	}
	p.Close()
	rec.closed(t)
}

// gws would drop what came in one packet with the request.
func TestFramesSentBeforeTheResponse(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t, join(text("a"), text("b"), closing(1000, ""))...)
	if code := p.closeCode(); code != 1000 {
		t.Error(code)
	}
	rec.closed(t)
	if got := rec.got(); len(got) != 2 || got[0] != "a" || got[1] != "b" {
		t.Errorf("%q", got)
	}
}

func TestVanishedPeer(t *testing.T) {
	r := start(t, Options{})
	p, rec := r.dial(t)
	p.Conn.(*net.TCPConn).SetLinger(0)
	p.Close()
	if code := rec.closed(t); code != CloseAbnormal {
		t.Error(code)
	}
	p, rec = r.dial(t)
	p.send(maskedFrame(0x81, 100, "half"))
	p.Close()
	if code := rec.closed(t); code != CloseAbnormal || len(rec.got()) != 0 {
		t.Error(code, rec.got())
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 })
}

// Many connections that come and go leave no goroutine behind.
func TestNothingIsLeft(t *testing.T) {
	r := start(t, Options{})
	alone := runtime.NumGoroutine()
	for range 20 {
		var peers []*peer
		for range 20 {
			p, rec := r.dial(t)
			rec.conn.Deliver([]byte("hello"), false)
			peers = append(peers, p)
		}
		for i, p := range peers {
			switch i % 3 {
			case 0:
				p.Close()
			case 1:
				p.send(closing(1000, ""))
				p.closeCode()
			case 2:
				p.send([]byte{0xFF, 0xFF})
				p.Close()
			}
		}
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 && runtime.NumGoroutine() <= alone+5 })
}

// TLS sockets have no descriptor to try: the other half of the code carries them.
func TestOverTLS(t *testing.T) {
	r := start(t, Options{WriteTimeout: time.Second})
	server := httptest.NewTLSServer(http.HandlerFunc(r.ServeHTTP))
	defer server.Close()
	dial := func() (*peer, *recorder) {
		nc, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.NetConn().Close() })
		p := &peer{t, nc, nil}
		p.br = newReader(nc)
		p.send([]byte(handshake))
		p.accepted()
		return p, <-r.opened
	}
	p, rec := dial()
	if rec.conn.raw != nil {
		t.Fatal("raw below TLS")
	}
	p.send(text("hello"))
	for i := range 100 {
		rec.conn.Deliver(fmt.Appendf(nil, "%d", i), false)
	}
	rec.conn.Deliver([]byte(strings.Repeat("y", 200<<10)), true)
	rec.conn.Close(4000, "over")
	for i := range 100 {
		if f, err := p.next(); err != nil || string(f.payload) != fmt.Sprint(i) {
			t.Fatal(i, f, err)
		}
	}
	if f, err := p.next(); err != nil || len(f.payload) != 200<<10 {
		t.Fatal(len(f.payload), err)
	}
	if code := p.closeCode(); code != 4000 || rec.closed(t) != 4000 {
		t.Error(code)
	}
	p.Close()

	_, rec = dial() // never reads
	flood(t, rec.conn)
	if code := rec.closed(t); code != CloseSlow && code != CloseAbnormal {
		t.Error(code)
	}
	until(t, "end", nil, func() bool { return r.Len() == 0 })
}

// flood delivers until the connection has ended.
func flood(t *testing.T, c *Conn) {
	t.Helper()
	data := make([]byte, 32<<10)
	for range 100_000 {
		select {
		case <-c.Done():
			return
		default:
			c.Deliver(data, false)
			if _, bytes := c.Outbox(); bytes > DefaultOutboxBytes+len(data) {
				t.Fatalf("%d bytes wait", bytes)
			}
		}
	}
	t.Fatal("never ended")
}
