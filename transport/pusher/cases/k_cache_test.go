package cases

import (
	"regexp"
	"testing"
	"time"

	"dormouse/transport/pusher"
)

var cacheCases = []numbered{
	{"K1", "a channel that has nothing says so", caseK1},
	{"K2", "one that has something tells it", caseK2},
	{"K3", "client events are not kept", caseK3},
	{"K4", "nothing is kept for ever", caseK4},
	{"K5", "four prefixes keep", caseK5},
	{"K6", "what is kept outlives the server", caseK6},
	{"K7", "backends can read what is kept", caseK7},
}

func caseK1(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	c.ask("cache-x", "", "")
	c.expect(subscribed("cache-x"), `{"event":"pusher:cache_miss","channel":"cache-x","data":"{}"}`)
}

func caseK2(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	s.publish(a, "cache-x", "e", `{ "n" : 1 }`)
	c.ask("cache-x", "", "")
	c.expect(subscribed("cache-x"), event("cache-x", "e", `{ "n" : 1 }`))
	s.publish(a, "cache-x", "f", `2`)
	c.expect(event("cache-x", "f", `2`))
	second := s.connect(a)
	second.ask("cache-x", "", "")
	second.expect(subscribed("cache-x"), event("cache-x", "f", `2`))
	c.ask("cache-x", "", "")
	c.expect(subscribed("cache-x"), event("cache-x", "f", `2`))
}

func caseK3(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.askSigned("private-cache-x", "")
	one.expect(subscribed("private-cache-x"), cacheMiss("private-cache-x"))
	one.trigger("private-cache-x", "client-x", "1")
	one.ping()
	two.askSigned("private-cache-x", "")
	two.expect(subscribed("private-cache-x"), cacheMiss("private-cache-x"))
}

func caseK4(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) { o.CacheTTL = time.Second }, a)
	s.publish(a, "cache-x", "e", "1")
	s.gets(a, "/channels/cache-x", `{"subscription_count":0,"occupied":false}`, "info=cache")
	c := s.connect(a)
	c.ask("cache-x", "", "")
	c.expect(subscribed("cache-x"), cacheMiss("cache-x"))
}

func caseK5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	for _, name := range []string{"cache-x", "private-cache-x", "private-encrypted-cache-x"} {
		s.publish(a, name, "e", "1")
		c.subscribe(name)
		c.expect(event(name, "e", "1"))
	}
	s.publish(a, "presence-cache-x", "e", "1")
	c.join("presence-cache-x", "u", "1", "u", "1")
	c.expect(event("presence-cache-x", "e", "1"))
}

func caseK6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	s.publish(a, "cache-x", "e", "1")
	s.restart()
	c := s.connect(a)
	c.subscribe("cache-x")
	c.expect(event("cache-x", "e", "1"))
}

func caseK7(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	if got := s.get(a, "/channels/cache-x", "info=cache"); got != `{"subscription_count":0,"occupied":false}` {
		t.Error(got)
	}
	s.publish(a, "cache-x", "e", `"{\"a\":1}"`)
	want := regexp.MustCompile(`^\{"subscription_count":0,"occupied":false,"cache":\{"data":"\{\\"a\\":1\}","ttl":3(600|59\d),"event":"e"\}\}$`)
	if got := s.get(a, "/channels/cache-x", "info=cache"); !want.MatchString(got) {
		t.Error(got)
	}
	if got := s.get(a, "/channels/cache-x"); got != `{"subscription_count":0,"occupied":false}` {
		t.Error(got)
	}
}
