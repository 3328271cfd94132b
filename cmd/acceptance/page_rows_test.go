package acceptance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// TestPageContract holds the server to what clients for browsers take for granted, row by row of the
// protocol's table. Every frame of every row is checked by the client itself as well; see [page].
func TestPageContract(t *testing.T) {
	s := serve(t, defaults())
	for _, row := range []struct {
		name string
		play func(t *testing.T, s *server)
	}{
		{"01 three paths, the token in the query, no subprotocol", row01},
		{"02 a token that has expired is not sent, and the next one opens", row02},
		{"03 connected is the first frame and no timer ends", row03},
		{"04 connected has objects, with nulls in them if there is nothing", row04},
		{"05 subscribed has objects and the real name", row05},
		{"06 what is sent before connected is read, in order", row06},
		{"06 with subscribe tokens the connection id comes first", row06Tokens},
		{"06 what is not bound is left and what is bound again is joined again", row06Again},
		{"07 both names of an alias", row07},
		{"08 unsubscribed has the channel", row08},
		{"09 members come whole", row09},
		{"10 a pong has no answer", row10},
		{"11 ALREADY_SUBSCRIBED carries the channel's name, NOT_SUBSCRIBED the name as sent", row11},
		{"11 refusals that bar a subscription until it is bound again", row11Barred},
		{"11 other codes leave a subscribe pending", row11Pending},
		{"12 a heartbeat has no answer", row12},
		{"14 single use tokens open once each", row14},
		{"15 suspended and resumed, bindings subscribe", row15},
		{"16 a message without data", row16},
		{"17 applications call over HTTP from any page", row17},
		{"18 messages are told by the real name", row18},
		{"19 storage, reactions and umd are plain events", row19},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.play(t, s)
		})
	}
}

func row01(t *testing.T, s *server) {
	for _, path := range []string{"/?token=", "/v1?token=", "/v1/?token="} {
		conn, err := s.dialWith(t.Context(), path+hs256.sign(string(connectToken(`{}`))), &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://page.example"}}})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := conn.Subprotocol(); got != "" {
			t.Errorf("%s: subprotocol %q, want none: browsers end a connection for that", path, got)
		}
		_ = conn.CloseNow()
	}
}

// The client looks at exp by itself, and asks its token function again; nothing of that reaches the server.
func row02(t *testing.T, s *server) {
	p := newPage(t, s, `{}`)
	tokens := []claims{claims(fmt.Sprintf(`{"exp":%d}`, in(-time.Minute))), `{}`}
	p.token = func() string {
		for {
			c := connectToken(tokens[0])
			tokens = tokens[1:]
			if decodeInto[struct{ Exp int64 }](t, []byte(c)).Exp > time.Now().Unix() {
				return hs256.sign(string(c))
			}
		}
	}
	p.start().untilGreeted()
	if p.dials != 1 || len(tokens) != 0 {
		t.Errorf("%d attempts, want one with the second token", p.dials)
	}
}

func row03(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r03.a":{"autoSubscribe":true},"r03.b":{"autoSubscribe":true},"r03":{"subscribe":true}}}`)
	p.hasty = true
	p.bind("r03")
	p.start()
	p.untilBelief("r03", subscribed)
	p.clock.advance(2 * pagePatience) // had connected not come, the timer would end the connection now
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil || p.opens != 1 {
		t.Errorf("%d open events, connection %v, want the first one to live", p.opens, p.conn != nil)
	}
	var order []string
	for _, f := range p.frames {
		if f.Event == "hotsock.subscribed" {
			order = append(order, *f.Channel)
		}
	}
	if got := strings.Join(order, " "); got != "r03.a r03.b r03" || len(p.automatic) != 2 {
		t.Errorf("subscribed: %s, %d by themselves", got, len(p.automatic))
	}
}

func row04(t *testing.T, s *server) {
	for _, c := range []struct {
		claims claims
		meta   string
	}{{`{}`, nobody}, {`{"uid":"u","umd":{"n":1}}`, `{"uid":"u","umd":{"n":1}}`}} {
		p := newPage(t, s, c.claims).start()
		p.untilGreeted()
		if got := string(p.heard("hotsock.connected").Meta); got != c.meta {
			t.Errorf("meta %s, want %s", got, c.meta)
		}
	}
}

func row05(t *testing.T, s *server) {
	p := newPage(t, s, `{"uid":"u","channels":{"r05":{"subscribe":true,"alias":"short"},"r05.plain":{"subscribe":true},"presence.r05":{"subscribe":true}}}`).start()
	for _, name := range []string{"short", "r05.plain", "presence.r05"} {
		p.bind(name)
	}
	p.clock.advance(pageLook)
	for _, name := range []string{"short", "r05.plain", "presence.r05"} {
		p.untilBelief(name, subscribed)
	}
	if p.real["short"] != "r05" || p.members["presence.r05"] != "u" {
		t.Errorf("aliases %v, members %v", p.real, p.members)
	}
}

func row06(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r06":{"subscribe":true,"messages":{"*":{"publish":true,"echo":true}}}}}`)
	p.hasty = true
	p.bind("r06")
	p.connect()
	p.send(`{"channel":"r06","event":"early","data":1}`)
	p.send(`{"event":"hotsock.unsubscribe","channel":"r06"}`)
	p.heard("hotsock.unsubscribed")
	var order []string
	for _, f := range p.frames {
		order = append(order, f.Event)
	}
	if got := strings.Join(order, " "); got != "hotsock.connected hotsock.subscribed early hotsock.unsubscribed" {
		t.Errorf("frames %s, want those of the order in which it was asked", got)
	}
}

func row06Tokens(t *testing.T, s *server) {
	p := newPage(t, s, `{}`)
	p.hasty = true
	p.subscribeToken = func(id, channel string) string {
		return hs256.sign(string(subscribeToken(claims(fmt.Sprintf(`{"connectionId":%q,"channels":{%q:{"subscribe":true}}}`, id, channel)))))
	}
	p.bind("r06.token")
	p.start().untilGreeted()
	p.clock.advance(pageLook)
	p.untilBelief("r06.token", subscribed)
}

func row06Again(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r06.auto":{"autoSubscribe":true},"r06.again":{"subscribe":true}}}`).start()
	p.bind("r06.again")
	p.clock.advance(pageLook)
	p.untilBelief("r06.again", subscribed)
	p.unbind("r06.again")
	p.clock.advance(pageLook)
	p.bind("r06.again") // while it is being unsubscribed, or just after
	p.clock.advance(pageLook)
	p.until("subscribed twice", func() bool { return p.count("hotsock.subscribed") == 3 && p.count("hotsock.unsubscribed") == 1 })
	if p.beliefs["r06.auto"] != subscribed {
		t.Error("a channel that was joined by itself is left because nobody is bound to it")
	}
}

func row07(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r07":{"subscribe":true,"alias":"me07"}}}`).start()
	for range 2 {
		p.bind("me07")
		p.clock.advance(pageLook)
		p.untilBelief("me07", subscribed)
		p.unbind("me07")
		p.clock.advance(pageLook) // it unsubscribes by the real name, and expects it back by that one
		p.until("unsubscribed", func() bool { return p.beliefs["me07"] == unsubscribed || p.beliefs["r07"] == unsubscribed })
		p.mu.Lock()
		clear(p.beliefs)
		p.mu.Unlock()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.count("hotsock.error"); n != 0 {
		t.Errorf("%d errors", n)
	}
}

func row08(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r08":{"autoSubscribe":true}}}`).start()
	p.untilBelief("r08", subscribed)
	p.send(`{"event":"hotsock.unsubscribe","channel":"r08"}`)
	p.untilBelief("r08", unsubscribed)
}

// An update is not taken in by that client; the next one to come or go brings the whole list.
func row09(t *testing.T, s *server) {
	join := func(uid string) *page {
		p := newPage(t, s, claims(fmt.Sprintf(`{"uid":%q,"channels":{"presence.r09":{"autoSubscribe":true}}}`, uid))).start()
		p.untilBelief("presence.r09", subscribed)
		return p
	}
	members := func(p *page, want string) {
		t.Helper()
		p.until("members "+want, func() bool { return p.members["presence.r09"] == want })
	}
	ann := join("ann")
	bob := join("bob")
	members(bob, "ann bob")
	members(ann, "ann bob")
	bob.send(fmt.Sprintf(`{"event":"hotsock.umdUpdate","channel":"presence.r09","data":{"token":%q}}`,
		hs256.sign(string(claims(`{"uid":"bob","umd":7,"channels":{"presence.r09":{"umdUpdate":true}}}`).completed("umd")))))
	updated := ann.heard("hotsock.memberUpdated")
	want := `{"member":{"uid":"bob","umd":7},"members":[{"uid":"ann","umd":null},{"uid":"bob","umd":7}]}`
	if string(updated.Data) != want {
		t.Errorf("memberUpdated has %s, want %s", updated.Data, want)
	}
	cid := join("cid")
	members(ann, "ann bob cid")
	bob.terminate()
	members(ann, "ann cid")
	members(cid, "ann cid")
}

func row10(t *testing.T, s *server) {
	p := newPage(t, s, `{}`).start()
	p.untilGreeted()
	p.send(`{"event":"hotsock.pong"}`)
	p.answered()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) != 2 {
		t.Errorf("%d frames, want connected and the pong of the ping that came after", len(p.frames))
	}
}

func row11(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"r11":{"subscribe":true,"alias":"me11"}}}`).start()
	p.bind("me11")
	p.clock.advance(pageLook)
	p.untilBelief("me11", subscribed)

	p.send(`{"event":"hotsock.subscribe","channel":"me11"}`)
	if f := p.heard("hotsock.error"); f.Error.Code != "ALREADY_SUBSCRIBED" || *f.Channel != "r11" {
		t.Errorf("subscribed again: %s", f.text)
	}
	p.untilBelief("me11", subscribed)

	// The application leaves behind the client's back, twice: the second answer makes the client try again.
	p.send(`{"event":"hotsock.unsubscribe","channel":"me11"}`)
	p.heard("hotsock.unsubscribed")
	p.send(`{"event":"hotsock.unsubscribe","channel":"me11"}`)
	p.until("NOT_SUBSCRIBED", func() bool { return p.count("hotsock.error") == 2 })
	if f := p.heard("hotsock.error"); f.Error.Code != "NOT_SUBSCRIBED" || *f.Channel != "me11" {
		t.Errorf("unsubscribed again: %s", f.text)
	}
	p.clock.advance(pageLook)
	p.untilBelief("me11", subscribed)

	// Even a message that is refused for that reason does.
	q := newPage(t, s, `{"channels":{"r11.b":{"subscribe":true,"messages":{"*":{"publish":true}}}}}`).start()
	q.untilGreeted()
	q.send(`{"channel":"r11.b","event":"e"}`)
	q.untilBelief("r11.b", unsubscribed)
	q.bind("r11.b")
	q.clock.advance(pageLook)
	q.untilBelief("r11.b", subscribed)
}

func row11Barred(t *testing.T, s *server) {
	p := newPage(t, s, `{"uid":"u"}`).start()
	p.bind("r11.denied")
	p.clock.advance(pageLook)
	p.untilBelief("r11.denied", barred)
	p.clock.advance(40 * pageLook)
	p.answered()
	p.mu.Lock()
	if n := p.count("hotsock.error"); n != 1 {
		t.Errorf("%d refusals, want one until it is bound again", n)
	}
	p.mu.Unlock()

	uid := "other"
	p.subscribeToken = func(_, channel string) string {
		return hs256.sign(string(subscribeToken(claims(fmt.Sprintf(`{"uid":%q,"channels":{%q:{"subscribe":true}}}`, uid, channel)))))
	}
	p.bind("r11.denied")
	p.clock.advance(pageLook)
	p.until("two refusals", func() bool { return p.count("hotsock.error") == 2 })
	if f := p.heard("hotsock.error"); f.Error.Code != "INVALID_SUBSCRIBE_TOKEN" || *f.Channel != "r11.denied" {
		t.Errorf("with another user's token: %s", f.text)
	}
	p.untilBelief("r11.denied", barred)
	uid = "u"
	p.bind("r11.denied")
	p.clock.advance(pageLook)
	p.untilBelief("r11.denied", subscribed)
}

func row11Pending(t *testing.T, s *server) {
	p := newPage(t, s, `{"channels":{"*":{"subscribe":true}}}`).start()
	p.bind("no name")
	p.bind("presence.r11") // without a uid
	p.clock.advance(pageLook)
	p.until("two refusals", func() bool { return p.count("hotsock.error") == 2 })
	p.clock.advance(40 * pageLook)
	p.answered()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.frames {
		if f.Event == "hotsock.error" && !slices.Contains([]string{"INVALID_CHANNEL", "PRESENCE_CHANNEL_USER_ID_REQUIRED"}, f.Error.Code) {
			t.Errorf("want a code that is not tried again, got %s", f.text)
		}
	}
	if n := p.count("hotsock.error"); n != 2 || p.beliefs["no name"] != pending || p.beliefs["presence.r11"] != pending {
		t.Errorf("%d refusals, %v", n, p.beliefs)
	}
}

func row12(t *testing.T, s *server) {
	p := newPage(t, s, `{"heartbeatTimeout":600}`)
	p.heartbeat = 5 * time.Second
	p.start().untilGreeted()
	p.clock.advance(time.Minute)
	p.answered()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) != 2 {
		t.Errorf("%d frames, want connected and a pong: heartbeats have no answer", len(p.frames))
	}
}
