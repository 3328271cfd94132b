package actors_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/persistence"
)

// A crashingDisk remembers what a power failure would leave at each of its writes.
type crashingDisk struct {
	*vfs.MemFS
	mu     sync.Mutex
	random *rand.Rand
	clones []*vfs.MemFS // nil: it does not remember
}

func (d *crashingDisk) inject(op errorfs.Op) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clones != nil && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
		d.clones = append(d.clones, d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: d.random}))
	}
	return nil
}

// remember begins to remember with what a failure would leave now, of which all that is synced is safe.
func (d *crashingDisk) remember() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clones = []*vfs.MemFS{d.CrashClone(vfs.CrashCloneCfg{})}
}

// taken ends that.
func (d *crashingDisk) taken() []*vfs.MemFS {
	d.mu.Lock()
	defer d.mu.Unlock()
	clones := append(d.clones, d.CrashClone(vfs.CrashCloneCfg{}))
	d.clones = nil
	return clones
}

// TestADeletedMessageIsGoneAfterACrash: at whichever write the power fails, the message is there with its
// reaction and everything that it is found by, or all of that is gone; and once the deletion was answered it is
// gone, whatever the channel's durability.
func TestADeletedMessageIsGoneAfterACrash(t *testing.T) {
	for _, word := range []persistence.Durability{persistence.Sync, persistence.Async, persistence.None} {
		t.Run(word.String(), func(t *testing.T) {
			o := actors.Options{Durability: func(actors.Address) persistence.Durability { return word }}
			d := &crashingDisk{MemFS: vfs.NewCrashableMem(), random: rand.New(rand.NewPCG(1, 2))}
			var clones []*vfs.MemFS
			synctest.Test(t, func(t *testing.T) {
				s := actorstest.StartOn(t, o, func(o *persistence.Options) {
					o.FS = errorfs.Wrap(d.MemFS, errorfs.InjectorFunc(d.inject))
				})
				ctx := context.Background()
				publish := func(event string) ulid.ULID {
					p, err := s.Publish(ctx, actorstest.App, actors.PublishRequest{Channel: "c", Event: event, Store: 3600})
					if err != nil {
						t.Fatal(err)
					}
					r := actors.ReactRequest{Channel: "c", MessageID: p.ID.String(), Reaction: "x", UID: "u"}
					if _, err := s.React(ctx, actorstest.App, r); err != nil {
						t.Fatal(err)
					}
					return p.ID
				}
				first := publish("first")
				publish("second")
				s.Restart() // so that all that is durable
				if got := kept(t, s); got != "first: 1 2 second: 1 2 all: 2" {
					t.Fatal(got)
				}
				d.remember()
				if err := s.DeleteMessage(ctx, actorstest.App, "c", first); err != nil {
					t.Fatal(err)
				}
				clones = d.taken()
			})
			was, gone := 0, 0
			for i, clone := range clones {
				synctest.Test(t, func(t *testing.T) {
					s := actorstest.StartOn(t, o, func(o *persistence.Options) { o.FS = clone })
					switch got := kept(t, s); got {
					case "first: 1 2 second: 1 2 all: 2":
						was++
						if gone > 0 || i == len(clones)-1 {
							t.Errorf("clone %d of %d: it is there again", i, len(clones))
						}
					case "first: 0 0 second: 1 2 all: 1":
						gone++
					default:
						t.Errorf("clone %d of %d: half of it is left: %s", i, len(clones), got)
					}
					time.Sleep(2 * time.Hour) // what was to expire finds nothing amiss
					if got := kept(t, s); got != "first: 0 0 second: 0 0 all: 0" {
						t.Errorf("clone %d: %s", i, got)
					}
				})
			}
			if was == 0 || gone == 0 {
				t.Errorf("%d times it was there, %d times it was gone", was, gone)
			}
		})
	}
}

// kept says, for each event, how many messages are found by it and how much they and their reactions are, and
// how many there are in all.
func kept(t *testing.T, s *actorstest.Server) string {
	t.Helper()
	text := ""
	for _, event := range []string{"first", "second", ""} {
		page, err := s.History(context.Background(), actorstest.App, actors.HistoryRequest{Channel: "c", Event: event})
		if err != nil {
			t.Fatal(err)
		}
		if event == "" {
			return text + fmt.Sprint("all: ", len(page.Items))
		}
		n := len(page.Items)
		for _, of := range page.Reactions {
			for _, r := range of {
				n += r.Count
			}
		}
		text += fmt.Sprint(event, ": ", len(page.Items), " ", n, " ")
	}
	return text
}
