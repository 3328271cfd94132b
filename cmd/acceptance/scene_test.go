package acceptance

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A scene is a test with some clients of one server.
type scene struct {
	t       testing.TB
	server  *server
	tr      *transcript
	clients map[string]*client
	vars    map[string]string // what "$x" stands for
}

func newScene(t testing.TB, s *server) *scene {
	return &scene{t: t, server: s, tr: newTranscript(t), clients: map[string]*client{}, vars: map[string]string{}}
}

// connect opens a connection with a connect token of these claims.
func (s *scene) connect(name string, c claims) *client {
	s.t.Helper()
	return s.connectWith(name, hs256.sign(string(connectToken(c))))
}

func (s *scene) connectWith(name, token string) *client {
	s.t.Helper()
	s.clients[name] = connect(s.t, s.server, s.tr, name, token)
	return s.clients[name]
}

// refuses holds if the upgrade is refused before it happens.
func (s *scene) refuses(token string, status int, code string) {
	s.t.Helper()
	conn, err := s.server.dial(s.t.Context(), "/v1?token="+token)
	var r *refusal
	switch {
	case err == nil:
		_ = conn.CloseNow()
		s.t.Fatalf("the token %s is accepted, want %d %s", token, status, code)
	case !errors.As(err, &r):
		s.t.Fatalf("the token %s: %v, want %d %s", token, err, status, code)
	case r.status != status || r.code != code:
		s.t.Fatalf("the token %s: %v, want %d %s", token, err, status, code)
	}
	s.tr.add("refused: %v", err)
}

// refusesClaims is refuses for claims that are signed as they should be.
func (s *scene) refusesClaims(c claims, status int, code string) {
	s.t.Helper()
	s.refuses(hs256.sign(string(connectToken(c))), status, code)
}

// accepts holds if a token opens a connection.
func (s *scene) accepts(token string) {
	s.t.Helper()
	connect(s.t, s.server, s.tr, "accepted", token).cut()
}

// subscribeWith keeps a subscribe token under a name, for "sub c with $name".
func (s *scene) subscribeWith(name string, c claims) {
	s.vars[name] = hs256.sign(string(subscribeToken(c)))
}

// play runs a script: a line is "A > frame" to send, "A < frame" to expect, or "A ∅" for silence. See
// [outgoing] and [incoming] for the short forms of frames.
func (s *scene) play(script string) {
	s.t.Helper()
	for line := range strings.Lines(script) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		c := s.clients[name]
		if c == nil {
			s.t.Fatalf("nobody is called %q in %q", name, line)
		}
		what, frame, _ := strings.Cut(rest, " ")
		switch what {
		case ">":
			frame = s.outgoing(frame)
			c.unjudged = append(c.unjudged, frame)
			c.send(frame)
		case "<":
			c.expect(incoming(frame), s.vars)
		case "∅":
			c.expectNone()
		default:
			s.t.Fatalf("%q is no line of a script", line)
		}
	}
}

// expectEach expects one frame for each channel, in any order; "" is the one without a channel.
func (s *scene) expectEach(name string, want map[string]string) {
	s.t.Helper()
	for range len(want) {
		frame := s.clients[name].expect(`"<any>"`, s.vars)
		var of struct{ Channel string }
		if err := json.Unmarshal(frame, &of); err != nil {
			s.t.Fatal(err)
		}
		p, ok := want[of.Channel]
		if !ok {
			s.t.Fatalf("%s gets %s, want nothing more of %q", name, frame, of.Channel)
		}
		if err := pattern(p).match(frame, s.vars); err != nil {
			s.t.Fatalf("%s: %v\ngot  %s\nwant %s", name, err, frame, p)
		}
		delete(want, of.Channel)
	}
}

// outgoing writes a short form out:
//
//	sub c · sub c with $S · unsub c · pub c event data · set c key data · get c key · ping · heartbeat
//	umd c with $U · umd with $U
//
// A frame that begins with { stands for itself.
func (s *scene) outgoing(frame string) string {
	w := append(strings.SplitN(frame, " ", 4), "", "", "")
	switch w[0] {
	case "sub":
		if w[2] == "with" {
			token := s.vars[strings.TrimPrefix(w[3], "$")]
			return fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%s,"data":{"token":%q}}`, text(w[1]), token)
		}
		return fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%s}`, text(w[1]))
	case "unsub":
		return fmt.Sprintf(`{"event":"hotsock.unsubscribe","channel":%s}`, text(w[1]))
	case "pub":
		return fmt.Sprintf(`{"event":%s,"channel":%s,"data":%s}`, text(w[2]), text(w[1]), w[3])
	case "set":
		return fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":%s,"key":%s,"data":%s}`, text(w[1]), text(w[2]), w[3])
	case "get":
		return fmt.Sprintf(`{"event":"hotsock.channelStorageGet","channel":%s,"key":%s}`, text(w[1]), text(w[2]))
	case "umd":
		name, _, _ := strings.Cut(frame[len("umd "):], "with $")
		if name = strings.TrimSpace(name); name != "" {
			name = `"channel":` + text(name) + `,`
		}
		_, token, _ := strings.Cut(frame, "with $")
		return fmt.Sprintf(`{"event":"hotsock.umdUpdate",%s"data":{"token":%q}}`, name, s.vars[token])
	case "ping", "heartbeat":
		return fmt.Sprintf(`{"event":"hotsock.%s"}`, w[0])
	}
	return frame
}

// nobody is the meta of who has neither uid nor umd.
const nobody = `{"uid":null,"umd":null}`

// incoming writes a short form out:
//
//	subscribed c [meta] · unsubscribed c [meta] · error CODE [channel] · pong
//	message c event data [meta] · entry c key data meta · value c key data meta
//
// The meta of subscribed and unsubscribed is nobody's if it is left out; a message without one must not
// have one. A frame that begins with { stands for itself.
func incoming(frame string) pattern {
	w := append(strings.SplitN(frame, " ", 5), "", "", "", "")
	system := func(event, key, data, meta string) pattern {
		if key != "" {
			key = `,"key":` + text(key)
		}
		return pattern(fmt.Sprintf(`{"event":"hotsock.%s","channel":%s%s,"data":%s,"meta":%s}`, event, text(w[1]), key, data, meta))
	}
	switch w[0] {
	case "subscribed", "unsubscribed":
		meta := w[2]
		if meta == "" {
			meta = nobody
		}
		return system(w[0], "", "{}", meta)
	case "error":
		channel := ""
		if w[2] != "" {
			channel = `"channel":` + text(w[2]) + `,`
		}
		return pattern(fmt.Sprintf(`{"event":"hotsock.error",%s"error":{"code":%q,"message":"<string>"}}`, channel, w[1]))
	case "message":
		meta := ""
		if w[4] != "" {
			meta = `,"meta":` + w[4]
		}
		return pattern(fmt.Sprintf(`{"id":"<ulid>","event":%s,"channel":%s,"data":%s%s}`, text(w[2]), text(w[1]), w[3], meta))
	case "entry":
		return system("channelStorageUpdated", w[2], w[3], w[4])
	case "value":
		return system("channelStorageData", w[2], w[3], w[4])
	case "pong":
		return `{"event":"hotsock.pong","data":"{}"}`
	}
	return pattern(frame)
}

// text writes a JSON string.
func text(s string) string { return string(must(json.Marshal(s))) }

// answers holds if an HTTP answer has this status and body.
func (s *scene) answers(status int, body pattern) func(response, error) {
	return func(got response, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
		s.tr.add("HTTP %s", got)
		if got.status != status {
			s.t.Fatalf("HTTP %s, want %d %s", got, status, body)
		}
		if err := body.match([]byte(got.body), s.vars); err != nil {
			s.t.Fatalf("%v\ngot  %s\nwant %s", err, got.body, body)
		}
	}
}

// wait lets time pass that a rule of the protocol counts.
func (s *scene) wait(d time.Duration) { _ = pause(s.t.Context(), d) }
