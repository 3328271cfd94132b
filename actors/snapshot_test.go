package actors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

// fill gives channel c 4,500 entries, k0000 to k4499.
func fill(t *testing.T, s *actorstest.Server) {
	t.Helper()
	for i := 0; i < 4500; i += 100 {
		var writes []channel.StorageWrite
		for j := range 100 {
			writes = append(writes, channel.StorageWrite{Key: fmt.Sprintf("k%04d", i+j), Data: []byte("1"), Store: -1, IfVersion: -1})
		}
		if _, err := s.WriteStorage(t.Context(), actorstest.App, actors.WriteStorageRequest{Channel: "c", Writes: writes}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestASnapshotHoldsNobodyUp: a subscription is one from the start, what others do comes in between the parts of its
// snapshot and is answered before the last of them, and an entry that is changed is told as it was, then as it is.
func TestASnapshotHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *actorstest.Server
		var order []string
		s = actorstest.Start(t, actors.Options{Intercept: func(_ actors.Address, cmd any) {
			switch cmd := cmd.(type) {
			case *channel.Subscribe, *channel.ShowRest, *channel.Publish:
				if _, first := cmd.(*channel.Subscribe); first {
					time.Sleep(time.Nanosecond) // until nobody else has anything to do: all commands have come
				}
				order = append(order, strings.TrimPrefix(fmt.Sprintf("%T", cmd), "*channel."))
			case *channel.SetStorage:
				order = append(order, "Set "+cmd.Key)
			}
		}})
		fill(t, s)
		c := map[string]any{"subscribe": true, "messages": map[string]any{"e": map[string]any{"publish": true, "echo": true}},
			"storage": map[string]any{"*": map[string]any{"observe": true, "set": true}}}
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"c": c}})
		ann.Send(subscribe("c"), &actors.Publish{Channel: "c", Event: "e", Data: []byte("7")}, set("k0001", "2"), set("k4400", "2"), set("new", "2"))
		time.Sleep(time.Millisecond)
		frames := ann.Frames()
		if want := "Subscribe Publish Set k0001 Set k4400 Set new ShowRest ShowRest ShowRest ShowRest"; strings.Join(order, " ") != want {
			t.Errorf("%v, want %s", order, want)
		}
		if len(frames) != 1+4500+4 {
			t.Fatalf("%d frames: %q …", len(frames), frames[:2])
		}
		seen := map[string][]string{}
		var keys []string
		for _, frame := range frames[1:] {
			key := strings.Fields(frame)[2]
			seen[key] = append(seen[key], frame)
			if len(seen[key]) == 1 && key != "k4400" {
				keys = append(keys, key)
			}
		}
		if i := slices.IndexFunc(frames, func(f string) bool { return strings.Contains(f, " k4400 ") }); i > 1005 {
			t.Errorf("the change of k4400 came as frame %d", i)
		}
		if !strings.HasPrefix(frames[0], "subscribed c") || !strings.HasPrefix(frames[1], seen["k0000"][0]) {
			t.Errorf("it begins with %q", frames[:2])
		}
		for key, want := range map[string]int{"k0000": 1, "k0001": 2, "k4400": 2, "k4499": 1, "new": 1} {
			if len(seen[key]) != want {
				t.Errorf("%s is told %q", key, seen[key])
			}
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return key[0] != 'k' })
		if !slices.IsSorted(keys) || len(keys) != 4499 {
			t.Errorf("%d keys, in order: %v", len(keys), slices.IsSorted(keys))
		}
	})
}

// TestASnapshotThatFailsEndsTheConnection: it has a hole, and would not know.
func TestASnapshotThatFailsEndsTheConnection(t *testing.T) {
	parts := 0
	intercept := func(_ actors.Address, cmd any) {
		if _, ok := cmd.(*channel.ShowRest); ok {
			if parts++; parts == 2 {
				panic("on the way")
			}
		}
	}
	bubble(t, actors.Options{Intercept: intercept}, func(t *testing.T, s *actorstest.Server) {
		fill(t, s)
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		for _, x := range []*actorstest.Client{ann, bob} {
			x.Send(subscribe("c"))
			if n := len(x.Frames()); x == ann && n != 1+2000 || x == bob && n != 1+4500 {
				t.Errorf("%d frames", n)
			}
		}
		ann.ExpectClose(1011)
		bob.ExpectOpen()
	})
}

// TestWhoLeavesHearsNoMore of a snapshot that is not whole.
func TestWhoLeavesHearsNoMore(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		fill(t, s)
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"), &actors.Unsubscribe{Channel: "c"}, subscribe("c"))
		frames := ann.Frames()
		if n := len(frames); n != 1+1000+1+1+4500 || !strings.HasPrefix(frames[1001], "unsubscribed") || !strings.HasPrefix(frames[1002], "subscribed") {
			t.Errorf("%d frames", n)
		}
	})
}
