package actors_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/persistence"
)

// A failingDisk fails so many more of the reads of table files.
type failingDisk struct{ left, failed atomic.Int64 }

func (d *failingDisk) inject(op errorfs.Op) error {
	if op.Kind != errorfs.OpFileReadAt || !strings.HasSuffix(op.Path, ".sst") || d.left.Add(-1) < 0 {
		return nil
	}
	d.failed.Add(1)
	return errors.New("this one fails")
}

// failing runs a test of an engine on a disk that can fail. Channel c has an entry and a stored message that
// must be read from a table file when it wakes.
func failing(t *testing.T, o actors.Options, f func(t *testing.T, s *actorstest.Server, d *failingDisk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &failingDisk{}
		s := actorstest.StartOn(t, o, func(o *persistence.Options) {
			o.FS, o.CacheSize = errorfs.Wrap(o.FS, errorfs.InjectorFunc(d.inject)), 1
		})
		ctx := context.Background()
		for _, name := range []string{"c", "auto"} {
			if _, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: name, Event: "e", Store: -1}); err != nil {
				t.Fatal(err)
			}
		}
		s.Restart()
		f(t, s, d)
		if d.failed.Load() == 0 {
			t.Error("the disk did not fail")
		}
	})
}

// TestAFaultWhileSubscribing: one that passes is nothing to the client. One that stays is NOT_SUBSCRIBED after a
// second, after which a client asks again. It is never told that it is not when it is, nor twice of anything.
func TestAFaultWhileSubscribing(t *testing.T) {
	never := int64(1) << 60
	for _, x := range []struct {
		rule string
		play func(t *testing.T, s *actorstest.Server, d *failingDisk)
	}{
		{"once is nothing", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann := s.Connect(lobby("ann"))
			d.left.Store(1)
			ann.Send(subscribe("c"))
			ann.ExpectNone()
			time.Sleep(time.Second)
			ann.Expect("subscribed c uid=ann")
			ann.Send(publish("chat", "1"), &actors.Unsubscribe{Channel: "c"})
			ann.Expect("unsubscribed c uid=ann")
		}},
		{"what stays is told after a second", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann := s.Connect(lobby("ann"))
			d.left.Store(never)
			ann.Send(subscribe("c"))
			time.Sleep(999 * time.Millisecond)
			ann.ExpectNone()
			time.Sleep(time.Millisecond)
			ann.Expect("error c NOT_SUBSCRIBED")
			d.left.Store(0)
			ann.Send(subscribe("c"))
			ann.Expect("subscribed c uid=ann")
		}},
		{"who left meanwhile is not joined", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann := s.Connect(lobby("ann"))
			d.left.Store(1)
			ann.Send(subscribe("c"))
			ann.ExpectNone()
			ann.Send(&actors.Unsubscribe{Channel: "c"})
			ann.Expect("error c NOT_SUBSCRIBED")
			time.Sleep(time.Second)
			ann.ExpectNone()
			ann.Send(subscribe("c"))
			ann.Expect("subscribed c uid=ann")
		}},
		{"who asked again meanwhile hears of both", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann := s.Connect(lobby("ann"))
			d.left.Store(1)
			ann.Send(subscribe("c"))
			ann.ExpectNone()
			ann.Send(subscribe("c"))
			ann.Expect("subscribed c uid=ann")
			time.Sleep(time.Second)
			ann.Expect("error c ALREADY_SUBSCRIBED")
		}},
		{"who hung up meanwhile is not joined", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
			d.left.Store(1)
			ann.Send(subscribe("c"))
			synctest.Wait()
			ann.Hang()
			time.Sleep(time.Second)
			bob.Send(subscribe("c"))
			bob.Expect("subscribed c uid=bob")
			if info, err := s.ChannelInfo(context.Background(), actorstest.App, "c"); err != nil || info.Subscriptions != 1 {
				t.Errorf("%+v %v", info, err)
			}
		}},
		{"a channel that is joined by itself comes after all", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			d.left.Store(1)
			ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"auto": map[string]any{"autoSubscribe": true}}})
			ann.ExpectNone()
			time.Sleep(time.Second)
			ann.Expect("subscribed auto auto uid=ann")
		}},
		{"a single-use token is spent once", func(t *testing.T, s *actorstest.Server, d *failingDisk) {
			ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("ann"))
			once := &actors.Subscribe{Channel: "c", Token: s.Token(map[string]any{"scope": "subscribe", "uid": "ann", "singleUse": true, "jti": "j",
				"channels": map[string]any{"c": map[string]any{"subscribe": true}}})}
			d.left.Store(1)
			ann.Send(once)
			ann.ExpectNone()
			time.Sleep(time.Second)
			ann.Expect("subscribed c uid=ann")
			bob.Send(once)
			bob.Expect("error c INVALID_SUBSCRIBE_TOKEN")
		}},
	} {
		t.Run(x.rule, func(t *testing.T) { failing(t, actors.Options{}, x.play) })
	}
}

// TestAFaultOfAnotherSubscribe: who is subscribed already is not told otherwise, whatever fails.
func TestAFaultOfAnotherSubscribe(t *testing.T) {
	var broken atomic.Bool
	intercept := func(_ actors.Address, cmd any) {
		if _, ok := cmd.(*channel.Subscribe); ok && broken.Load() {
			panic("boom")
		}
	}
	bubble(t, actors.Options{Intercept: intercept}, func(t *testing.T, s *actorstest.Server) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		for _, stays := range []bool{false, true} {
			broken.Store(true)
			ann.Send(subscribe("c"), publish("chat", "1"))
			ann.ExpectNone()
			bob.Expect("message c chat 1 uid=ann")
			broken.Store(stays)
			time.Sleep(2 * time.Second)
			ann.Expect("error c ALREADY_SUBSCRIBED")
			broken.Store(false)
		}
	})
}

// TestAFaultOfAnythingElse is INTERNAL_ERROR, at once: clients take NOT_SUBSCRIBED for the end of a subscription.
func TestAFaultOfAnythingElse(t *testing.T) {
	failing(t, actors.Options{}, func(t *testing.T, s *actorstest.Server, d *failingDisk) {
		claims := lobby("ann")
		claims["channels"].(map[string]any)["c"].(map[string]any)["messages"] = map[string]any{"*": map[string]any{"publish": true, "broadcast": true}}
		ann := s.Connect(claims)
		d.left.Store(1)
		ann.Send(publish("chat", "1"))
		ann.Expect("error c INTERNAL_ERROR")
		time.Sleep(2 * time.Second)
		ann.ExpectNone()
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
	})
}
