package cases

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dormouse/transport/pusher"
)

var connectionCases = []numbered{
	{"C1", "a client is greeted with its socket id", caseC1},
	{"C2", "an unknown key is told and closed with 4001", caseC2},
	{"C3", "a ping is answered", caseC3},
	{"C4", "a silent client is asked, and closed with 4201; one that answers pings stays", caseC4},
	{"C5", "of versions, bad ones are 4006, others 4007, none is fine", caseC5},
	{"C6", "malformed frames harm nobody, and too many of them their sender alone", caseC6},
	{"C7", "what is sent before the greeting is done after it", caseC7},
	{"C8", "a frame that is too large is closed with 1009", caseC8},
	{"C9", "a drain tells everybody, spread over its time", caseC9},
	{"C11", "a prefix stands before every path", caseC11},
	{"C12", "a disabled app is closed with 4003", caseC12},
	{"C13", "a full app is closed with 4100, and takes others when one leaves", caseC13},
	{"C14", "changes of an app hold for who is there", caseC14},
	{"C15", "origins are checked if the app lists them", caseC15},
}

func caseC1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.dial(a.key, "protocol=7&client=js&version=8.6.0&flash=false")
	frame := c.next()
	m := established.FindStringSubmatch(frame)
	if m == nil || m[2] != "30" {
		t.Fatal(frame)
	}
	if other := s.connect(a); other.id == m[1] {
		t.Error("two clients have one id")
	}
}

func caseC2(t *testing.T) {
	s := start(t, nil, newApp("a", nil))
	for _, key := range []string{"nobody's", "a", "a-key ", `"/\ü`} {
		s.dial(key, "protocol=7").refused(4001, "App key "+key+" does not exist.")
	}
}

func caseC3(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	c.ping()
	c.send(`{"event":"pusher:ping"}`)
	c.expect(`{"event":"pusher:pong","data":"{}"}`)
	c.send(`{"event":"pusher:pong","data":{}}`)
	c.ping()
}

func caseC4(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) {
		o.Sockets.PingInterval, o.Sockets.PongTimeout = 100*time.Millisecond, 2*time.Second
	}, a)
	const asked = `{"event":"pusher:ping","data":"{}"}`
	silent := s.peer(a.key)
	for i, want := range []string{"", asked, "", "\x10\x69Pong reply not received"} {
		if op, payload := silent.next(); i > 0 && (payload != want || op != []byte{1, 1, 9, 8}[i]) {
			t.Fatalf("frame %d is %x %q, want %q", i, op, payload, want)
		}
	}
	lively := s.connect(a) // which answers pings by itself
	for range 8 {
		lively.expect(asked)
	}
	lively.send(`{"event":"pusher:pong","data":{}}`)
}

func caseC5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	s.dial(a.key, "protocol=abc").refused(4006, "Invalid version string format")
	s.dial(a.key, "protocol=").refused(4006, "Invalid version string format")
	s.dial(a.key, "protocol=99").refused(4007, "Unsupported protocol version")
	s.dial(a.key, "").greeted()
	for _, version := range []string{"5", "6", "7"} {
		s.dial(a.key, "protocol="+version).greeted()
	}
}

func caseC6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	bystander, c := s.connect(a), s.connect(a)
	bystander.subscribe("room")
	malformed := errorFrame("", 0, "Invalid message format")
	frames := []string{"hello", "[]", "5", `{"event":5}`, `{"event":"pusher:subscribe"}`, `{"event":"pusher:subscribe","data":{"channel":5}}`,
		`{"event":"pusher:unsubscribe"}`, `{"event":"client-x"}`, `{"event":"pusher:signin"}`, strings.Repeat("[", 10_000)}
	for _, f := range frames {
		c.send(f)
		c.expect(malformed)
	}
	if err := c.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"event":"pusher:ping"}`)); err != nil {
		t.Fatal(err)
	}
	c.expect(`{"event":"pusher:pong","data":"{}"}`) // JSON is JSON
	c.send(`{"event":"pusher:none","data":{}}`)
	c.expect(errorFrame("", 0, "Unsupported event received"))
	c.subscribe("room")
	c.unsubscribe("nowhere")
	for range 20 - len(frames) {
		c.send("{")
		c.expect(malformed)
	}
	c.send("{")
	c.refused(4100, "Too many invalid messages.")
	s.publish(a, "room", "e", `1`)
	bystander.expect(event("room", "e", `1`))
}

func caseC7(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	p := s.peer(a.key, masked(1, `{"event":"pusher:subscribe","data":{"channel":"room"}}`)...)
	if _, payload := p.next(); established.FindString(payload) == "" {
		t.Errorf("first came %s", payload)
	}
	if _, payload := p.next(); payload != subscribed("room") {
		t.Errorf("then came %s", payload)
	}
}

func caseC8(t *testing.T) {
	small, large := newApp("small", map[string]any{"maxEventPayloadInKb": 1}), newApp("large", map[string]any{"maxEventPayloadInKb": 1000})
	s := start(t, nil, small, large)
	trigger := func(c *client, size int) {
		const head, tail = `{"event":"client-x","channel":"private-r","data":"`, `"}`
		frame := head + strings.Repeat("x", size-len(head)-len(tail)) + tail
		_ = c.conn.Write(t.Context(), websocket.MessageText, []byte(frame)) // which may be refused halfway
	}
	tooLarge := func(kb string) string {
		return errorFrame("private-r", 4301, "The event data should be less than "+kb+" KB.")
	}
	for _, tt := range []struct {
		app *app
		kb  int
	}{{small, 1}, {large, 1000}} {
		c := s.connect(tt.app)
		c.subscribe("private-r")
		trigger(c, (256+tt.kb)<<10)
		c.expect(tooLarge(fmt.Sprint(tt.kb)))
		trigger(c, (256+tt.kb)<<10+1)
		c.expectClose(1009, "message too big")
	}
}

func caseC9(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) { o.ShutdownGrace = 2 * time.Second }, a)
	var all []*client
	for range 100 {
		all = append(all, s.connect(a))
	}
	all[0].subscribe("room")
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s.handler.Drain(ctx, time.Hour, 1001, "going away")
	}()
	all[0].refused(4200, "Server closed. Please reconnect shortly.") // while others are still there
	late := s.dial(a.key, "protocol=7")
	for _, c := range all[1:] {
		c.refused(4200, "Server closed. Please reconnect shortly.")
	}
	late.refused(4200, "Server is closing. Please reconnect shortly.")
	<-over
	if got := s.handler.Stats(); len(got) != 1 || got[0].Connected != 0 || got[0].Opened != 100 {
		t.Errorf("afterwards %+v", got)
	}
	if r := s.request("GET", "/ready", ""); r.status != 500 {
		t.Errorf("ready says %d %s", r.status, r.body)
	}
}

func caseC11(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) { o.PathPrefix = "/rt" }, a)
	c := s.connect(a)
	c.subscribe("room")
	s.call(a, "POST", "/rt/apps/a/events", `{"name":"e","channel":"room","data":1}`).is(t, `{"ok":true}`)
	c.expect(event("room", "e", `1`))
	if r := s.call(a, "POST", "/apps/a/events", `{"name":"e","channel":"room","data":1}`); r.status != 404 || r.body != "" {
		t.Errorf("without the prefix: %d %s", r.status, r.body)
	}
}

func caseC12(t *testing.T) {
	a := newApp("a", map[string]any{"enabled": false})
	s := start(t, nil, a)
	s.dial(a.key, "protocol=7").refused(4003, "The app is not enabled.")
}

func caseC13(t *testing.T) {
	a := newApp("a", map[string]any{"maxConnections": 2})
	s := start(t, nil, a, newApp("b", nil))
	first, second := s.connect(a), s.connect(a)
	for range 3 {
		s.dial(a.key, "protocol=7").refused(4100, "The current concurrent connections quota has been reached.")
	}
	if got := s.handler.Stats()[0].Connected; got != 2 {
		t.Errorf("%d are connected", got)
	}
	s.connect(s.list[1])
	first.hangUp()
	until(t, "one is gone", func() bool { return s.handler.Stats()[0].Connected == 1 }, func() string { return fmt.Sprintf("%+v", s.handler.Stats()) })
	s.connect(a)
	second.ping()
}

func caseC14(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	c, other := s.connect(a), s.connect(b)
	c.subscribe("private-r")
	s.rewrite(a, map[string]any{"enableClientMessages": false})
	until(t, "client events are refused", func() bool {
		c.trigger("private-r", "client-x", "1")
		c.send(`{"event":"pusher:ping"}`)
		said := c.next()
		if said != `{"event":"pusher:pong","data":"{}"}` {
			c.expect(`{"event":"pusher:pong","data":"{}"}`)
		}
		return said == errorFrame("private-r", 4301, "The app does not have client messaging enabled.")
	}, func() string { return "they are not" })
	s.rewrite(a, map[string]any{"enabled": false})
	c.refused(4003, "The app is not enabled.")
	until(t, "newcomers are refused", func() bool { return strings.Contains(s.dial(a.key, "").next(), "4003") }, func() string { return "they are not" })
	s.rewrite(a, nil)
	until(t, "newcomers are let in", func() bool { return established.MatchString(s.dial(a.key, "").next()) }, func() string { return "they are not" })
	again := s.connect(a)
	s.remove(a)
	again.refused(4001, "App key a-key does not exist.")
	other.ping()
}

func caseC15(t *testing.T) {
	a := newApp("a", map[string]any{"allowedOrigins": []any{"https://good.example"}})
	s := start(t, nil, a)
	dial := func(origin string) *client {
		conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/app/"+a.key, &websocket.DialOptions{HTTPHeader: map[string][]string{"Origin": {origin}}})
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t: t, conn: conn, arrived: make(chan struct{}, 1)}
		t.Cleanup(func() { _ = conn.CloseNow() })
		go c.read()
		return c
	}
	dial("https://good.example").greeted()
	dial("https://GOOD.example:443").greeted()
	dial("https://evil.example").refused(4009, "Origin not allowed")
	dial("null").refused(4009, "Origin not allowed")
	s.connect(a) // no browser
}
