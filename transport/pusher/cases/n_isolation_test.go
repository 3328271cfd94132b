package cases

import "testing"

var isolationCases = []numbered{
	{"N1", "channels of one name in two apps are two", caseN1},
	{"N2", "so are their members", caseN2},
	{"N3", "and what they keep", caseN3},
	{"N4", "users of one id in two apps are two", caseN4},
	{"N6", "a signature of one app is nothing in another", caseN6},
	{"N7", "ids may be anything", caseN7},
	{"N8", "one app's rate is not another's", caseN8},
}

func caseN1(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	ca, cb := s.connect(a), s.connect(b)
	ca.subscribe("room")
	cb.subscribe("room")
	s.publish(a, "room", "e", "1")
	s.publish(b, "room", "e", "2")
	ca.expect(event("room", "e", "1"))
	cb.expect(event("room", "e", "2"))
	ca.subscribe("private-r")
	cb.subscribe("private-r")
	ca.trigger("private-r", "client-x", "1")
	s.publish(b, "private-r", "e", "2")
	cb.expect(event("private-r", "e", "2"))
}

func caseN2(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	s.connect(a).join("presence-x", "u", "1", "u", "1")
	s.connect(b).join("presence-x", "u", "2", "u", "2")
	second := s.connect(b)
	second.join("presence-x", "v", "3", "u", "2", "v", "3")
	if got := s.get(a, "/channels/presence-x"); got != `{"subscription_count":1,"occupied":true,"user_count":1}` {
		t.Error(got)
	}
	if got := s.get(b, "/channels/presence-x"); got != `{"subscription_count":2,"occupied":true,"user_count":2}` {
		t.Error(got)
	}
}

func caseN3(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	s.publish(a, "cache-x", "e", "1")
	c := s.connect(b)
	c.ask("cache-x", "", "")
	c.expect(subscribed("cache-x"), cacheMiss("cache-x"))
}

func caseN4(t *testing.T) {
	a, b := newApp("a", nil), newApp("b", nil)
	s := start(t, nil, a, b)
	ca, cb, watcher := s.connect(a), s.connect(b), s.connect(b)
	watcher.signedIn(`{"id":"w","watchlist":["42"]}`)
	watcher.expect(watched("", `"42"`))
	ca.signedIn(`{"id":"42"}`)
	watcher.ping()
	cb.signedIn(`{"id":"42"}`)
	watcher.expect(watched(`"42"`, ""))
	s.publish(a, "#server-to-user-42", "e", "1")
	ca.expect(event("#server-to-user-42", "e", "1"))
	s.call(a, "POST", "/apps/a/users/42/terminate_connections", `{}`).is(t, `{"ok":true}`)
	ca.refused(4009, "You got disconnected by the app.")
	cb.ping()
	watcher.ping()
}

func caseN6(t *testing.T) {
	a := newApp("a", nil)
	b := &app{"b", "b-key", a.secret, nil} // as bad as it can be
	s := start(t, nil, a, b)
	c := s.connect(b)
	c.ask("private-r", a.auth(c.id+":private-r"), "")
	c.expect(unauthorized("private-r"))
	s.request("GET", "/apps/b/channels"+signedTarget(a, "GET", "/apps/a/channels", "", now())[len("/apps/a/channels"):], "").refuses(t, 401, noSecret)
}

func caseN7(t *testing.T) {
	list := []*app{newApp("a", nil), newApp("a/b", nil), newApp("a\x00b", nil), newApp("pusher/a", nil), {"other", "a", "s", nil}, {"a-key", "more", "s", nil}}
	s := start(t, nil, list...)
	clients := make([]*client, len(list))
	for i, a := range list {
		clients[i] = s.connect(a)
		clients[i].subscribe("room")
		clients[i].join("presence-r", a.key, "1", a.key, "1")
		clients[i].ask("cache-x", "", "")
		clients[i].expect(subscribed("cache-x"), cacheMiss("cache-x"))
	}
	for _, a := range list {
		r := s.call(a, "POST", "/apps/"+escaped(a.id)+"/events", `{"name":"e","channels":["room","cache-x"],"data":`+quoted(a.key)+`}`)
		r.is(t, `{"ok":true}`)
	}
	for i, a := range list {
		clients[i].expectBoth(event("room", "e", quoted(a.key)), event("cache-x", "e", quoted(a.key)))
		r := s.call(a, "GET", "/apps/"+escaped(a.id)+"/channels", "")
		r.is(t, `{"channels":{"cache-x":{"subscription_count":1,"occupied":true},"presence-r":{"subscription_count":1,"occupied":true},"room":{"subscription_count":1,"occupied":true}}}`)
	}
}

func caseN8(t *testing.T) {
	a, b := newApp("a", map[string]any{"maxBackendEventsPerSecond": 0, "maxConnections": 1}), newApp("b", nil)
	s := start(t, nil, a, b)
	s.connect(a)
	for range 5 {
		s.call(a, "POST", "/apps/a/events", `{"name":"e","channel":"room","data":1}`).refuses(t, 429, "Too many requests.")
		s.dial(a.key, "").refused(4100, "The current concurrent connections quota has been reached.")
	}
	c := s.connect(b)
	c.subscribe("room")
	s.publish(b, "room", "e", "1")
	c.expect(event("room", "e", "1"))
}
