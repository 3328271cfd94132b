package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dormouse/transport/pusher"
)

var callCases = []numbered{
	{"H1", "a call needs the app's signature over all of it", caseH1},
	{"H2", "and must be of now", caseH2},
	{"H3", "an unknown app is 404, a disabled one 403", caseH3},
	{"H4", "values may have any characters, escaped or not", caseH4},
	{"H5", "what is no event is 400", caseH5},
	{"H6", "events and batches have sizes", caseH6},
	{"H7", "a batch needs a batch", caseH7},
	{"H8", "a batch is all or nothing", caseH8},
	{"H9", "a publish answers with counts", caseH9},
	{"H10", "channels are listed", caseH10},
	{"H11", "a channel is told of", caseH11},
	{"H12", "members are listed", caseH12},
	{"H13", "reads are limited", caseH13},
	{"H14", "events are limited, and what is refused costs nothing", caseH14},
	{"H15", "a body has a size", caseH15},
	{"H16", "load balancers are answered", caseH16},
	{"H17", "what apps do is counted", caseH17},
}

const noSecret = "The secret authentication failed"

func caseH1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	const path, body = "/apps/a/events", `{"name":"e","channel":"room","data":1}`
	s.call(&app{"a", "a-key", "wrong", nil}, "POST", path, body).refuses(t, 401, noSecret)
	s.call(&app{"a", "b-key", "a-secret", nil}, "POST", path, body).refuses(t, 401, noSecret)
	good := signedTarget(a, "POST", path, body, time.Now())
	s.request("POST", good[:strings.Index(good, "&auth_signature")], body).refuses(t, 401, noSecret)
	s.request("POST", path, body).refuses(t, 401, noSecret)
	s.request("POST", good, strings.Replace(body, "1", "2", 1)).refuses(t, 401, noSecret)
	s.request("POST", strings.Replace(good, "/events", "/batch_events", 1), body).refuses(t, 401, noSecret)
	s.request("POST", good, body).is(t, `{"ok":true}`)
}

func caseH2(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	old := signedTarget(a, "GET", "/apps/a/channels", "", time.Now().Add(-11*time.Minute))
	s.request("GET", old, "").refuses(t, 401, "Timestamp expired: not within 600s of server time.")
	s.request("GET", signedTarget(a, "GET", "/apps/a/channels", "", time.Now().Add(11*time.Minute)), "").refuses(t, 401, "Timestamp expired: not within 600s of server time.")
	s = start(t, func(o *pusher.Options) { o.TimestampTolerance = -1 }, a)
	s.request("GET", old, "").is(t, `{"channels":{}}`)
}

func caseH3(t *testing.T) {
	a, off := newApp("a", nil), newApp("off", map[string]any{"enabled": false})
	s := start(t, nil, a, off)
	s.call(newApp("nobody", nil), "GET", "/apps/nobody/channels", "").refuses(t, 404, "The app nobody could not be found.")
	s.call(off, "GET", "/apps/off/channels", "").refuses(t, 403, "The app is not enabled.")
	s.call(off, "POST", "/apps/off/events", `{"name":"e","channel":"room","data":1}`).refuses(t, 403, "The app is not enabled.")
}

func caseH4(t *testing.T) {
	a := newApp("a b", nil)
	s := start(t, nil, a)
	for _, sent := range []string{"filter_by_prefix=a%20b%2Bc%25%2Cd", "filter_by_prefix=a+b%2Bc%25%2Cd"} {
		at := fmt.Sprint(time.Now().Unix())
		rest := "auth_key=a b-key&auth_timestamp=" + at + "&auth_version=1.0&filter_by_prefix="
		sentRest := "auth_key=a%20b-key&auth_timestamp=" + at + "&auth_version=1.0&"
		// signed before it was escaped, as most SDKs do
		signature := a.sign("GET\n/apps/a b/channels\n" + rest + "a b+c%,d")
		s.request("GET", "/apps/a%20b/channels?"+sentRest+sent+"&auth_signature="+signature, "").is(t, `{"channels":{}}`)
		// signed as it is sent
		signature = a.sign("GET\n/apps/a%20b/channels\n" + sentRest + sent)
		s.request("GET", "/apps/a%20b/channels?"+sentRest+sent+"&auth_signature="+signature, "").is(t, `{"channels":{}}`)
	}
}

func caseH5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	for _, body := range []string{`{"channel":"room","data":1}`, `{"name":"e","channel":"room"}`, `{"name":"e","data":1}`, `{"name":"e","data":1,"channels":[]}`,
		`{`, `[]`, `5`, `{"name":"e","channel":"room","data":null}`, `{"name":"e","channel":"bad channel!","data":1}`, `{"name":"pusher:error","channel":"room","data":1}`} {
		s.call(a, "POST", "/apps/a/events", body).refuses(t, 400, "The received data is incorrect")
	}
	s.call(a, "POST", "/apps/a/events", `{"name":"e","channel":"room","data":""}`).is(t, `{"ok":true}`)
}

func caseH6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	send := func(path, body string) result { return s.call(a, "POST", "/apps/a/"+path, body) }
	list := func(item string, n int) string { return "[" + strings.Repeat(item+",", n-1) + item + "]" }
	send("events", `{"name":"e","data":1,"channels":`+list(`"c"`, 101)+`}`).refuses(t, 400, "Cannot broadcast to more than 100 channels at once")
	send("events", `{"name":"`+strings.Repeat("x", 201)+`","data":1,"channel":"c"}`).refuses(t, 400, "Event name is too long. Maximum allowed size is 200.")
	send("events", `{"name":"e","data":"`+strings.Repeat("x", 101<<10)+`","channel":"c"}`).refuses(t, 413, "The event data should be less than 100 KB.")
	send("batch_events", `{"batch":`+list(`{"name":"e","data":1,"channel":"c"}`, 11)+`}`).refuses(t, 400, "Cannot batch-send more than 10 messages at once")
	send("events", `{"name":"e","data":1,"channels":`+list(`"c"`, 100)+`}`).is(t, `{"ok":true}`)
	send("batch_events", `{"batch":`+list(`{"name":"e","data":1,"channel":"c"}`, 10)+`}`).is(t, `{"ok":true}`)
}

func caseH7(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	for _, body := range []string{`{}`, `{"batch":{}}`, `{"batch":null}`, `[]`, `{"batch":[5]}`} {
		s.call(a, "POST", "/apps/a/batch_events", body).refuses(t, 400, "The received data is incorrect")
	}
	s.call(a, "POST", "/apps/a/batch_events", `{"batch":[]}`).is(t, `{"ok":true}`)
}

func caseH8(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("room")
	good := `{"name":"e","channel":"room","data":1}`
	s.call(a, "POST", "/apps/a/batch_events", `{"batch":[`+good+`,`+good+`,{"name":"e","channel":"room"}]}`).refuses(t, 400, "The received data is incorrect")
	s.call(a, "POST", "/apps/a/batch_events", `{"batch":[{"name":"f","channel":"room","data":1},{"name":"g","channel":"room","data":2}]}`).is(t, `{"ok":true}`)
	c.expect(event("room", "f", "1"), event("room", "g", "2"))
}

func caseH9(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two, tab := s.connect(a), s.connect(a), s.connect(a)
	one.join("presence-p", "u1", "1", "u1", "1")
	two.join("presence-p", "u2", "2", "u1", "1", "u2", "2")
	tab.join("presence-p", "u2", "2", "u1", "1", "u2", "2")
	one.expect(added("presence-p", "u2", "2"))
	one.subscribe("room")
	s.call(a, "POST", "/apps/a/events", `{"name":"e","data":1,"channels":["presence-p","room","empty"],"info":"user_count,subscription_count"}`).is(t,
		`{"ok":true,"channels":{"presence-p":{"user_count":2,"subscription_count":3},"room":{"subscription_count":1},"empty":{"subscription_count":0}}}`)
	s.call(a, "POST", "/apps/a/batch_events", `{"batch":[{"name":"e","data":1,"channel":"presence-p"},{"name":"e","data":1,"channel":"room","info":"subscription_count"}]}`).is(t,
		`{"ok":true,"batch":[{},{"subscription_count":1}]}`)
}

func caseH10(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.subscribe("room")
	one.join("presence-b", "u1", "1", "u1", "1")
	two.join("presence-b", "u1", "1", "u1", "1")
	two.join("presence-a", "u1", "1", "u1", "1")
	two.subscribe("gone")
	two.unsubscribe("gone")
	s.gets(a, "/channels", `{"channels":{"presence-a":{"subscription_count":1,"occupied":true},"presence-b":{"subscription_count":2,"occupied":true},"room":{"subscription_count":1,"occupied":true}}}`)
	s.gets(a, "/channels", `{"channels":{"room":{"subscription_count":1,"occupied":true}}}`, "filter_by_prefix=ro")
	s.gets(a, "/channels", `{"channels":{"presence-a":{"subscription_count":1,"occupied":true,"user_count":1},"presence-b":{"subscription_count":2,"occupied":true,"user_count":1}}}`,
		"filter_by_prefix=presence-", "info=user_count")
	s.call(a, "GET", "/apps/a/channels", "", "info=user_count").refuses(t, 400, "user_count is only available for presence channels")
	s.gets(a, "/channels", `{"channels":{"presence-b":{"subscription_count":2,"occupied":true}},"next":"presence-b"}`, "limit=1", "after=presence-a")
}

func caseH11(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("room")
	c.join("presence-p", "u", "1", "u", "1")
	for name, want := range map[string]string{
		"room": `{"subscription_count":1,"occupied":true}`, "presence-p": `{"subscription_count":1,"occupied":true,"user_count":1}`,
		"nothing": `{"subscription_count":0,"occupied":false}`, "presence-nothing": `{"subscription_count":0,"occupied":false,"user_count":0}`,
	} {
		if got := s.get(a, "/channels/"+name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func caseH12(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.join("presence-p", "z", `{"n":1}`, "z", `{"n":1}`)
	two.join("presence-p", "a", "", "z", `{"n":1}`, "a", `{}`)
	s.call(a, "GET", "/apps/a/channels/presence-p/users", "").is(t, `{"users":[{"id":"z"},{"id":"a"}]}`)
	s.call(a, "GET", "/apps/a/channels/presence-p/users", "", "with_user_info=1").is(t, `{"users":[{"id":"z","user_info":{"n":1}},{"id":"a","user_info":{}}]}`)
	s.call(a, "GET", "/apps/a/channels/presence-nothing/users", "").is(t, `{"users":[]}`)
	s.call(a, "GET", "/apps/a/channels/room/users", "").refuses(t, 400, "The channel must be a presence channel.")
}

func caseH13(t *testing.T) {
	a := newApp("a", map[string]any{"maxReadRequestsPerSecond": 2})
	s := start(t, nil, a)
	// A second may end among the three calls: then it is tried again.
	until(t, "the third call is refused", func() bool {
		var all [3]result
		for i := range all {
			all[i] = s.call(a, "GET", "/apps/a/channels", "")
		}
		if all[0].status != 200 || all[1].status != 200 || all[2].status != 429 {
			return false
		}
		for i, left := range []string{"1", "0", "0"} {
			if h := all[i].header; h.Get("X-RateLimit-Limit") != "2" || h.Get("X-RateLimit-Remaining") != left || h.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("call %d: %v", i, h)
			}
		}
		all[2].refuses(t, 429, "Too many requests.")
		return all[2].header.Get("Retry-After") == "1"
	}, func() string { return "it is not" })
	if r := s.call(a, "POST", "/apps/a/events", `{"name":"e","channel":"c","data":1}`); r.status != 200 || r.header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("an event: %d %v", r.status, r.header)
	}
}

func caseH14(t *testing.T) {
	a := newApp("a", map[string]any{"maxBackendEventsPerSecond": 2})
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("c")
	three := s.call(a, "POST", "/apps/a/events", `{"name":"e","channels":["a","b","c"],"data":1}`)
	three.refuses(t, 429, "Too many requests.")
	if h := three.header; h.Get("X-RateLimit-Remaining") != "2" || h.Get("Retry-After") != "1" {
		t.Errorf("headers %v", h)
	}
	s.call(a, "POST", "/apps/a/events", `{"name":"e","channels":["a","c"],"data":2}`).is(t, `{"ok":true}`)
	c.expect(event("c", "e", "2"))
}

func caseH15(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) { o.MaxBody = 1 << 10 }, a)
	s.request("POST", "/apps/a/events", strings.Repeat(" ", 1<<10+1)).refuses(t, 413, "The payload size is too big.")
}

func caseH16(t *testing.T) {
	s := start(t, func(o *pusher.Options) { o.Memory = func() (uint64, uint64) { return 50, 200 } }, newApp("a", nil))
	for path, want := range map[string]string{
		"/": "OK", "/ready": "OK", "/accept-traffic": `{"memory":{"usedSize":50,"totalSize":200,"percentUsage":25}}`,
	} {
		s.request("GET", path, "").is(t, want)
	}
	for _, path := range []string{"/metrics", "/usage", "/nothing", "/apps", "/app"} {
		if r := s.request("GET", path, ""); r.status != 404 || r.body != "" || r.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %s", path, r.status, r.body)
		}
	}
	if r := s.request("OPTIONS", "/apps/a/events", ""); r.status != 204 {
		t.Errorf("OPTIONS: %d", r.status)
	}
	if r := s.request("PUT", "/apps/a/events", ""); r.status != 405 || r.header.Get("Allow") != "POST" {
		t.Errorf("PUT: %d %v", r.status, r.header)
	}
}

func caseH17(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", map[string]any{"maxConnections": 1})
	s := start(t, nil, a, b)
	one, two := s.connect(a), s.connect(b)
	s.dial(b.key, "").refused(4100, "The current concurrent connections quota has been reached.")
	one.ping()
	s.publish(a, "room", "e", "1")
	_ = s.get(b, "/channels")
	s.request("GET", "/apps/a/channels", "") // unsigned
	got := s.handler.Stats()
	if len(got) != 2 || got[0].App != "a" || got[1].App != "b" {
		t.Fatalf("got %+v", got)
	}
	first, second := got[0], got[1]
	const ping, pong = `{"event":"pusher:ping","data":{}}`, `{"event":"pusher:pong","data":"{}"}`
	if first.Connected != 1 || first.Opened != 1 || first.Calls != 1 || first.FramesIn != 1 || first.FramesOut != 2 ||
		first.BytesIn != uint64(len(ping)) || first.BytesOut <= uint64(len(pong)) || first.CallBytes == 0 || first.SentBytes != uint64(len(`{"ok":true}`)) {
		t.Errorf("got %+v", first)
	}
	if second.Connected != 1 || second.Opened != 1 || second.Calls != 1 || second.CallBytes != 0 {
		t.Errorf("got %+v", second)
	}
	one.hangUp()
	two.hangUp()
	until(t, "nobody is connected", func() bool {
		got := s.handler.Stats()
		return got[0].Connected == 0 && got[1].Connected == 0 && got[0].Closed == 1 && got[1].Closed == 1
	}, func() string { return fmt.Sprintf("%+v", s.handler.Stats()) })
}
