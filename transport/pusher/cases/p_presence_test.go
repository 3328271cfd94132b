package cases

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"dormouse/transport/pusher"
)

var presenceCases = []numbered{
	{"P1", "who joins reads the members", caseP1},
	{"P2", "others read who came", caseP2},
	{"P3", "a member's second connection is nobody new", caseP3},
	{"P4", "members are limited, and their further connections not counted", caseP4},
	{"P5", "a number is an id", caseP5},
	{"P6", "who says nothing usable of itself does not join", caseP6},
	{"P7", "who is signed in is the member", caseP7},
	{"P8", "a member's first info is shown", caseP8},
	{"P9", "whoever stays knows who is there", caseP9},
	{"P10", "who vanished is removed", caseP10},
	{"P11", "info has a size", caseP11},
}

const noData = "Invalid channel_data."

func caseP1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	s.connect(a).join("presence-r", "u1", `{"name":"One"}`, "u1", `{"name":"One"}`)
	s.connect(a).join("presence-x", "u1", "", "u1", `{}`)
}

func caseP2(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.join("presence-r", "u1", `{"name":"One"}`, "u1", `{"name":"One"}`)
	two.join("presence-r", "u2", `{"name":"Two"}`, "u1", `{"name":"One"}`, "u2", `{"name":"Two"}`)
	one.expect(added("presence-r", "u2", `{"name":"Two"}`))
	s.publish(a, "presence-r", "e", `1`)
	two.expect(event("presence-r", "e", `1`)) // and nothing of itself
	two.hangUp()
	one.expect(event("presence-r", "e", `1`), removed("presence-r", "u2"))
}

func caseP3(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, tab, second := s.connect(a), s.connect(a), s.connect(a)
	one.join("presence-r", "u1", "1", "u1", "1")
	tab.join("presence-r", "u2", "2", "u1", "1", "u2", "2")
	one.expect(added("presence-r", "u2", "2"))
	second.join("presence-r", "u2", "2", "u1", "1", "u2", "2")
	s.gets(a, "/channels/presence-r", `{"subscription_count":3,"occupied":true,"user_count":2}`)
	tab.hangUp()
	s.gets(a, "/channels/presence-r", `{"subscription_count":2,"occupied":true,"user_count":2}`)
	s.publish(a, "presence-r", "e", `1`)
	one.expect(event("presence-r", "e", `1`))
	second.expect(event("presence-r", "e", `1`))
	second.unsubscribe("presence-r")
	one.expect(removed("presence-r", "u2"))
}

func caseP4(t *testing.T) {
	a := newApp("a", map[string]any{"maxPresenceMembersPerChannel": 2})
	s := start(t, nil, a)
	one, two, three, tab := s.connect(a), s.connect(a), s.connect(a), s.connect(a)
	one.join("presence-r", "u1", "1", "u1", "1")
	two.join("presence-r", "u2", "2", "u1", "1", "u2", "2")
	three.askSigned("presence-r", member("u3", "3"))
	three.expect(notSubscribed("presence-r", "LimitReached", "The maximum members per presence channel limit was reached", 4100))
	tab.join("presence-r", "u1", "1", "u1", "1", "u2", "2")
	two.hangUp()
	one.expect(added("presence-r", "u2", "2"), removed("presence-r", "u2"))
	three.join("presence-r", "u3", "3", "u1", "1", "u3", "3")
}

func caseP5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two := s.connect(a), s.connect(a)
	one.join("presence-r", "a", "1", "a", "1")
	two.askSigned("presence-r", `{"user_id":7,"user_info":{}}`)
	two.expect(roster("presence-r", "a", "1", "7", "{}"))
	one.expect(added("presence-r", "7", "{}"))
	tab := s.connect(a)
	tab.join("presence-r", "7", "", "a", "1", "7", "{}")
	s.gets(a, "/channels/presence-r/users", `{"users":[{"id":"a"},{"id":"7"}]}`)
}

func caseP6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	for _, data := range []string{"x", "[]", `{"user_info":{}}`, `{"user_id":""}`, `{"user_id":null}`, ""} {
		c.askSigned("presence-r", data)
		c.expect(notSubscribed("presence-r", "AuthError", noData, 4009))
	}
	c.join("presence-r", "u", "1", "u", "1")
}

func caseP7(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	c.signedIn(`{"id":"ada","user_info":{"name":"Ada"}}`)
	c.askSigned("presence-r", "")
	c.expect(roster("presence-r", "ada", `{"name":"Ada"}`))
}

func caseP8(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	first, second := s.connect(a), s.connect(a)
	first.join("presence-r", "u", `"first"`, "u", `"first"`)
	second.join("presence-r", "u", `"second"`, "u", `"first"`)
	s.connect(a).join("presence-r", "v", "1", "u", `"first"`, "v", "1")
	first.expect(added("presence-r", "v", "1"))
	second.expect(added("presence-r", "v", "1"))
	first.askSigned("presence-r", member("u", `"again"`))
	first.expect(roster("presence-r", "u", `"first"`, "v", "1"))
}

// caseP9 lets many come and go at once. Each keeps the list that SDKs keep, from the first one and the changes.
func caseP9(t *testing.T) {
	a := newApp("a", map[string]any{"maxPresenceMembersPerChannel": 1000})
	s := start(t, nil, a)
	const clients, moves = 100, 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	var stayed []*client
	all := make([]*client, clients)
	for i := range all {
		all[i] = s.connect(a)
	}
	for i, c := range all {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 9))
			user := fmt.Sprint("u", r.IntN(clients/2)) // some have two tabs
			here := false
			for range moves {
				if here = !here; here {
					c.askSigned("presence-r", member(user, "1"))
				} else {
					c.unsubscribe("presence-r")
				}
				if r.IntN(10) == 0 {
					c.hangUp()
					return
				}
			}
			if !here {
				c.askSigned("presence-r", member(user, "1"))
			}
			mu.Lock()
			stayed = append(stayed, c)
			mu.Unlock()
		})
	}
	wg.Wait()
	// The last to come sees everybody, once those who hung up are gone.
	last := s.connect(a)
	last.askSigned("presence-r", member("last", "1"))
	until(t, "only those who stayed are counted", func() bool {
		return s.get(a, "/channels/presence-r") == fmt.Sprintf(`{"subscription_count":%d,"occupied":true,"user_count":%d}`, len(stayed)+1, users(s, a))
	}, func() string { return s.get(a, "/channels/presence-r") })
	s.publish(a, "presence-r", "over", "1")
	want := lookAround(last)
	var server struct{ Users []struct{ ID string } }
	if err := json.Unmarshal([]byte(s.get(a, "/channels/presence-r/users")), &server); err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, u := range server.Users {
		known = append(known, u.ID)
	}
	slices.Sort(known)
	if !slices.Equal(want, known) {
		t.Errorf("the last to come knows %v, the server %v", want, known)
	}
	for _, c := range stayed {
		if got := lookAround(c); !slices.Equal(got, want) {
			t.Errorf("somebody knows %v, others %v", got, want)
		}
	}
}

func users(s *server, a *app) int {
	var list struct{ Users []any }
	if err := json.Unmarshal([]byte(s.get(a, "/channels/presence-r/users")), &list); err != nil {
		s.t.Fatal(err)
	}
	return len(list.Users)
}

// lookAround reads as an SDK does, until the event over, and returns who is there.
func lookAround(c *client) []string {
	c.t.Helper()
	members := map[string]bool{}
	for {
		var f struct {
			Event string
			Data  any
		}
		if err := json.Unmarshal([]byte(c.next()), &f); err != nil {
			c.t.Fatal(err)
		}
		text, _ := f.Data.(string)
		switch f.Event {
		case "over":
			return slices.Sorted(maps.Keys(members))
		case "pusher_internal:subscription_succeeded":
			var d struct{ Presence struct{ IDs []string } }
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				c.t.Fatal(err)
			}
			clear(members)
			for _, id := range d.Presence.IDs {
				members[id] = true
			}
		case "pusher_internal:member_added", "pusher_internal:member_removed":
			var d struct {
				ID string `json:"user_id"`
			}
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				c.t.Fatal(err)
			}
			came := f.Event == "pusher_internal:member_added"
			if members[d.ID] == came {
				c.t.Errorf("%s of %s, who was that already", f.Event, d.ID)
			}
			if came {
				members[d.ID] = true
			} else {
				delete(members, d.ID)
			}
		default:
			c.t.Fatalf("got %+v", f)
		}
	}
}

func caseP10(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, func(o *pusher.Options) {
		o.Sockets.PingInterval, o.Sockets.PongTimeout = time.Second, time.Second
	}, a)
	vanished := s.peer(a.key) // it answers nothing
	_, greeting := vanished.next()
	id := established.FindStringSubmatch(greeting)[1]
	data := member("gone", "1")
	frame := fmt.Sprintf(`{"event":"pusher:subscribe","data":{"channel":"presence-r","channel_data":%s,"auth":%q}}`, quoted(data), a.auth(id+":presence-r:"+data))
	vanished.write(masked(1, frame))
	s.gets(a, "/channels/presence-r/users", `{"users":[{"id":"gone"}]}`)
	s.gets(a, "/channels/presence-r/users", `{"users":[]}`)
}

func caseP11(t *testing.T) {
	a := newApp("a", map[string]any{"maxPresenceMemberSizeInKb": 0.1})
	c := start(t, nil, a).connect(a)
	info := quoted(fmt.Sprintf("%200d", 0))
	c.askSigned("presence-r", member("u", info))
	c.expect(notSubscribed("presence-r", "LimitReached", "The maximum size for a channel member is 0.1 KB.", 4301))
}
