package cases

import (
	"strings"
	"testing"
)

var clientEventCases = []numbered{
	{"L1", "a client event is for the others", caseL1},
	{"L2", "only on private and presence channels, by who is there", caseL2},
	{"L3", "the app can switch them off", caseL3},
	{"L4", "each connection has its rate", caseL4},
	{"L5", "names and data have a size", caseL5},
	{"L6", "they begin with client-", caseL6},
	{"L7", "the app can allow them on public channels", caseL7},
}

func caseL1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.subscribe("private-r")
	two.subscribe("private-r")
	one.trigger("private-r", "client-x", `{ "n" : 12345678901234567890 }`)
	two.expect(event("private-r", "client-x", `{ "n" : 12345678901234567890 }`))
	s.publish(a, "private-r", "e", "1")
	one.expect(event("private-r", "e", "1")) // and not its own
	two.expect(event("private-r", "e", "1"))

	one.join("presence-r", "u1", "1", "u1", "1")
	two.join("presence-r", "u2", "2", "u1", "1", "u2", "2")
	one.expect(added("presence-r", "u2", "2"))
	two.trigger("presence-r", "client-hi", `{"t":1}`)
	one.expect(`{"event":"client-hi","channel":"presence-r","data":{"t":1},"user_id":"u2"}`)
	two.send(`{"event":"client-nothing","channel":"presence-r"}`)
	one.expect(`{"event":"client-nothing","channel":"presence-r","data":null,"user_id":"u2"}`)
}

const (
	wrongKind = "Client event rejected - only supported on private and presence channels"
	noMember  = "The client is not a member of the specified channel."
)

func caseL2(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	for _, name := range []string{"room", "cache-r", "private-encrypted-r"} {
		one.askSigned(name, "")
		two.askSigned(name, "")
		one.expect(subscribed(name))
		two.expect(subscribed(name))
		if name == "cache-r" {
			one.expect(cacheMiss(name))
			two.expect(cacheMiss(name))
		}
		one.trigger(name, "client-x", "1")
		one.expect(errorFrame(name, 0, wrongKind))
	}
	two.subscribe("private-r")
	one.trigger("private-r", "client-x", "1")
	one.expect(errorFrame("private-r", 4009, noMember))
	one.subscribe("private-r")
	one.unsubscribe("private-r")
	one.trigger("private-r", "client-x", "1")
	one.expect(errorFrame("private-r", 4009, noMember))
	two.ping()
}

func caseL3(t *testing.T) {
	a := newApp("a", map[string]any{"enableClientMessages": false})
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("private-r")
	c.trigger("private-r", "client-x", "1")
	c.expect(errorFrame("private-r", 4301, "The app does not have client messaging enabled."))
}

func caseL4(t *testing.T) {
	const limited = "The rate limit for sending client events exceeded the quota."
	a, none := newApp("a", map[string]any{"maxClientEventsPerSecond": 2}), newApp("none", map[string]any{"maxClientEventsPerSecond": 0})
	s := start(t, nil, a, none)
	one, two := s.connect(a), s.connect(a)
	one.subscribe("private-r")
	two.subscribe("private-r")
	// A second may end among the four, and another two be let through: then it is tried again.
	for refused := 0; refused != 2; {
		refused = 0
		for range 4 {
			one.trigger("private-r", "client-x", "1")
		}
		one.send(`{"event":"pusher:ping"}`)
		for frame := one.next(); frame != `{"event":"pusher:pong","data":"{}"}`; frame = one.next() {
			if frame != errorFrame("private-r", 4301, limited) {
				t.Fatal(frame)
			}
			refused++
		}
		for range 4 - refused {
			two.expect(event("private-r", "client-x", "1"))
		}
	}
	two.trigger("private-r", "client-y", "2")
	one.expect(event("private-r", "client-y", "2"))

	c := s.connect(none)
	c.subscribe("private-r")
	c.trigger("private-r", "client-x", "1")
	c.expect(errorFrame("private-r", 4301, limited))
}

func caseL5(t *testing.T) {
	a := newApp("a", map[string]any{"maxEventPayloadInKb": 0.5})
	s := start(t, nil, a)
	c := s.connect(a)
	c.subscribe("private-r")
	c.trigger("private-r", "client-"+strings.Repeat("x", 194), "1")
	c.expect(errorFrame("private-r", 4301, "Event name is too long. Maximum allowed size is 200."))
	c.trigger("private-r", "client-x", `"`+strings.Repeat("x", 513)+`"`)
	c.expect(errorFrame("private-r", 4301, "The event data should be less than 0.5 KB."))
	c.trigger("private-r", "client-x", `"`+strings.Repeat("x", 512)+`"`)
	c.ping()
}

func caseL6(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	c.subscribe("private-r")
	c.trigger("private-r", "my-client-x", "1")
	c.expect(errorFrame("", 0, "Unsupported event received"))
}

func caseL7(t *testing.T) {
	a := newApp("a", map[string]any{"allowClientEventsOnPublic": true})
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.subscribe("room")
	two.subscribe("room")
	one.trigger("room", "client-x", "1")
	two.expect(event("room", "client-x", "1"))
	one.subscribe("private-encrypted-r")
	one.trigger("private-encrypted-r", "client-x", "1")
	one.expect(errorFrame("private-encrypted-r", 0, wrongKind))
}
