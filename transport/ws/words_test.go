package ws

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A protocol whose clients see no pings has a text frame beside each, and its own words for a peer that is gone.
func TestSilentPeerIsToldInItsProtocol(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAcceptor(Options{PingInterval: 45 * time.Second, PingText: []byte("are you there?"), PongCode: 4201, PongReason: "no"})
		defer a.Close()
		begun := time.Now()
		p, rec := dialPipe(t, a)
		defer p.Close()
		_ = p.SetReadDeadline(time.Time{})
		for _, want := range []wireFrame{{opText, []byte("are you there?")}, {opPing, []byte{}}, {opClose, []byte("\x10\x69no")}} {
			got, err := p.frame()
			if err != nil || got.op != want.op || string(got.payload) != string(want.payload) {
				t.Fatalf("got %x %q, %v; want %x %q", got.op, got.payload, err, want.op, want.payload)
			}
			if want.op == opPing {
				within(t, "pinged", time.Since(begun), 45*time.Second)
			}
		}
		within(t, "closed", time.Since(begun), 75*time.Second)
		if code := rec.closed(t); code != 4201 || rec.reasons[0] != "no" {
			t.Error(code, rec.reasons)
		}
	})
}

// A slow peer is closed in the protocol's words.
func TestSlowPeerIsToldInItsProtocol(t *testing.T) {
	r := start(t, Options{OutboxBytes: 2000, SlowCode: 4100, SlowReason: "Slow consumer"})
	p, rec := r.dial(t)
	rec.conn.Deliver(make([]byte, serverLag*2000+1), false)
	if code := p.closeCode(); code != 4100 || rec.closed(t) != 4100 || rec.reasons[0] != "Slow consumer" {
		t.Error(code, rec.reasons)
	}
}

// Some peers may send less than others.
func TestLimitOfOneConnection(t *testing.T) {
	r := start(t, Options{MaxMessage: 4000})
	var limits = map[string]int{"small": 1000, "any": 0, "more than there is": 1 << 20}
	for name, limit := range limits {
		r.onOpen = func(rec *recorder) Handler {
			rec.conn.LimitMessage(limit)
			r.opened <- rec
			return rec
		}
		most := 4000
		if limit > 0 {
			most = min(most, limit)
		}
		p, _ := r.dial(t)
		rec := <-r.opened
		p.send(text(strings.Repeat("x", most)))
		until(t, "a message of "+name, rec.changed, func() bool { return len(rec.got()) == 1 })
		p.send(frame(0x01, strings.Repeat("x", most/2)))
		p.send(frame(0x80, strings.Repeat("x", most/2+1)))
		if code := p.closeCode(); code != CloseTooBig || rec.closed(t) != CloseTooBig {
			t.Errorf("%s: closed with %d", name, code)
		}
	}
}

// A drain says goodbye in the protocol's words, and who comes while it closes others is told so too, by who opens it.
func TestDrainInWords(t *testing.T) {
	r := start(t, Options{Farewell: []byte("goodbye"), LateUpgrades: true})
	r.onOpen = func(rec *recorder) Handler {
		if r.Draining() {
			rec.conn.Deliver([]byte("too late"), false)
			rec.conn.Close(4200, "late")
		}
		r.opened <- rec
		return rec
	}
	said := func(p *peer, want string, code int) {
		t.Helper()
		if f, err := p.next(); err != nil || string(f.payload) != want {
			t.Fatalf("got %q, %v; want %q", f.payload, err, want)
		}
		if got := p.closeCode(); got != code {
			t.Errorf("closed with %d, want %d", got, code)
		}
		p.Close()
	}
	first, _ := r.dial(t)
	second, _ := r.dial(t)
	<-r.opened
	<-r.opened
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	step := make(chan struct{})
	go func() {
		defer close(step)
		r.Drain(ctx, time.Hour, 4200, "closed")
	}()
	until(t, "drain", nil, r.Draining)
	late, _ := r.dial(t)
	said(late, "too late", 4200)
	cancel() // its time is over: the rest is cut
	<-step
	_, _ = first.closeCodeOrCut(), second.closeCodeOrCut()

	r = start(t, Options{Farewell: []byte("goodbye"), LateUpgrades: true})
	p, _ := r.dial(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		r.Drain(t.Context(), -1, 4200, "closed")
	}()
	said(p, "goodbye", 4200)
	<-over
	request, _ := http.NewRequest("GET", "/", nil)
	request.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	var refused *HandshakeError
	if err := r.Check(request); !errors.As(err, &refused) || refused.Status != 503 {
		t.Errorf("after the drain: %v", err)
	}
}

func TestOriginIn(t *testing.T) {
	list := []string{"https://good.example", "no origin", "http://localhost:3000"}
	for origin, want := range map[string]bool{
		"": true, "https://good.example": true, "HTTPS://Good.example:443": true, "http://localhost:3000": true,
		"https://evil.example": false, "null": false, "no origin": false, "http://localhost": false, "https://good.example/": false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		if got := OriginIn(list, header); got != want {
			t.Errorf("%q: %v", origin, got)
		}
	}
	if OriginIn(list, http.Header{"Origin": {list[0], list[0]}}) || OriginIn(nil, http.Header{"Origin": {list[0]}}) {
		t.Error("two origins, or one in no list, are let in")
	}
}
