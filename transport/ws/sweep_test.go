package ws

import (
	"bufio"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// A pipe is a connection in memory, so that these tests run in synctest's time. It is hijacked from a
// ResponseWriter of its own.
type pipe struct {
	http.ResponseWriter
	end net.Conn
}

func (p pipe) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return p.end, bufio.NewReadWriter(bufio.NewReader(p.end), bufio.NewWriter(p.end)), nil
}

func dialPipe(t *testing.T, a *Acceptor) (*peer, *recorder) {
	server, client := net.Pipe()
	opened := make(chan *recorder, 1)
	go func() {
		r, _ := http.NewRequest("GET", "/", nil)
		r.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"keep-alive, Upgrade"},
			"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		if err := a.Accept(pipe{end: server}, r, func(c *Conn) Handler {
			rec := newRecorder(c)
			rec.onMessage = func(_ *Conn, data []byte) {
				if string(data) == "long" {
					time.Sleep(time.Hour) // of the bubble's time
				}
			}
			opened <- rec
			return rec
		}); err != nil {
			t.Error(err)
		}
	}()
	p := &peer{t, client, bufio.NewReader(client)}
	p.accepted()
	return p, <-opened
}

// frames reads what comes, without a deadline of its own, and answers pings if told to.
func (p *peer) pings(answer bool) <-chan time.Time {
	at := make(chan time.Time, 1000)
	go func() {
		defer close(at)
		for {
			p.SetReadDeadline(time.Time{})
			var h [2]byte
			if _, err := p.br.Read(h[:1]); err != nil {
				return
			}
			if _, err := p.br.Read(h[1:]); err != nil {
				return
			}
			_, _ = p.br.Discard(int(h[1]))
			if h[0] != 0x80|opPing {
				continue
			}
			at <- time.Now()
			if answer {
				_, _ = p.Write(frame(0x8A, ""))
			}
		}
	}()
	return at
}

// within says that a span is what it should be, or up to a third more: a sweep's period and its clock.
func within(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want-want/16 || got > want+want/3 {
		t.Errorf("%s after %s, want about %s", what, got, want)
	}
}

func TestSilentPeerIsPingedThenCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAcceptor(Options{})
		defer a.Close()
		begun := time.Now()
		p, rec := dialPipe(t, a)
		defer p.Close()
		ping := <-p.pings(false)
		within(t, "pinged", ping.Sub(begun), DefaultPingInterval)
		<-rec.conn.Done()
		within(t, "cut", time.Since(ping), DefaultPongTimeout)
		synctest.Wait()
		if code := rec.closed(t); code != CloseAbnormal || rec.reasons[0] != "no pong" {
			t.Error(code, rec.reasons)
		}
	})
}

func TestAnsweringPeerLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAcceptor(Options{})
		defer a.Close()
		begun := time.Now()
		p, rec := dialPipe(t, a)
		defer p.Close()
		pings := p.pings(true)
		n := 0
		for ping := range pings {
			if n++; ping.Sub(begun) > time.Hour {
				break
			}
		}
		if n < 90 || n > 121 {
			t.Errorf("%d pings in an hour", n)
		}
		select {
		case <-rec.conn.Done():
			t.Error("ended")
		default:
		}
	})
}

// A peer that sends is not pinged, and one whose Handler is busy is not taken for dead.
func TestBusyPeerLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAcceptor(Options{})
		defer a.Close()
		p, rec := dialPipe(t, a)
		defer p.Close()
		pings := p.pings(false)
		for range 100 {
			p.send(text("x"))
			time.Sleep(20 * time.Second) // of the bubble's time
		}
		p.send(text("long"))
		p.SetWriteDeadline(time.Time{})
		_, _ = p.Write(text("after it"))
		select {
		case <-pings:
			t.Error("pinged")
		case <-rec.conn.Done():
			t.Error("ended")
		default:
		}
	})
}

func TestHalfMessageIsNotWaitedForLong(t *testing.T) {
	for name, half := range map[string][]byte{
		"header":   {0x81},
		"payload":  maskedFrame(0x81, 100, "half"),
		"fragment": frame(0x01, "half"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := NewAcceptor(Options{PingInterval: time.Hour, PongTimeout: time.Hour})
				defer a.Close()
				p, rec := dialPipe(t, a)
				defer p.Close()
				p.pings(true)
				begun := time.Now()
				p.send(half)
				if name == "fragment" { // pings between fragments are no progress
					p.send(frame(0x8A, ""))
				}
				<-rec.conn.Done()
				within(t, "closed", time.Since(begun), DefaultMessageTimeout)
				synctest.Wait()
				if code := rec.closed(t); code != ClosePolicy {
					t.Error(code)
				}
			})
		})
	}
}

// A peer that never answers our close frame holds its socket no longer than WriteTimeout.
func TestUnansweredClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := NewAcceptor(Options{})
		defer a.Close()
		p, rec := dialPipe(t, a)
		defer p.Close()
		begun := time.Now()
		rec.conn.Close(4000, "") // the peer does not even read
		synctest.Wait()
		if code := rec.closed(t); code != 4000 || time.Since(begun) != 0 {
			t.Error(code, "was not told at once")
		}
		for a.Len() > 0 {
			time.Sleep(100 * time.Millisecond) // of the bubble's time
		}
		within(t, "gone", time.Since(begun), DefaultWriteTimeout)
	})
}
