package actors_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
)

// Guests who ask for it read what a channel stores: all of it when they come, in order, and each change, also of a
// channel that slept and of a store that was opened again.
func TestGuestsReadStorage(t *testing.T) {
	const entries = 250 // more than one turn tells
	o := actors.Options{}
	o.Channel.SnapshotEntries = 100
	bubble(t, o, func(t *testing.T, s *actorstest.Server) {
		tenant := s.Tenant(shop)
		set := func(key, data string, store int64) {
			t.Helper()
			if err := tenant.SetEntry(t.Context(), "room", key, []byte(data), store); err != nil {
				t.Fatal(err)
			}
		}
		for i := range entries {
			set(fmt.Sprintf("k.%03d", i), fmt.Sprint(i), -1)
		}
		time.Sleep(time.Minute) // the channel falls asleep
		c := s.Visit(shop)
		if err := c.Guest.Subscribe(actors.Join{Channel: "room", Storage: true}); err != nil {
			t.Fatal(err)
		}
		want := []string{"subscribed room"}
		for i := range entries {
			want = append(want, fmt.Sprintf("storage room k.%03d %d", i, i))
		}
		got := c.Frames()
		if len(got) != len(want) {
			t.Fatalf("%d messages, want %d: %.300q", len(got), len(want), got)
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Fatalf("got %q, want %q", got[i], want[i])
			}
		}
		other := s.Visit(shop).Join("room", "")
		other.Expect("subscribed room")
		set("k.000", `"new"`, 10)
		set("k.001", "", -1)
		if got := c.Frames(); len(got) != 2 || !strings.HasPrefix(got[0], `storage room k.000 "new"`) || !strings.HasPrefix(got[1], "storage room k.001") {
			t.Errorf("got %q", got)
		}
		other.ExpectNone()
		if e, err := tenant.Entry(t.Context(), "room", "k.000"); err != nil || string(e.Data) != `"new"` || time.Until(e.ExpiresAt) != 10*time.Second {
			t.Errorf("%+v, %v", e, err)
		}
		time.Sleep(11 * time.Second)
		if e, err := tenant.Entry(t.Context(), "room", "k.000"); err != nil || e != nil {
			t.Errorf("after its time: %+v, %v", e, err)
		}
		if page, err := tenant.Entries(t.Context(), "room", "k.200", 3); err != nil || len(page.Items) != 3 || page.Items[0].Key != "k.201" || !page.More {
			t.Errorf("%+v, %v", page, err)
		}
		if e, err := s.Tenant("pusher/other").Entry(t.Context(), "room", "k.002"); err != nil || e != nil {
			t.Errorf("of another app: %+v, %v", e, err)
		}
	})
}
