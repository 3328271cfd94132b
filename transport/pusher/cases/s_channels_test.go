package cases

import (
	"fmt"
	"strings"
	"testing"
)

var channelCases = []numbered{
	{"S1", "a public channel is joined", caseS1},
	{"S2", "twice is once", caseS2},
	{"S3", "a private channel needs the right signature", caseS3},
	{"S4", "a signature is for one socket", caseS4},
	{"S5", "names have a length and a form", caseS5},
	{"S6", "a prefix counts at the beginning", caseS6},
	{"S8", "an event is for all but one", caseS8},
	{"S9", "data keeps its text", caseS9},
	{"S10", "everybody reads in one order", caseS10},
	{"S11", "who has left reads nothing", caseS11},
	{"S12", "subscribers are counted if the app wants it", caseS12},
	{"S13", "many subscribers are counted now and then", caseS13},
}

const nameRefused = "The channel name is not allowed. Read channel conventions: https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions"

func caseS1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.ask("room", "", "")
	c.expect(`{"event":"pusher_internal:subscription_succeeded","channel":"room","data":"{}"}`)
	s.publish(a, "room", "e", `"x"`)
	c.expect(`{"event":"e","channel":"room","data":"x"}`)
}

func caseS2(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("room")
	c.subscribe("room")
	s.gets(a, "/channels/room", `{"subscription_count":1,"occupied":true}`)
	s.publish(a, "room", "e", `1`)
	s.publish(a, "room", "e", `2`)
	c.expect(event("room", "e", `1`), event("room", "e", `2`))
	c.unsubscribe("room")
	s.gets(a, "/channels/room", `{"subscription_count":0,"occupied":false}`)
}

func caseS3(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.ask("private-a", "", "")
	c.expect(unauthorized("private-a"))
	c.ask("private-a", "a-key:"+strings.Repeat("0", 64), "")
	c.expect(unauthorized("private-a"))
	c.ask("private-a", "b-key:"+a.sign(c.id+":private-a"), "")
	c.expect(unauthorized("private-a"))
	c.ask("private-a", a.auth(c.id+":private-b"), "")
	c.expect(unauthorized("private-a"))
	c.subscribe("private-a")
	c.ask("private-b", a.auth(c.id+":private-b:data"), "data")
	c.expect(subscribed("private-b"))
}

func caseS4(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	two.ask("private-a", a.auth(one.id+":private-a"), "")
	two.expect(unauthorized("private-a"))
}

func caseS5(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	long := strings.Repeat("x", 201)
	c.ask(long, "", "")
	c.expect(notSubscribed(long, "LimitReached", "The channel name is longer than the allowed 200 characters.", 4009))
	c.ask("bad channel!", "", "")
	c.expect(notSubscribed("bad channel!", "InvalidChannel", nameRefused, 4009))
	c.ask("#room", "", "")
	c.expect(notSubscribed("#room", "InvalidChannel", nameRefused, 4009))
	c.ask("", "", "")
	c.expect(`{"event":"pusher:subscription_error","data":{"type":"InvalidChannel","error":"` + nameRefused + `","status":4009}}`)
	c.subscribe(long[:200])
	c.subscribe("-_=@,.;aZ09")
}

func caseS6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("my-private-thing")
	s.publish(a, "my-cache-thing", "e", `1`)
	c.subscribe("my-cache-thing")
	s.publish(a, "my-cache-thing", "e", `2`)
	c.expect(event("my-cache-thing", "e", `2`))
}

func caseS8(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	all := []*client{s.connect(a), s.connect(a), s.connect(a)}
	for _, c := range all {
		c.subscribe("room")
	}
	s.publishBody(a, fmt.Sprintf(`{"name":"e","channel":"room","data":1,"socket_id":%q}`, all[1].id))
	s.publish(a, "room", "e", `2`)
	all[0].expect(event("room", "e", `1`), event("room", "e", `2`))
	all[1].expect(event("room", "e", `2`))
	all[2].expect(event("room", "e", `1`), event("room", "e", `2`))
}

func caseS9(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("room")
	for _, data := range []string{`"{\"n\":12345678901234567890}"`, `{ "b":1, "a" : 12345678901234567890 }`, `1.50e3`, `[]`, `""`, `"\u00e9\/<>&"`, `false`} {
		s.publish(a, "room", "e", data)
		c.expect(event("room", "e", data))
	}
}

func caseS10(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	const readers, events = 10, 1000
	var all []*client
	for range readers {
		c := s.connect(a)
		c.subscribe("room")
		all = append(all, c)
	}
	for i := range events {
		s.publish(a, "room", "e", fmt.Sprint(i))
	}
	for _, c := range all {
		for i := range events {
			c.expect(event("room", "e", fmt.Sprint(i)))
		}
	}
}

func caseS11(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("room")
	c.subscribe("other")
	c.unsubscribe("room")
	s.gets(a, "/channels/room", `{"subscription_count":0,"occupied":false}`)
	s.publish(a, "room", "e", `1`)
	s.publish(a, "other", "e", `2`)
	c.expect(event("other", "e", `2`))
}

func caseS12(t *testing.T) {
	a := newApp("a", map[string]any{"enableSubscriptionCount": true})
	s := start(t, nil, a)
	first := s.connect(a)
	first.ask("room", "", "")
	first.expect(subscribed("room"), count("room", 1))
	second := s.connect(a)
	second.ask("room", "", "")
	second.expect(subscribed("room"), count("room", 2))
	third := s.connect(a)
	third.ask("room", "", "")
	third.expect(subscribed("room"), count("room", 3))
	second.unsubscribe("room")
	first.expect(count("room", 2), count("room", 3), count("room", 2))
	third.expect(count("room", 2))

	first.join("presence-p", "u", "1", "u", "1") // members are told otherwise
	first.ping()
}

func caseS13(t *testing.T) {
	a := newApp("a", map[string]any{"enableSubscriptionCount": true})
	s := start(t, nil, a)
	first := s.connect(a)
	first.ask("room", "", "")
	first.expect(subscribed("room"))
	for range 149 {
		s.connect(a).ask("room", "", "")
	}
	for i := range 100 {
		first.expect(count("room", i+1))
	}
	beyond := 0
	for last := ""; last != count("room", 150); beyond++ {
		last = first.next()
	}
	if beyond > 3 {
		t.Errorf("%d counts beyond 100", beyond)
	}
	s.publish(a, "room", "e", `1`)
	first.expect(event("room", "e", `1`))
}
