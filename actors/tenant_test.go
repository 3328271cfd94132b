package actors_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

const shop = "pusher/shop"

// publishTo publishes events, each as "channel name data".
func publishTo(t *testing.T, tenant actors.Tenant, events ...string) []actors.Counts {
	t.Helper()
	var list []actors.Event
	for _, e := range events {
		words := strings.SplitN(e, " ", 3)
		list = append(list, actors.Event{Channel: words[0], Name: words[1], Data: []byte(words[2])})
	}
	counts, err := tenant.Publish(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// TestGuestsMeet: cases P1 to P4, P8, S2, S11 and L1 of the Pusher protocol.
func TestGuestsMeet(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		room := func(c *actorstest.Client, user, info string) *actorstest.Client {
			r := actors.Join{Channel: "presence-r", Member: channel.Member{UID: user, UMD: []byte(info)}, MaxMembers: 2}
			if err := c.Guest.Subscribe(r); err != nil {
				t.Fatal(err)
			}
			return c
		}
		ann := room(s.Visit(shop), "ann", `{"n":1}`)
		ann.Expect(`subscribed presence-r uid=ann umd={"n":1} members=[ann={"n":1}]`)
		bob := room(s.Visit(shop), "bob", `2`)
		bob.Expect(`subscribed presence-r uid=bob umd=2 members=[ann={"n":1} bob=2]`)
		ann.Expect("added presence-r member=bob=2")
		tab := room(s.Visit(shop), "bob", `3`)
		tab.Expect(`subscribed presence-r uid=bob umd=3 members=[ann={"n":1} bob=2]`)
		ann.ExpectNone()
		room(s.Visit(shop), "cid", `1`).Expect("error presence-r PRESENCE_CHANNEL_CAPACITY_REACHED subscribe")
		room(ann, "ann", `{"n":2}`).Expect(`subscribed presence-r uid=ann umd={"n":1} members=[ann={"n":1} bob=2]`)
		if c := s.Tenant(shop).Counts("presence-r"); c != (actors.Counts{Subscriptions: 3, Members: 2}) {
			t.Errorf("%+v", c)
		}
		if connections, channels := s.Tenant(shop).Size(); connections != 4 || channels != 1 {
			t.Errorf("%d connections, %d channels", connections, channels)
		}
		if connections, channels := s.Tenant("pusher/nobody").Size(); connections != 0 || channels != 0 {
			t.Errorf("of nobody: %d connections, %d channels", connections, channels)
		}
		if list, err := s.Tenant(shop).Members(t.Context(), "presence-r"); err != nil || len(list) != 2 || list[0].UID != "ann" || list[1].UID != "bob" {
			t.Errorf("%+v %v", list, err)
		}
		tab.Guest.ClientEvent("presence-r", "client-hi", []byte(`{"t":12345678901234567890}`))
		ann.Expect(`message presence-r client-hi {"t":12345678901234567890} uid=bob umd=3`)
		bob.Expect(`message presence-r client-hi {"t":12345678901234567890} uid=bob umd=3`)
		tab.ExpectNone()
		bob.Guest.Unsubscribe("presence-r")
		bob.Guest.Unsubscribe("presence-r")
		bob.Guest.ClientEvent("presence-r", "client-hi", nil)
		bob.Expect("error presence-r NOT_SUBSCRIBED")
		ann.ExpectNone()
		tab.Hang()
		ann.Expect("removed presence-r member=bob=3")
		publishTo(t, s.Tenant(shop), "presence-r e 1")
		ann.Expect("message presence-r e 1")
		bob.ExpectNone()
		for c, n := range map[*actorstest.Client]int{ann: 2, bob: 4, tab: 2} {
			if c.Completed() != n {
				t.Errorf("%d commands were answered, not %d", c.Completed(), n)
			}
		}
	})
}

// TestEventsOfTenants: cases S8 to S10 and H9.
func TestEventsOfTenants(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		tenant := s.Tenant(shop)
		a, b := s.Visit(shop).Join("c", ""), s.Visit(shop).Join("c", "")
		a.Expect("subscribed c")
		b.Expect("subscribed c")
		counts, err := tenant.Publish(t.Context(), []actors.Event{
			{Channel: "c", Name: "e", Data: []byte(`"x"`), Except: a.Guest.ID()}, {Channel: "nobody", Name: "e"}, {Channel: "c", Name: "f", Data: []byte(`[1]`)},
		})
		if err != nil || !slices.Equal(counts, []actors.Counts{{Subscriptions: 2}, {}, {Subscriptions: 2}}) {
			t.Errorf("%v %v", counts, err)
		}
		b.Expect(`message c e "x"`, "message c f [1]")
		a.Expect("message c f [1]")
		var want []string
		for i := range 500 {
			want = append(want, fmt.Sprintf("message c e %d", i))
			publishTo(t, tenant, fmt.Sprintf("c e %d", i))
		}
		b.Expect(want...)
		if n := s.Stats().Awake; n != 1 {
			t.Errorf("%d channels are awake: an event has woken one", n)
		}
		// What nobody is on any more is dropped, whether its channel sleeps yet or not.
		a.Hang()
		b.Hang()
		if counts := publishTo(t, tenant, "c e 1"); counts[0] != (actors.Counts{}) {
			t.Errorf("%v", counts)
		}
		time.Sleep(time.Minute)
		wakes := s.Stats().Wakes
		publishTo(t, tenant, "c e 1")
		if list, err := tenant.Members(t.Context(), "presence-x"); list != nil || err != nil {
			t.Error(list, err)
		}
		if now := s.Stats(); now.Wakes != wakes || now.Awake != 0 || now.Guests != 0 || now.Connections != 0 {
			t.Errorf("%+v", now)
		}
	})
}

// TestCacheChannels: cases K1 to K4, K6 and K7.
func TestCacheChannels(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		join := func() *actorstest.Client {
			c := s.Visit(shop)
			if err := c.Guest.Subscribe(actors.Join{Channel: "private-cache-x", Cache: true}); err != nil {
				t.Fatal(err)
			}
			return c
		}
		a := join()
		a.Expect("subscribed private-cache-x", "miss private-cache-x")
		keep := func(data string) {
			t.Helper()
			e := actors.Event{Channel: "private-cache-x", Name: "e", Data: []byte(data), CacheFor: time.Hour}
			if _, err := s.Tenant(shop).Publish(t.Context(), []actors.Event{e}); err != nil {
				t.Fatal(err)
			}
		}
		keep("1")
		keep("2")
		a.Guest.ClientEvent("private-cache-x", "client-e", []byte("3"))
		join().Expect("subscribed private-cache-x", "message private-cache-x e 2")
		s.RestartAfter(time.Minute)
		if c, err := s.Tenant(shop).Cached(t.Context(), "private-cache-x"); err != nil || c == nil || c.Event != "e" || string(c.Data) != "2" ||
			time.Until(c.ExpiresAt).Round(time.Minute) != 59*time.Minute {
			t.Fatalf("%+v %v", c, err)
		}
		join().Expect("subscribed private-cache-x", "message private-cache-x e 2")
		time.Sleep(time.Hour)
		join().Expect("subscribed private-cache-x", "miss private-cache-x")
		if c, err := s.Tenant(shop).Cached(t.Context(), "private-cache-x"); c != nil || err != nil {
			t.Errorf("%+v %v", c, err)
		}
		// It is kept where nobody is, too.
		keep("4")
		if c, err := s.Tenant("pusher/other").Cached(t.Context(), "private-cache-x"); c != nil || err != nil {
			t.Errorf("%+v %v", c, err) // case N3
		}
	})
}

// TestManyGuestsAreCounted: case S13, with the alarm of the engine.
func TestManyGuestsAreCounted(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		join := func() *actorstest.Client {
			c := s.Visit(shop)
			if err := c.Guest.Subscribe(actors.Join{Channel: "c", Count: true}); err != nil {
				t.Fatal(err)
			}
			return c
		}
		first := join()
		first.Expect("subscribed c", "count c 1")
		var others []*actorstest.Client
		for n := range 149 {
			others = append(others, join())
			if n+2 <= 100 {
				first.Expect(fmt.Sprintf("count c %d", n+2))
			}
		}
		first.ExpectNone()
		time.Sleep(5 * time.Second)
		first.Expect("count c 150")
		others[0].Hang()
		others[1].Hang()
		time.Sleep(4 * time.Second)
		first.ExpectNone()
		time.Sleep(time.Second)
		first.Expect("count c 148")
		time.Sleep(time.Minute)
		first.ExpectNone()
		for _, c := range others[2:] {
			c.Hang()
		}
		frames := first.Frames()
		if n := len(frames); n == 0 || frames[n-1] != "count c 1" {
			t.Errorf("%v", frames)
		}
	})
}

// TestTenantsAreBounded: cases A9 and A10, and the bounds of the engine.
func TestTenantsAreBounded(t *testing.T) {
	bubble(t, actors.Options{MaxConnections: 3}, func(t *testing.T, s *actorstest.Server) {
		try := func(namespace, id string, most int, want error) *actorstest.Client {
			t.Helper()
			c, err := s.TryVisit(namespace, actors.GuestRequest{ID: id, MaxConnections: most, MaxChannels: 2})
			if !errors.Is(err, want) {
				t.Fatalf("%v, want %v", err, want)
			}
			return c
		}
		a := try(shop, "1.1", 1, nil)
		try(shop, "1.1", -1, actors.ErrIDTaken)
		try(shop, "1.2", 1, actors.ErrQuota)
		b := try(shop, "1.2", 0, nil)
		try("pusher/other", "1.1", 1, nil)
		try("pusher/other", "1.2", 0, channel.ErrUnavailable)
		if _, err := s.Admit(lobby("ann")); !errors.Is(err, channel.ErrUnavailable) {
			t.Errorf("the node is full: %v", err)
		}
		if n, m := s.Tenant(shop).Connections(), s.Stats().Connections; n != 2 || m != 3 {
			t.Errorf("%d of %d", n, m)
		}
		// Channels of one connection; one that it has already counts once.
		a.Join("c", "").Join("d", "").Join("c", "")
		if err := a.Guest.Subscribe(actors.Join{Channel: "e"}); !errors.Is(err, actors.ErrTooManyChannels) {
			t.Error(err)
		}
		a.Guest.Unsubscribe("c")
		a.Join("e", "")
		if n := len(a.Frames()); n != 4 || a.Completed() != 5 {
			t.Errorf("%d frames, %d answers", n, a.Completed())
		}
		// Who was refused is no member, and has room for another.
		for _, name := range []string{"presence-1", "presence-2", "presence-3"} {
			if err := b.Guest.Subscribe(actors.Join{Channel: name}); err != nil {
				t.Fatal(err)
			}
			b.Expect("error " + name + " PRESENCE_CHANNEL_USER_ID_REQUIRED subscribe")
			if b.Guest.Joined(name) {
				t.Error("it believes that it is on " + name)
			}
		}
		if n := s.Tenant(shop).CloseAll(channel.Close{Code: 4003, Reason: "off"}); n != 2 {
			t.Errorf("%d were closed", n)
		}
		a.ExpectClose(4003)
		b.ExpectClose(4003)
		if n, m := s.Tenant(shop).Connections(), s.Stats().Guests; n != 0 || m != 1 {
			t.Errorf("%d of %d", n, m)
		}
		a.Guest.ClientEvent("e", "client-x", nil)
		a.Guest.Unsubscribe("e")
		a.Guest.Closed()
		if err := a.Guest.Subscribe(actors.Join{Channel: "e"}); err != nil || a.Completed() != 5 {
			t.Error(err, a.Completed())
		}
		if err := a.Guest.SignIn(actors.SignIn{User: "u"}); err != nil || a.Completed() != 5 {
			t.Error(err, a.Completed())
		}
		s.Drain()
		try(shop, "1.9", 0, channel.ErrUnavailable)
	})
}

// TestTheEndOfAnEngineEndsGuests, too, and they leave their channels before it does.
func TestTheEndOfAnEngineEndsGuests(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		a := s.Visit(shop).Join("presence-c", "u")
		a.Expect("subscribed presence-c uid=u members=[u]")
		s.Restart()
		a.ExpectClose(1001)
		if page, more := s.Tenant(shop).Channels("", "", 10); len(page) > 0 || more {
			t.Errorf("%v", page)
		}
	})
}

// TestTheRollsOfATenant: cases H10 and H11; nothing is woken by reading them.
func TestTheRollsOfATenant(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		tenant := s.Tenant(shop)
		a, b := s.Visit(shop), s.Visit(shop)
		for _, name := range []string{"b", "a", "presence-b", "presence-a", "c"} {
			a.Join(name, "u")
		}
		b.Join("presence-b", "u")
		b.Join("presence-a", "v")
		synctest.Wait()
		list := func(prefix, after string, limit int) string {
			page, more := tenant.Channels(prefix, after, limit)
			var text []string
			for _, c := range page {
				text = append(text, fmt.Sprintf("%s:%d/%d", c.Name, c.Subscriptions, c.Members))
			}
			return fmt.Sprint(text, more)
		}
		for _, c := range [][2]string{
			{list("", "", 10), "[a:1/0 b:1/0 c:1/0 presence-a:2/2 presence-b:2/1] false"},
			{list("presence-", "", 10), "[presence-a:2/2 presence-b:2/1] false"},
			{list("", "a", 2), "[b:1/0 c:1/0] true"},
			{list("x", "", 2), "[] false"},
		} {
			if c[0] != c[1] {
				t.Errorf("got  %s\nwant %s", c[0], c[1])
			}
		}
		a.Hang()
		synctest.Wait()
		if got, want := list("", "", 10), "[presence-a:1/1 presence-b:1/1] false"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		b.Hang()
		synctest.Wait()
		if got := list("", "", 10); got != "[] false" {
			t.Error(got)
		}
	})
}

// TestNamespacesAreApart: cases N1 to N4 and N7.
func TestNamespacesAreApart(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		spaces := []string{"pusher/a", "pusher/a/b", "pusher/a\x00b", "pusher/", "pusher/\xff", actorstest.App}
		var guests []*actorstest.Client
		for i, space := range spaces[:5] {
			g := s.Visit(space).Join("presence-x", "u")
			g.Expect("subscribed presence-x uid=u members=[u]")
			g.Join("cache-x", "")
			g.Expect("subscribed cache-x")
			if err := g.Guest.SignIn(actors.SignIn{User: "42", UserData: "{}", Watchlist: []string{"7"}}); err != nil {
				t.Fatal(err)
			}
			g.Expect("signedIn {}", "watch online=[] offline=[7]")
			e := actors.Event{Channel: "cache-x", Name: "e", Data: fmt.Append(nil, i), CacheFor: time.Hour}
			if _, err := s.Tenant(space).Publish(t.Context(), []actors.Event{e}); err != nil {
				t.Fatal(err)
			}
			g.Expect(fmt.Sprintf("message cache-x e %d", i))
			guests = append(guests, g)
		}
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"*": map[string]any{"subscribe": true}}})
		ann.Send(subscribe("presence-x"))
		ann.Expect("subscribed presence-x uid=ann")
		ann.Send(subscribe("cache-x"))
		ann.Expect("subscribed cache-x uid=ann")
		for i, space := range spaces[:5] {
			publishTo(t, s.Tenant(space), "presence-x e 1")
			if n := s.Tenant(space).SendToUser("42", actors.Event{Channel: "me", Name: "e", Data: []byte("1")}); n != 1 {
				t.Errorf("%d read it", n)
			}
			guests[i].Expect("message presence-x e 1", "message me e 1")
			for _, g := range guests {
				g.ExpectNone()
			}
			c, err := s.Tenant(space).Cached(t.Context(), "cache-x")
			if err != nil || c == nil || string(c.Data) != fmt.Sprint(i) {
				t.Errorf("%+v %v", c, err)
			}
		}
		guests[0].Hang()
		for i, g := range guests[1:] {
			g.ExpectNone()
			if page, _ := s.Tenant(spaces[i+1]).Channels("", "", 10); len(page) != 2 {
				t.Errorf("%v", page)
			}
		}
		ann.ExpectNone()
	})
}

// TestGuestsComeAndGo: whatever they do at once, in the end nobody is anywhere, and nothing is left of the tenants.
func TestGuestsComeAndGo(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				for j := range 20 {
					space := fmt.Sprintf("pusher/%d", j%3)
					c, err := s.TryVisit(space, actors.GuestRequest{ID: fmt.Sprintf("%d.%d", i, j)})
					if err != nil {
						t.Error(err)
						return
					}
					for k := range 10 {
						name := fmt.Sprintf("presence-cache-%d", (i+j+k)%4)
						c.Join(name, fmt.Sprint(k%3))
						if k%4 == 0 {
							c.Guest.Unsubscribe(name)
						}
						c.Guest.ClientEvent(name, "client-e", []byte("1"))
						if err := c.Guest.SignIn(actors.SignIn{User: fmt.Sprint(i % 3), Watchlist: []string{"0", "1", "0", fmt.Sprint(k)}}); err != nil {
							t.Error(err)
						}
					}
					tenant := s.Tenant(space)
					if j%5 == 0 {
						tenant.Terminate(fmt.Sprint(i%3), j%2 == 0, channel.Close{Code: 4009})
					}
					tenant.SendToUser("1", actors.Event{Channel: "me", Name: "e"})
					if _, err := tenant.Publish(context.Background(), []actors.Event{{Channel: "presence-cache-1", Name: "e", CacheFor: time.Minute}, {Channel: "c"}}); err != nil {
						t.Error(err)
					}
					tenant.Channels("", "", 3)
					c.Hang()
				}
			})
		}
		all.Wait()
		synctest.Wait()
		for i := range 3 {
			tenant := s.Tenant(fmt.Sprintf("pusher/%d", i))
			if page, _ := tenant.Channels("", "", 10); len(page) > 0 || tenant.Connections() > 0 {
				t.Errorf("%v, %d connections", page, tenant.Connections())
			}
		}
		if st := s.Stats(); st.Guests != 0 || st.Tenants != 0 || st.Panics != 0 || st.Faults != 0 {
			t.Errorf("%+v", st)
		}
		time.Sleep(2 * time.Minute)
		if n := s.Stats().Awake; n != 0 {
			t.Errorf("%d channels are awake", n)
		}
	})
}
