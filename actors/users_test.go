package actors_test

import (
	"errors"
	"testing"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

func signIn(t *testing.T, c *actorstest.Client, user string, watchlist ...string) *actorstest.Client {
	t.Helper()
	if err := c.Guest.SignIn(actors.SignIn{User: user, UserData: `{"id":"` + user + `"}`, Watchlist: watchlist}); err != nil {
		t.Fatal(err)
	}
	c.Expect(`signedIn {"id":"` + user + `"}`)
	return c
}

// TestUsersAreSent: cases U1, U5 and U6's address, which is no channel (U8).
func TestUsersAreSent(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		tenant := s.Tenant(shop)
		a, b := signIn(t, s.Visit(shop), "7"), signIn(t, s.Visit(shop), "7")
		other := signIn(t, s.Visit(shop), "8")
		nobody := s.Visit(shop)
		if err := a.Guest.Subscribe(actors.Join{Channel: "to-7", Quiet: true}); err != nil {
			t.Fatal(err)
		}
		a.Expect("subscribed to-7")
		e := actors.Event{Channel: "to-7", Name: "e", Data: []byte(`{"x":1}`)}
		if n := tenant.SendToUser("7", e); n != 2 {
			t.Errorf("%d read it", n)
		}
		a.Expect(`message to-7 e {"x":1}`)
		b.Expect(`message to-7 e {"x":1}`)
		other.ExpectNone()
		nobody.ExpectNone()
		if n := tenant.SendToUser("9", e); n != 0 {
			t.Errorf("%d read it", n)
		}
		if page, _ := tenant.Channels("", "", 10); len(page) != 0 || s.Stats().Awake != 0 {
			t.Errorf("%v, %d awake", page, s.Stats().Awake)
		}
		a.Guest.Unsubscribe("to-7")
		if n := a.Completed(); n != 3 {
			t.Errorf("%d commands were answered", n)
		}
		if err := other.Guest.SignIn(actors.SignIn{User: "7"}); !errors.Is(err, actors.ErrOtherUser) || other.Guest.User() != "8" {
			t.Error(err)
		}
		// Members who never signed in are ended too, if that is asked for.
		member := s.Visit(shop).Join("presence-r", "7")
		c := channel.Close{Code: 4009, Reason: "You got disconnected by the app."}
		if n := tenant.Terminate("7", false, c); n != 2 {
			t.Errorf("%d were closed", n)
		}
		a.ExpectClose(4009)
		b.ExpectClose(4009)
		member.ExpectOpen()
		if n := tenant.Terminate("7", true, c) + tenant.Terminate("7", true, c); n != 1 {
			t.Errorf("%d were closed", n)
		}
		member.ExpectClose(4009)
		other.ExpectOpen()
		nobody.ExpectOpen()
		if n := s.Tenant("pusher/none").Terminate("7", true, c); n != 0 {
			t.Errorf("%d were closed", n)
		}
	})
}

// TestWatchlists: case U7.
func TestWatchlists(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		seven := signIn(t, s.Visit(shop), "7")
		seven.ExpectNone()
		a := signIn(t, s.Visit(shop), "a", "7", "9", "7", "a")
		a.Expect("watch online=[7 a] offline=[9]")
		tab := signIn(t, s.Visit(shop), "7", "a")
		tab.Expect("watch online=[a] offline=[]")
		a.ExpectNone()
		nine := signIn(t, s.Visit(shop), "9", "a", "9")
		nine.Expect("watch online=[a 9] offline=[]")
		a.Expect("watch online=[9] offline=[]")
		seven.Hang()
		a.ExpectNone()
		tab.Hang()
		a.Expect("watch online=[] offline=[7]")
		// Signing in again is another watchlist, and nobody sees it.
		signIn(t, a, "a", "8")
		a.Expect("watch online=[] offline=[8]")
		nine.ExpectNone()
		nine.Hang()
		a.ExpectNone()
		signIn(t, a, "a").ExpectNone()
		signIn(t, s.Visit(shop), "8")
		a.ExpectNone()
		if n := a.Completed(); n != 3 {
			t.Errorf("%d commands were answered", n)
		}
	})
}
