package load

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestWhoPausesReadsItAllLater(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=right"}, r); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "open", func() bool { return r.open })
	other := &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=right"}, other); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "open", func() bool { return other.open })
	r.conn.Pause()
	r.conn.Pause()
	for _, text := range []string{"a", "b", "c"} {
		r.conn.Send([]byte(text))
	}
	other.reply = func(string) string {
		if len(other.frames) < 50 {
			return "again"
		}
		return ""
	}
	other.conn.Send([]byte("first"))
	wait(t, l, "the other's answers", func() bool { return len(other.frames) == 50 })
	if len(r.frames) > 0 {
		t.Fatalf("%q came during the pause", r.frames)
	}
	r.conn.Resume()
	wait(t, l, "what was missed", func() bool { return len(r.frames) == 3 })
	if r.frames[0] != "a" || r.frames[2] != "c" {
		t.Fatalf("%q", r.frames)
	}
}

func TestAResetIsToldDuringAPause(t *testing.T) {
	s, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	accepted := make(chan *net.TCPConn, 1)
	go func() {
		if c, err := s.Accept(); err == nil {
			accepted <- c.(*net.TCPConn)
		}
	}()
	l, r := newLoop(t), &recorder{}
	c, err := l.Dial(netip.MustParseAddrPort(s.Addr().String()), &WebSocket{Target: "/"}, r)
	if err != nil {
		t.Fatal(err)
	}
	server := <-accepted
	wait(t, l, "the request", func() bool { return c.state != dialing && len(c.out) == 0 })
	c.Pause()
	if err := server.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAtLeast(server, make([]byte, 4096), 16); err != nil {
		t.Fatal(err)
	}
	if err := server.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	server.Close()
	wait(t, l, "the end", func() bool { return r.closed == 1 })
}
