package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestStrictAWS meets every limit of the mode strict-aws from outside, and the same where only the mode is
// another.
func TestStrictAWS(t *testing.T) {
	strict := settings{"mode": "strict-aws"}
	fleet := newFleet(t)
	for _, limit := range []struct {
		name   string
		more   settings // beside the mode
		strict func(s *scene)
		compat func(s *scene)
	}{
		{"two hours of age", nil, ages(2*time.Hour, 0), ages(24*time.Hour, .05)},
		{"no end of age", settings{"limits.connection_age": "0s"}, ageless, ageless},
		{"frames of 32 KiB", nil, bigFrames(false), bigFrames(true)},
		{"messages of 128 KiB", nil, bigMessages(false), bigMessages(true)},
		{"addresses of 4,096 characters", nil, longAddress(false), longAddress(true)},
		{"data of 32 KiB", nil, bigData(413), bigData(202)},
		{"pages of 1,048,576 bytes", nil, longPages(32), longPages(40)},
		{"expiry in silence", nil, expiresInSilence, expiresInSilence},
		{"expiry told, since a key of its own says so", settings{"storage.notify_expiry": true}, expiresAloud, expiresAloud},
		{"idle connections", settings{"limits.idle_timeout": "1s"}, idles, idles},
	} {
		for mode, play := range map[string]func(s *scene){"strict": limit.strict, "compat": limit.compat} {
			t.Run(limit.name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				s := defaults().with(limit.more)
				if mode == "strict" {
					s = s.with(strict)
				}
				srv, err := fleet.server(s)
				if err != nil {
					t.Fatal(err)
				}
				play(newScene(t, srv))
			})
		}
	}
}

// greeted opens a connection and returns when its greeting says that it will end; nil: never.
func greeted(s *scene) *time.Time {
	s.t.Helper()
	conn, err := s.server.dial(s.t.Context(), "/v1?token="+hs256.sign(string(connectToken(`{}`))))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.CloseNow() }()
	_, frame, err := conn.Read(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var connected struct {
		Data struct{ ConnectionExpiresAt *time.Time }
	}
	if err := json.Unmarshal(frame, &connected); err != nil {
		s.t.Fatal(err)
	}
	return connected.Data.ConnectionExpiresAt
}

func ageless(s *scene) {
	if at := greeted(s); at != nil {
		s.t.Errorf("it ends at %v, want never", at)
	}
}

// ages: the greeting says when the connection will end, give or take a share of that.
func ages(want time.Duration, share float64) func(s *scene) {
	spread := time.Duration(share * float64(want))
	return func(s *scene) {
		at := greeted(s)
		if at == nil {
			s.t.Fatal("it does not say when it ends")
		}
		// However long the answer took, the clock of both ends is one.
		if left := time.Until(*at); left < want-spread-patience || left > want+spread {
			s.t.Errorf("it ends in %v, want %v give or take %v", left, want, spread)
		}
	}
}

// rawSocket is an open connection that has read its greeting.
func rawSocket(s *scene) *rawConn {
	s.t.Helper()
	c := dialRaw(s.t, s.server.addr)
	if _, err := io.WriteString(c, upgradeRequest(s.server.addr, "/v1?token="+hs256.sign(string(connectToken(`{}`))))); err != nil {
		s.t.Fatal(err)
	}
	if err := c.upgraded(); err != nil {
		s.t.Fatal(err)
	}
	c.frame(s, opText, `"event":"hotsock.connected"`)
	return c
}

// frame expects one that holds a text.
func (c *rawConn) frame(s *scene, opcode byte, holds string) {
	s.t.Helper()
	op, payload, err := c.next()
	if err != nil || op != opcode || !strings.Contains(string(payload), holds) {
		s.t.Fatalf("got %d %q, %v; want %d with %q", op, payload, err, opcode, holds)
	}
}

// ping is a frame of so many bytes that is answered.
func ping(size int) string {
	const frame = `{"event":"hotsock.ping","data":"%s"}`
	return fmt.Sprintf(frame, strings.Repeat("x", size-len(frame)+len("%s")))
}

// code1009 begins a close frame.
const code1009 = "\x03\xf1"

func (c *rawConn) sendAll(s *scene, frames ...wireFrame) {
	s.t.Helper()
	for _, f := range frames {
		if _, err := io.WriteString(c, f.String()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// bigFrames: one of 32 KiB is read, and one byte more closes unless more is allowed.
func bigFrames(more bool) func(s *scene) {
	return func(s *scene) {
		c := rawSocket(s)
		c.sendAll(s, wireFrame{opcode: opText, payload: ping(32 << 10)})
		c.frame(s, opText, `"event":"hotsock.pong"`)
		c.sendAll(s, wireFrame{opcode: opText, payload: ping(32<<10 + 1)})
		if more {
			c.frame(s, opText, `"event":"hotsock.pong"`)
		} else {
			c.frame(s, opClose, code1009+"frame too big")
		}
	}
}

// bigMessages is the same for 128 KiB, in frames of 32 KiB.
func bigMessages(more bool) func(s *scene) {
	parts := func(message string) []wireFrame {
		var frames []wireFrame
		for opcode := byte(opText); message != ""; opcode = opContinuation {
			n := min(len(message), 32<<10)
			frames = append(frames, wireFrame{opcode: opcode, payload: message[:n], more: n < len(message)})
			message = message[n:]
		}
		return frames
	}
	return func(s *scene) {
		c := rawSocket(s)
		c.sendAll(s, parts(ping(128<<10))...)
		c.frame(s, opText, `"event":"hotsock.pong"`)
		c.sendAll(s, parts(ping(128<<10+1))...)
		if more {
			c.frame(s, opText, `"event":"hotsock.pong"`)
		} else {
			c.frame(s, opClose, code1009+"message too big")
		}
	}
}

func longAddress(more bool) func(s *scene) {
	return func(s *scene) {
		path := "/v1?token=" + hs256.sign(string(connectToken(`{}`))) + "&pad="
		path += strings.Repeat("x", 4096-len(path))
		conn, err := s.server.dial(s.t.Context(), path)
		if err != nil {
			s.t.Fatalf("%d characters: %v", len(path), err)
		}
		_ = conn.CloseNow()
		conn, err = s.server.dial(s.t.Context(), path+"x")
		var r *refusal
		switch {
		case more && err != nil:
			s.t.Errorf("%d characters: %v", len(path)+1, err)
		case more:
			_ = conn.CloseNow()
		case !errors.As(err, &r) || r.status != 414 || r.code != "URL_TOO_LONG":
			s.t.Errorf("%d characters: %v, want 414 URL_TOO_LONG", len(path)+1, err)
		}
	}
}

func bigData(status int) func(s *scene) {
	return func(s *scene) {
		for size, want := range map[int]int{32 << 10: 202, 32<<10 + 1: status} {
			resp, err := s.server.publish(s.t.Context(), fmt.Sprintf(`{"channel":"big","event":"e","data":"%s"}`, strings.Repeat("x", size-2)))
			if err != nil || resp.status != want {
				s.t.Errorf("%d bytes: %v %.200s, want %d", size, err, resp, want)
			}
		}
	}
}

// longPages: of 40 messages of 32 KiB, so many are in the first page.
func longPages(want int) func(s *scene) {
	return func(s *scene) {
		a := s.connect("A", `{"channels":{"pages":{"subscribe":true,"historyStart":0}}}`)
		s.play(`
			A > sub pages
			A < subscribed pages`)
		for range 40 {
			s.answers(202, `"<any>"`)(s.server.publish(s.t.Context(), fmt.Sprintf(`{"channel":"pages","event":"e","store":60,"data":"%s"}`, strings.Repeat("x", 32<<10-2))))
		}
		resp, err := s.server.asConnection(s.t.Context(), a, "listMessages", `{"channel":"pages"}`)
		if err != nil || resp.status != 200 {
			s.t.Fatalf("%v, %.200s", err, resp)
		}
		var page struct{ Messages []struct{ ID string } }
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil || len(page.Messages) != want {
			s.t.Errorf("%d messages in a page, %v; want %d", len(page.Messages), err, want)
		}
	}
}

func expiresInSilence(s *scene) {
	expires(s, "silent")
	s.wait(2 * time.Second)
	s.play(`
		A ∅
		A > get silent k
		A < value silent k null null`)
}

func expiresAloud(s *scene) {
	expires(s, "aloud")
	s.play(`A < entry aloud k null null`)
}

// idles: nobody says anything, and the server pings in vain.
func idles(s *scene) {
	s.connect("A", `{}`).expectClose(websocket.StatusGoingAway)
}
