package acceptance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coder/websocket"
)

const slowConsumer = 4002

// case110: B takes nothing from its socket while 24 MiB are published to it. C, on the same channel, must
// get every message in order; A, who publishes, waits for C, so that only B can be slow.
func case110(s *scene) {
	s.connect("A", `{"channels":{"c110":{"messages":{"m":{"broadcast":true}}}}}`)
	s.connect("C", `{"channels":{"c110":{"autoSubscribe":true}}}`)
	s.play(`C < {"event":"hotsock.subscribed","channel":"c110","data":"<any>","meta":"<any>"}`)
	b := neverReads(s, `{"channels":{"c110":{"autoSubscribe":true}}}`)

	const messages = 768
	filler := strings.Repeat("f", 32<<10)
	for i := range messages {
		s.clients["A"].send(fmt.Sprintf(`{"event":"m","channel":"c110","data":[%d,%q]}`, i, filler))
		frame, err := s.clients["C"].next(patience)
		if err != nil {
			s.t.Fatalf("C, at message %d: %v", i, err)
		}
		if head := fmt.Sprintf(`"data":[%d,`, i); !strings.Contains(string(frame[:200]), head) {
			s.t.Fatalf("C gets %s, want %s", frame[:200], head)
		}
	}
	s.play(`
		A > ping
		A < pong
		C ∅`)

	code, got := b.drain(s)
	s.t.Logf("the slow reader got %d of %d messages, and code %d (0: cut)", got, messages, code)
	if code != slowConsumer && code != 0 {
		s.t.Errorf("the slow reader is closed with %d, want %d or a cut", code, slowConsumer)
	}
	if got >= messages {
		s.t.Errorf("the slow reader got all %d messages: it was not closed", got)
	}
}

// A lazy is a connection that somebody opened and does not read.
type lazy struct{ conn *websocket.Conn }

// neverReads opens a connection with a small receive buffer.
func neverReads(s *scene, c claims) lazy {
	s.t.Helper()
	conn, err := s.server.dialWith(s.t.Context(), "/v1?token="+hs256.sign(string(connectToken(c))), smallReceiver)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	return lazy{conn}
}

// drain reads what is left, at last, and returns the close code, 0 if there was none, and how many messages
// there were.
func (l lazy) drain(s *scene) (code websocket.StatusCode, messages int) {
	s.t.Helper()
	for {
		_, frame, err := l.conn.Read(s.t.Context())
		if err != nil {
			s.tr.add("B ends: %v", err)
			return max(0, websocket.CloseStatus(err)), messages
		}
		if strings.Contains(string(frame[:min(200, len(frame))]), `"event":"m"`) {
			messages++
		}
	}
}

// case112 connects as the official JavaScript client does (see case111): again after every close, at once the first time,
// then after a second that grows by half each time, with up to a second at random, at most 20 s; an open
// socket sets it back. Here a second has 50 ms. The client must not come to a hot loop, which it does if a
// socket is opened and then closed.
func case112(s *scene) {
	const second = 50 * time.Millisecond
	token := hs256.sign(string(connectToken(claims(fmt.Sprintf(`{"exp":%d}`, in(-time.Minute))))))
	attempts, opened := 0, 0
	wait := time.Duration(0)
	var waits []time.Duration
	for began := time.Now(); time.Since(began) < 40*second; {
		attempts++
		conn, err := s.server.dial(s.t.Context(), "/v1?token="+token)
		if err == nil {
			opened++
			wait = 0
			_ = conn.CloseNow()
		} else if r := (*refusal)(nil); !errors.As(err, &r) || r.status != 401 {
			s.t.Fatalf("attempt %d: %v, want 401", attempts, err)
		}
		s.wait(wait)
		waits = append(waits, wait)
		wait = min(20*second, max(second, wait+wait/2))
	}
	s.tr.add("waits %v", waits)
	if opened > 0 {
		s.t.Errorf("the socket was opened %d times: each sets the client's waiting back", opened)
	}
	if attempts > 10 {
		s.t.Errorf("%d attempts in the time of 40 s: the client does not wait longer and longer", attempts)
	}
}
