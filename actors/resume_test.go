package actors_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/persistence"
)

// joined subscribes with resume, expects the answer, and returns the epoch that it says.
func joined(t *testing.T, c *actorstest.Client, after *channel.Position, want ...string) string {
	t.Helper()
	c.Send(&actors.Subscribe{Channel: "c", Resume: true, After: after})
	frames := c.Frames()
	if len(frames) != len(want) {
		t.Fatalf("got  %s\nwant %s", strings.Join(frames, "\n     "), strings.Join(want, "\n     "))
	}
	epoch := ""
	for i, frame := range frames {
		line, id, _ := strings.Cut(frame, " #")
		if line != want[i] {
			t.Fatalf("got  %s\nwant %s", line, want[i])
		}
		if i == 0 {
			epoch = id
		}
	}
	return epoch
}

func position(epoch string, seq uint64) *channel.Position {
	return &channel.Position{Epoch: epoch, Seq: seq}
}

func TestAClientComesBackForWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{})
		ann, bob, cid := s.Connect(lobby("ann")), s.Connect(lobby("bob")), s.Connect(lobby("cid"))
		epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		cid.Send(subscribe("c"))
		cid.Expect("subscribed c uid=cid")
		bob.Send(publish("chat", "1"), set("k", "1"))
		ann.Expect("message c chat 1 uid=bob seq=1", "storage c k 1 uid=bob seq=2")
		cid.Expect("message c chat 1 uid=bob", "storage c k 1 uid=bob") // who did not ask reads no numbers
		ann.Hang()
		bob.Send(publish("chat", "2"), set("k", "2"))
		synctest.Wait()
		ann = s.Connect(lobby("ann"))
		joined(t, ann, position(epoch, 2), "subscribed c uid=ann seq=2 recovered=true missed=2",
			"message c chat 2 uid=bob seq=3", "storage c k 2 uid=bob seq=4")
		bob.Send(publish("chat", "3"))
		ann.Expect("message c chat 3 uid=bob seq=5")
		if st := s.Stats(); st.Recovered != 1 || st.NotRecovered != 0 || st.ReplayBytes < 5*256 {
			t.Errorf("%+v", st)
		}
	})
}

// TestAReplaySurvivesSleep: the channel sleeps as early as any other, and nobody who comes back can tell.
func TestAReplaySurvivesSleep(t *testing.T) {
	for _, word := range []persistence.Durability{persistence.Sync, persistence.Async, persistence.None} {
		t.Run(word.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := actorstest.Start(t, actors.Options{Durability: func(actors.Address) persistence.Durability { return word }})
				ann := s.Connect(lobby("ann"))
				epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
				ann.Hang()
				publishServer(t, s, "1")
				time.Sleep(40 * time.Second)
				if st := s.Stats(); st.Awake != 0 || st.ReplayBytes != 0 {
					t.Fatalf("%+v", st)
				}
				publishServer(t, s, "2") // wakes it
				ann = s.Connect(lobby("ann"))
				joined(t, ann, position(epoch, 0), "subscribed c uid=ann seq=0 recovered=true missed=2",
					"message c e 1 seq=1", "message c e 2 seq=2")
				ann.Hang()
				time.Sleep(40 * time.Second)
				if st := s.Stats(); st.Awake != 0 {
					t.Fatalf("%+v", st)
				}
				ann = s.Connect(lobby("ann"))
				joined(t, ann, position(epoch, 2), "subscribed c uid=ann seq=2 recovered=true missed=0")
				ann.Hang()
				// Nobody comes: the seal's row goes by itself, and the channel sleeps on.
				time.Sleep(10 * time.Minute)
				if st := s.Stats(); st.Awake != 0 {
					t.Fatalf("%+v", st)
				}
				ann = s.Connect(lobby("ann"))
				joined(t, ann, position(epoch, 2), "subscribed c uid=ann seq=0 recovered=false snapshot=0")
			})
		})
	}
}

func TestAReplaySurvivesAnEndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{})
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
		bobs := joined(t, bob, nil, "subscribed c uid=bob seq=0 snapshot=0")
		bob.Send(set("k", "1"), publish("chat", "1"))
		ann.Expect("storage c k 1 uid=bob seq=1", "message c chat 1 uid=bob seq=2")
		ann.Hang()
		bob.Send(publish("chat", "2"))
		s.Restart()
		ann, bob = s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		joined(t, bob, position(bobs, 1), "subscribed c uid=bob seq=1 recovered=true missed=0") // all else was its own
		joined(t, ann, position(epoch, 2), "subscribed c uid=ann seq=2 recovered=true missed=1", "message c chat 2 uid=bob seq=3")
		bob.Send(publish("chat", "3"))
		ann.Expect("message c chat 3 uid=bob seq=4")
	})
}

// TestAfterACrashNothingIsRecovered, at whatever moment it was, since nobody can know what was said: a fresh
// snapshot is sent. A crash while the channel sleeps has cost nothing, and its replay is there.
func TestAfterACrashNothingIsRecovered(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, s *actorstest.Server)
		want   string
	}{
		"awake": {func(t *testing.T, s *actorstest.Server) { publishServer(t, s, "1") }, "recovered=false"},
		"asleep": {func(t *testing.T, s *actorstest.Server) {
			publishServer(t, s, "1")
			time.Sleep(time.Minute)
		}, "recovered=true"},
		"woken, and nothing said": {func(t *testing.T, s *actorstest.Server) {
			publishServer(t, s, "1")
			time.Sleep(time.Minute)
			if _, err := s.ChannelInfo(t.Context(), actorstest.App, "c"); err != nil {
				t.Fatal(err)
			}
		}, "recovered=true"},
		"woken by a message": {func(t *testing.T, s *actorstest.Server) {
			publishServer(t, s, "1")
			time.Sleep(time.Minute)
			publishServer(t, s, "2")
		}, "recovered=false"},
		"woken by a set": {func(t *testing.T, s *actorstest.Server) {
			time.Sleep(time.Minute)
			err := s.SetStorage(t.Context(), actorstest.App, actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("1"), Store: -1})
			if err != nil {
				t.Fatal(err)
			}
		}, "recovered=false"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := vfs.NewCrashableMem()
				s := actorstest.StartOn(t, actors.Options{}, func(p *persistence.Options) { p.FS = disk })
				ann := s.Connect(lobby("ann"))
				epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
				ann.Hang()
				c.before(t, s)
				synctest.Wait()
				crashed := disk.CrashClone(vfs.CrashCloneCfg{})
				s = actorstest.StartOn(t, actors.Options{}, func(p *persistence.Options) { p.FS = crashed })
				ann = s.Connect(lobby("ann"))
				ann.Send(&actors.Subscribe{Channel: "c", After: position(epoch, 0)})
				frames := ann.Frames()
				if len(frames) == 0 || !strings.Contains(frames[0], c.want) {
					t.Fatalf("%s, want %s", frames, c.want)
				}
			})
		})
	}
}

// TestAPanicLeavesNumbersWithoutHoles: what a command that panicked would have said was not said, and those
// who read numbers go on.
func TestAPanicLeavesNumbersWithoutHoles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panics := false
		s := actorstest.Start(t, actors.Options{Intercept: func(actors.Address, any) {
			if panics {
				panics = false
				panic("test")
			}
		}})
		ann := s.Connect(lobby("ann"))
		epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
		publishServer(t, s, "1")
		ann.Expect("message c e 1 seq=1")
		panics = true
		if _, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "e"}); err == nil {
			t.Fatal("no panic")
		}
		publishServer(t, s, "2")
		ann.Expect("message c e 2 seq=2")
		ann.Hang()
		ann = s.Connect(lobby("ann"))
		joined(t, ann, position(epoch, 1), "subscribed c uid=ann seq=1 recovered=true missed=1", "message c e 2 seq=2")
	})
}

// TestAllReplaysTogetherAreBounded: beyond the bound, the channels that were used least lately let go.
func TestAllReplaysTogetherAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{MaxReplayBytes: 4096})
		ann := s.Connect(lobby("ann"))
		epoch := joined(t, ann, nil, "subscribed c uid=ann seq=0 snapshot=0")
		for range 10 {
			publishServer(t, s, "1")
		}
		if n := s.Stats().ReplayBytes; n < 2560 || n > 4096 {
			t.Fatalf("%d bytes are kept", n)
		}
		time.Sleep(time.Minute)
		cid := s.Connect(map[string]any{"channels": map[string]any{"other": map[string]any{"subscribe": true}}})
		cid.Send(&actors.Subscribe{Channel: "other", Resume: true})
		cid.Frames()
		for range 10 {
			if _, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "other", Event: "e", Data: []byte("1")}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		if n := s.Stats().ReplayBytes; n > 4096 {
			t.Errorf("%d bytes are kept", n)
		}
		bob := s.Connect(lobby("ann"))
		joined(t, bob, position(epoch, 9), "subscribed c uid=ann seq=10 recovered=false snapshot=0")
	})
}

func publishServer(t *testing.T, s *actorstest.Server, data string) {
	t.Helper()
	_, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(data)})
	if err != nil {
		t.Fatal(err)
	}
}
