package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// echo is a server of another make that sends back what it gets; "close" makes it close.
func echo(t *testing.T) netip.AddrPort {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("token") != "right" {
			http.Error(w, "no such token", http.StatusUnauthorized)
			return
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ws.SetReadLimit(1 << 20)
		for {
			kind, data, err := ws.Read(r.Context())
			switch {
			case err != nil:
				return
			case string(data) == "close":
				ws.Close(4002, "too slow")
				return
			case string(data) == "fragments":
				m, _ := ws.Writer(r.Context(), kind)
				_, _ = m.Write([]byte("frag"))
				_, _ = m.Write([]byte("ments"))
				err = m.Close()
			default:
				err = ws.Write(r.Context(), kind, data)
			}
			if err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(strings.TrimPrefix(s.URL, "http://"))
}

// A recorder notes what a connection is told.
type recorder struct {
	conn   *Conn
	open   bool
	frames []string
	closed int
	err    error
	reply  func(payload string) string // "": none
}

func (r *recorder) Open(c *Conn) { r.conn, r.open = c, true }

func (r *recorder) Frame(c *Conn, payload []byte, _ int64) {
	r.frames = append(r.frames, string(payload))
	if r.reply != nil {
		if text := r.reply(string(payload)); text != "" {
			c.Send([]byte(text))
		}
	}
}

func (r *recorder) Closed(_ *Conn, err error) { r.closed, r.err = r.closed+1, err }

func newLoop(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func wait(t *testing.T, l *Loop, what string, cond func() bool) {
	t.Helper()
	if err := l.Wait(t.Context(), 10*time.Second, what, cond); err != nil {
		t.Fatal(err)
	}
}

func TestEverySizeOfMessageComesBackAsItWas(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=right"}, r); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "open", func() bool { return r.open && l.Pending() == 0 })
	var sent []string
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 52, 53, 124, 125, 126, 127, 65535, 65536, 300_000, 700_000} {
		text := strings.Repeat("abcdefghijk", n/11+1)[:n]
		sent = append(sent, text)
		r.conn.Send([]byte(text))
	}
	wait(t, l, "all of them back", func() bool { return len(r.frames) == len(sent) || r.closed > 0 })
	for i := range sent {
		if i >= len(r.frames) || r.frames[i] != sent[i] {
			t.Fatalf("message %d of %d bytes came back changed, or not (%v)", i, len(sent[i]), r.err)
		}
	}
}

func TestManyConnectionsPlayPingPong(t *testing.T) {
	const conns, rounds = 300, 20
	l, addr := newLoop(t), echo(t)
	l.Spin()
	all := make([]*recorder, conns)
	for i := range all {
		r := &recorder{}
		r.reply = func(string) string {
			if len(r.frames) < rounds {
				return fmt.Sprintf("%d.%d", i, len(r.frames))
			}
			return ""
		}
		all[i] = r
		if _, err := l.Dial(addr, &WebSocket{Target: "/?token=right"}, r); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, l, "open", func() bool { return l.Pending() == 0 })
	for i, r := range all {
		r.conn.Send(fmt.Appendf(nil, "%d.0", i))
	}
	wait(t, l, "all rounds", func() bool {
		for _, r := range all {
			if len(r.frames) < rounds {
				return false
			}
		}
		return true
	})
	for i, r := range all {
		for j, text := range r.frames {
			if text != fmt.Sprintf("%d.%d", i, j) {
				t.Fatalf("connection %d got %q as its frame %d", i, text, j)
			}
		}
	}
}

func TestFragmentsAreOneMessage(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=right"}, r); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "open", func() bool { return r.open })
	r.conn.Send([]byte("fragments"))
	wait(t, l, "the message", func() bool { return len(r.frames) > 0 })
	if r.frames[0] != "fragments" {
		t.Fatalf("got %q", r.frames)
	}
}

func TestARefusedUpgradeIsToldWithItsWords(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=wrong"}, r); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "the end", func() bool { return r.closed > 0 })
	if r.open || r.err == nil || !strings.Contains(r.err.Error(), "401") || !strings.Contains(r.err.Error(), "no such token") {
		t.Fatalf("open %t, %v", r.open, r.err)
	}
	if l.Pending() != 0 {
		t.Fatalf("%d still connecting", l.Pending())
	}
}

func TestNobodyListens(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	s := httptest.NewServer(http.NotFoundHandler())
	addr := netip.MustParseAddrPort(strings.TrimPrefix(s.URL, "http://"))
	s.Close()
	if _, err := l.Dial(addr, &WebSocket{Target: "/"}, r); err != nil {
		return // refused at once
	}
	wait(t, l, "the end", func() bool { return r.closed > 0 })
	if r.err == nil {
		t.Fatal("a connect to nobody succeeded")
	}
}

func TestTheServersCloseIsToldOnceWithItsCode(t *testing.T) {
	l, r := newLoop(t), &recorder{}
	if _, err := l.Dial(echo(t), &WebSocket{Target: "/?token=right"}, r); err != nil {
		t.Fatal(err)
	}
	wait(t, l, "open", func() bool { return r.open })
	r.conn.Send([]byte("close"))
	wait(t, l, "the end", func() bool { return r.closed > 0 })
	var closed *CloseError
	if !errors.As(r.err, &closed) || closed.Code != 4002 || closed.Reason != "too slow" {
		t.Fatalf("got %v", r.err)
	}
	r.conn.Send([]byte("more"))
	r.conn.Close()
	if err := l.Run(t.Context(), func(int64) (int64, bool) { return 0, true }); err != nil || r.closed != 1 {
		t.Fatalf("told %d times (%v)", r.closed, err)
	}
}

func TestACancelledRunEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newLoop(t).Run(ctx, func(int64) (int64, bool) { return 0, false }); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}
