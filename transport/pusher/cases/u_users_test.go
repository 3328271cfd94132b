package cases

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dormouse/transport/pusher"
)

var userCases = []numbered{
	{"U1", "what is sent to a user reaches all its connections", caseU1},
	{"U2", "signing in needs no switch", caseU2},
	{"U3", "a bad sign-in ends the connection", caseU3},
	{"U4", "who must say who it is has a time for that", caseU4},
	{"U5", "a user's connections can be ended", caseU5},
	{"U6", "a user's address is its own", caseU6},
	{"U7", "who is watched is told of", caseU7},
	{"U8", "a user's address is no channel", caseU8},
	{"U9", "who is signed in stays who it is", caseU9},
	{"U10", "members can be ended too", caseU10},
}

func caseU1(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two, other := s.connect(a), s.connect(a), s.connect(a)
	one.signedIn(`{"id":"42","user_info":{"name":"Ada"}}`)
	two.signedIn(`{"id":42}`)
	other.signedIn(`{"id":"43"}`)
	one.ask("#server-to-user-42", "", "")
	one.expect(subscribed("#server-to-user-42"))
	s.publish(a, "#server-to-user-42", "e", `{"x":1}`)
	s.publish(a, "#server-to-user-43", "e", `2`)
	one.expect(event("#server-to-user-42", "e", `{"x":1}`))
	two.expect(event("#server-to-user-42", "e", `{"x":1}`)) // subscribed or not
	other.expect(event("#server-to-user-43", "e", `2`))
	one.ping()
	two.ping()
}

func caseU2(t *testing.T) {
	a := newApp("a", map[string]any{"enableUserAuthentication": false})
	c := start(t, nil, a).connect(a)
	c.signIn(`{"id":"1"}`)
	c.expect(`{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"1\\\"}\"}"}`)
}

func caseU3(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.sendSignIn("a-key:"+strings.Repeat("0", 64), `{"id":"1"}`)
	c.refused(4009, "Connection not authorized.")
	c = s.connect(a)
	c.sendSignIn(a.auth(s.connect(a).id+`::user::{"id":"1"}`), `{"id":"1"}`)
	c.refused(4009, "Connection not authorized.")
	for _, data := range []string{`{}`, `{"id":""}`, `[]`, `x`} {
		c = s.connect(a)
		c.signIn(data)
		c.refused(4009, `The returned user data must contain the "id" field.`)
	}
}

func caseU4(t *testing.T) {
	a, b := newApp("a", map[string]any{"enableUserAuthentication": true}), newApp("b", nil)
	s := start(t, func(o *pusher.Options) { o.UserAuthenticationTimeout = 2 * time.Second }, a, b)
	signed, private, member, free := s.connect(a), s.connect(a), s.connect(a), s.connect(b)
	signed.signedIn(`{"id":"1"}`)
	private.subscribe("private-r")
	member.join("presence-r", "u", "1", "u", "1")
	idle, public, failed := s.connect(a), s.connect(a), s.connect(a) // after the others: when their time is over, so is that of those
	public.subscribe("room")
	failed.ask("private-r", "a-key:0", "")
	failed.expect(unauthorized("private-r"))
	for _, c := range []*client{idle, public, failed} {
		c.refused(4009, "Connection not authorized within timeout.")
	}
	for _, c := range []*client{signed, private, member, free} {
		c.ping()
	}
}

func caseU5(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	one, two, other := s.connect(a), s.connect(a), s.connect(a)
	one.signedIn(`{"id":"1"}`)
	two.signedIn(`{"id":"1"}`)
	other.signedIn(`{"id":"2"}`)
	s.call(a, "POST", "/apps/a/users/1/terminate_connections", `{}`).is(t, `{"ok":true}`)
	one.refused(4009, "You got disconnected by the app.")
	two.refused(4009, "You got disconnected by the app.")
	other.ping()
	s.call(a, "POST", "/apps/a/users/nobody/terminate_connections", `{}`).is(t, `{"ok":true}`)
}

func caseU6(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.ask("#server-to-user-9", a.auth(c.id+":#server-to-user-9"), "")
	c.expect(unauthorized("#server-to-user-9"))
	c.signedIn(`{"id":"8"}`)
	c.ask("#server-to-user-9", "", "")
	c.expect(unauthorized("#server-to-user-9"))
	c.subscribe("#server-to-user-8")
}

func caseU7(t *testing.T) {
	a, off := newApp("a", nil), newApp("off", map[string]any{"enableWatchlist": false})
	s := start(t, nil, a, off)
	seven, tab, watcher := s.connect(a), s.connect(a), s.connect(a)
	seven.signedIn(`{"id":"7"}`)
	watcher.signedIn(`{"id":"1","watchlist":["7","9"]}`)
	watcher.expect(watched(`"7"`, `"9"`))
	nine := s.connect(a)
	nine.signedIn(`{"id":"9"}`)
	watcher.expect(watched(`"9"`, ""))
	tab.signedIn(`{"id":"7"}`)
	seven.hangUp()
	tab.hangUp()
	watcher.expect(watched("", `"7"`))
	watcher.signedIn(`{"id":"1","watchlist":["7"]}`)
	watcher.expect(watched("", `"7"`))
	nine.hangUp()
	again := s.connect(a)
	again.signedIn(`{"id":"7"}`)
	watcher.expect(watched(`"7"`, "")) // and nothing of nine
	watcher.signedIn(`{"id":"1"}`)
	again.hangUp()
	watcher.ping()

	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf(`"%d"`, i))
	}
	greedy := s.connect(a)
	data := `{"id":"2","watchlist":[` + strings.Join(many, ",") + `]}`
	greedy.signIn(data)
	greedy.expect(errorFrame("", 4302, "Watchlist limit exceeded."), signedIn(data))

	c := s.connect(off)
	c.signedIn(`{"id":"1","watchlist":["7"]}`)
	c.ping()
}

func caseU8(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	c := s.connect(a)
	c.signedIn(`{"id":"1"}`)
	c.subscribe("#server-to-user-1")
	c.subscribe("#server-to-user-1")
	s.publish(a, "#server-to-user-1", "e", "1")
	c.expect(event("#server-to-user-1", "e", "1"))
	if got := s.get(a, "/channels"); got != `{"channels":{}}` {
		t.Error(got)
	}
	if got := s.get(a, "/channels/%23server-to-user-1"); got != `{"subscription_count":0,"occupied":false}` {
		t.Error(got)
	}
	s.call(a, "POST", "/apps/a/events", `{"name":"e","channel":"#server-to-user-1","data":1,"info":"subscription_count"}`).is(t,
		`{"ok":true,"channels":{"#server-to-user-1":{}}}`)
	c.expect(event("#server-to-user-1", "e", "1"))
	c.unsubscribe("#server-to-user-1")
	s.publish(a, "#server-to-user-1", "e", "2")
	c.expect(event("#server-to-user-1", "e", "2"))
}

func caseU9(t *testing.T) {
	a := newApp("a", nil)
	c := start(t, nil, a).connect(a)
	c.signedIn(`{"id":"1"}`)
	c.signedIn(`{"id":"1","user_info":{}}`)
	c.signIn(`{"id":"2"}`)
	c.refused(4009, "Connection not authorized.")
}

func caseU10(t *testing.T) {
	a := newApp("a", nil)
	s := start(t, nil, a)
	memberOf, signed, other := s.connect(a), s.connect(a), s.connect(a)
	memberOf.join("presence-r", "1", "1", "1", "1")
	signed.signedIn(`{"id":"1"}`)
	other.join("presence-x", "2", "2", "2", "2")
	s.call(a, "POST", "/apps/a/users/1/terminate_connections", `{}`).is(t, `{"ok":true}`)
	signed.refused(4009, "You got disconnected by the app.")
	memberOf.ping()
	s.call(a, "POST", "/apps/a/users/1/terminate_connections", `{}`, "scope=presence").is(t, `{"ok":true}`)
	memberOf.refused(4009, "You got disconnected by the app.")
	other.ping()
}
