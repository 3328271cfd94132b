package pusher

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// recordedWire is a peer that reads nothing, and remembers what it was to read.
type recordedWire struct {
	mu   sync.Mutex
	said []string // frames, and closes as "4009 reason"
}

func (w *recordedWire) say(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, what)
}

func (w *recordedWire) Deliver(frame []byte, _ bool)  { w.say(string(frame)) }
func (w *recordedWire) Close(code int, reason string) { w.say(fmt.Sprint(code, " ", reason)) }
func (w *recordedWire) Outbox() (frames, bytes int)   { return 0, 0 }
func (w *recordedWire) Done() <-chan struct{}         { return nil }

// take returns what was said since it was asked last.
func (w *recordedWire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	said := w.said
	w.said = nil
	return said
}

// recordedGuest is the engine's end of a connection: it remembers what it was told, and answers nothing.
type recordedGuest struct {
	told   []any
	full   bool // of channels
	other  bool // somebody else is signed in
	closed int
}

type (
	left      string
	triggered struct{ channel, event, data string }
)

func (g *recordedGuest) Subscribe(r actors.Join) error {
	if g.full {
		return actors.ErrTooManyChannels
	}
	g.told = append(g.told, r)
	return nil
}

func (g *recordedGuest) Unsubscribe(name string) { g.told = append(g.told, left(name)) }
func (g *recordedGuest) Joined(name string) bool { return strings.HasPrefix(name, "private-") }
func (g *recordedGuest) Closed()                 { g.closed++ }
func (g *recordedGuest) ClientEvent(name, event string, data []byte) {
	g.told = append(g.told, triggered{name, event, string(data)})
}

func (g *recordedGuest) SignIn(u actors.SignIn) error {
	if g.other {
		return actors.ErrOtherUser
	}
	g.told = append(g.told, u)
	return nil
}

// newTestSocket returns the socket of a connection 1.2, whose other ends are the test's.
func newTestSocket(t testing.TB, app *claims.App) (*Socket, *recordedWire, *recordedGuest) {
	t.Helper()
	o := Options{MaxPending: 3, engine: &recorder{}, Apps: records{}}
	o.EnsureDefaults()
	apps := &presentApps{apps: o.Apps, engine: o.engine, tallies: new(tallies)}
	p, err := apps.enter(app)
	if err != nil {
		t.Fatal(err)
	}
	w, g := new(recordedWire), new(recordedGuest)
	s := newSocket(w, p, client{app: app, key: app.Key, socketID: "1.2"}, &o)
	s.guest = g
	return s, w, g
}

func TestTheEngineIsToldOfWhatMayBe(t *testing.T) {
	app := testApp()
	app.EnableSubscriptionCount = true
	s, w, g := newTestSocket(t, app)
	signed := func(name string) string {
		return fmt.Sprintf(`{"event":"pusher:subscribe","data":{"channel":%q,"auth":%q}}`, name, authOf(app, "1.2:"+name))
	}
	for _, tt := range []struct {
		frame string
		want  any
	}{
		{`{"event":"pusher:subscribe","data":{"channel":"room"}}`, actors.Join{Channel: "room", Count: true}},
		{`{"event":"pusher:subscribe","data":{"channel":"cache-room"}}`, actors.Join{Channel: "cache-room", Count: true, Cache: true}},
		{signed("private-a"), actors.Join{Channel: "private-a", Count: true}},
		{signed("private-encrypted-cache-a"), actors.Join{Channel: "private-encrypted-cache-a", Count: true, Cache: true}},
		{`{"event":"pusher:unsubscribe","data":{"channel":"no channel at all"}}`, left("no channel at all")},
		{`{"event":"client-x","channel":"private-a","data":{"a": 1}}`, triggered{"private-a", "client-x", `{"a": 1}`}},
		{fmt.Sprintf(`{"event":"pusher:signin","data":{"auth":%q,"user_data":%q}}`, authOf(app, `1.2::user::{"id":"7","user_info":1,"watchlist":["8"]}`), `{"id":"7","user_info":1,"watchlist":["8"]}`),
			actors.SignIn{User: "7", UserData: `{"id":"7","user_info":1,"watchlist":["8"]}`, Watchlist: []string{"8"}}},
		{`{"event":"pusher:subscribe","data":{"channel":"#server-to-user-7"}}`, actors.Join{Channel: "#server-to-user-7", Quiet: true}},
		{signed("presence-cache-a"), actors.Join{Channel: "presence-cache-a", Member: channel.Member{UID: "7", UMD: []byte("1")}, MaxMembers: 100, Cache: true}},
	} {
		s.Message([]byte(tt.frame))
		if len(g.told) != 1 || !reflect.DeepEqual(g.told[0], tt.want) {
			t.Errorf("%s\ntold %+v, want %+v", tt.frame, g.told, tt.want)
		}
		if said := w.take(); said != nil {
			t.Errorf("%s: the client was told %s", tt.frame, said)
		}
		g.told = nil
		s.Complete(1)
	}
	for _, frame := range []string{
		`{"event":"pusher:ping"}`, `{"event":"pusher:subscribe","data":{"channel":"private-b"}}`, `{"event":"client-x","channel":"room"}`,
		`{"event":"client-x","channel":"presence-b"}`, `{"event":"nothing"}`, `{`,
	} {
		s.Message([]byte(frame))
		if g.told != nil {
			t.Errorf("%s: told %+v", frame, g.told)
		}
		if said := w.take(); len(said) != 1 {
			t.Errorf("%s: the client was told %s", frame, said)
		}
	}
	s.Message([]byte(`{"event":"pusher:pong"}`))
	if said := w.take(); said != nil || g.told != nil {
		t.Errorf("a pong was answered with %s", said)
	}
}

// TestWhatTheEngineRefusesGivesItsPlaceBack: more than MaxPending of it must not stop the reader.
func TestWhatTheEngineRefusesGivesItsPlaceBack(t *testing.T) {
	app := testApp()
	s, w, g := newTestSocket(t, app)
	g.full = true
	for range 10 {
		s.Message([]byte(`{"event":"pusher:subscribe","data":{"channel":"room"}}`))
		want := `{"event":"pusher:subscription_error","channel":"room","data":{"type":"LimitReached","error":"The maximum of 10000 channels per connection was reached","status":4100}}`
		if said := w.take(); len(said) != 1 || said[0] != want {
			t.Fatalf("told %s", said)
		}
	}
	g.other = true
	s.Message(fmt.Appendf(nil, `{"event":"pusher:signin","data":{"auth":%q,"user_data":%q}}`, authOf(app, `1.2::user::{"id":"7"}`), `{"id":"7"}`))
	if said := w.take(); len(said) != 2 || said[1] != "4009 Connection not authorized." {
		t.Errorf("told %s", said)
	}
}

func TestSocketStopsReadingWhenTheEngineLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _, g := newTestSocket(t, testApp())
		waits := 0
		s.o.Listener.Waits = func(why string, on bool) {
			if why == WaitsForAnswers && on {
				waits++
			}
		}
		read := 0
		go func() {
			for range 10 {
				s.Message([]byte(`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`))
				read++
			}
		}()
		for _, step := range []struct{ complete, told int }{{0, 3}, {1, 4}, {3, 7}, {3, 10}} {
			s.Complete(step.complete)
			synctest.Wait()
			if len(g.told) != step.told {
				t.Errorf("the engine was told %d commands, want %d", len(g.told), step.told)
			}
		}
		if read != 10 || waits == 0 {
			t.Errorf("%d frames read, %d waits", read, waits)
		}
		s.Closed(1000, "")
		if g.closed != 1 {
			t.Error("the engine was not told of the end")
		}
	})
}

func TestSocketCloses(t *testing.T) {
	const terminated = `{"event":"pusher:error","data":{"code":4009,"message":"You got disconnected by the app."}}`
	for _, tt := range []struct {
		name string
		c    channel.Close
		want []string
	}{
		{"by the app", channel.Close{Code: 4009, Reason: "You got disconnected by the app."}, []string{terminated, "4009 You got disconnected by the app."}},
		{"by a server that stops", channel.CloseGoingAway, []string{`{"event":"pusher:error","data":{"code":4200,"message":"Server closed. Please reconnect shortly."}}`, "4200 Server closed. Please reconnect shortly."}},
		{"by a fault", channel.CloseInternal, []string{"1011 internal error"}},
	} {
		s, w, _ := newTestSocket(t, testApp())
		s.Close(tt.c)
		s.Close(channel.Close{Code: 4003, Reason: "too late"})
		if said := w.take(); !reflect.DeepEqual(said, tt.want) {
			t.Errorf("%s: got %s", tt.name, said)
		}
		if s.take() {
			t.Errorf("%s: there is still a place for a command", tt.name)
		}
	}
}

func TestWhoMustSayWhoItIs(t *testing.T) {
	const late = "4009 Connection not authorized within timeout."
	for name, tt := range map[string]struct {
		does func(s *Socket)
		ends bool
	}{
		"nothing": {func(*Socket) {}, true},
		"signing in": {func(s *Socket) {
			s.signIn(&signin{auth: authOf(s.client.app, `1.2::user::{"id":"7"}`), data: `{"id":"7"}`})
		}, false},
		"joining":           {func(s *Socket) { s.joined(nil) }, false},
		"being refused":     {func(s *Socket) { s.joined(errors.New("full")) }, true},
		"joining in public": {func(s *Socket) { s.subscribe(&subscribe{channel: "room"}) }, true},
		"asking to be let in": {func(s *Socket) {
			s.subscribe(&subscribe{channel: "private-a", auth: authOf(s.client.app, "1.2:private-a")})
		}, true},
		"leaving": {func(s *Socket) { s.Closed(1000, "") }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, w, g := newTestSocket(t, testApp())
			s.deadline = time.AfterFunc(time.Minute, s.expire)
			time.Sleep(59 * time.Second)
			tt.does(s)
			if name == "asking to be let in" {
				if join, ok := g.told[0].(actors.Join); !ok || join.Outcome == nil {
					t.Errorf("%s: the socket will not hear of it", name)
				}
			}
			time.Sleep(time.Hour)
			said := w.take()
			if ended := len(said) > 0 && said[len(said)-1] == late; ended != tt.ends {
				t.Errorf("%s: told %s", name, said)
			}
		})
	}
}
