package apps

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/claims"
)

// A hearer is one that watches.
type hearer struct {
	mu    sync.Mutex
	begun time.Time
	heard []string
}

func (h *hearer) changed(now *claims.App) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, fmt.Sprint(describe(now), " at ", time.Since(h.begun)))
}

// took returns what was heard since the last call, with the time since it was begun.
func (h *hearer) took() string {
	synctest.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	heard := strings.Join(h.heard, ", ")
	h.heard = nil
	return heard
}

func (r *rig) watch(id string) (*hearer, func()) {
	r.t.Helper()
	h := &hearer{begun: time.Now()}
	stop, err := r.Watch(mustFind(r.t, r, id), h.changed)
	if err != nil {
		r.t.Fatal(err)
	}
	return h, stop
}

func expectHeard(t *testing.T, h *hearer, want string) {
	t.Helper()
	if got := h.took(); got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestWatchedAppIsReadAlthoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"), appRecord("b"))
		r.is("id b")
		h, stop := r.watch("a")
		r.store.took()
		time.Sleep(16 * time.Second)
		r.expectReads("id a, id a, id a")
		expectHeard(t, h, "")

		r.store.has(appRecord("a", "enabled", false))
		time.Sleep(5 * time.Second)
		expectHeard(t, h, "a a-key disabled at 20s")
		r.store.has(appRecord("a", "maxConnections", 9))
		time.Sleep(5 * time.Second)
		expectHeard(t, h, "a a-key 9 at 25s")
		r.expectChanges("a a-key > a a-key disabled", "a a-key disabled > a a-key 9")

		stop()
		stop()
		r.store.took()
		r.store.has()
		time.Sleep(time.Hour)
		r.expectReads("")
		expectHeard(t, h, "")
	})
}

func TestWatchedAppThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		h, stop := r.watch("a")
		defer stop()
		r.store.took()
		r.store.has()
		time.Sleep(6 * time.Second)
		expectHeard(t, h, "")
		r.expectReads("id a")
		time.Sleep(3 * time.Second)
		r.expect("key a-key", "none") // a key that nobody asked for before; and no longer in the table
		r.expect("id a", "a a-key")
		time.Sleep(3 * time.Second)
		expectHeard(t, h, "gone at 10s")
		r.expectReads("key a-key, id a")
		r.expect("id a", "none")

		// It is over for this watch, whatever comes.
		r.store.has(appRecord("a"))
		time.Sleep(time.Hour)
		r.expect("id a", "a a-key")
		expectHeard(t, h, "")
		r.expectChanges("a a-key > gone")
		if s := r.Stats(); s.Watched != 0 || s.Apps != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWatchedAppThatIsMissedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		h, stop := r.watch("a")
		defer stop()
		for range 5 {
			r.store.has()
			time.Sleep(5 * time.Second)
			synctest.Wait()
			r.store.has(appRecord("a"))
			time.Sleep(5 * time.Second)
			synctest.Wait()
		}
		expectHeard(t, h, "")
	})
}

// With a TTL of minutes a record that is missed is still looked for after five seconds.
func TestConfirmationDoesNotWaitForTheTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ttl := range []time.Duration{-1, 10 * time.Minute} {
			r := newRig(t, CacheOptions{TTL: ttl}, appRecord("a"))
			h, stop := r.watch("a")
			r.store.has()
			r.Refresh("a")
			time.Sleep(6 * time.Second)
			expectHeard(t, h, "gone at 5s")
			stop()
		}
	})
}

func TestWatchThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		h, stop := r.watch("a")
		defer stop()
		r.store.isDown(errDown)
		time.Sleep(30 * time.Hour)
		expectHeard(t, h, "")
		r.expect("id a", "unavailable") // for newcomers; who is there stays
		r.store.isDown(nil)
		r.store.has(appRecord("a", "maxConnections", 1))
		time.Sleep(5 * time.Second)
		if got := h.took(); !strings.HasPrefix(got, "a a-key 1 at 30h0m") {
			t.Errorf("heard %q", got)
		}
		r.expectChanges("a a-key > a a-key 1")
	})
}

func TestWatchOfAnOlderState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		old := mustFind(t, r, "a")
		r.store.has(appRecord("a", "enabled", false))
		r.Refresh("a")
		r.expect("id a", "a a-key disabled")
		h := &hearer{begun: time.Now()}
		var mine sync.Mutex
		mine.Lock() // as a caller may hold a lock that changed wants
		stop, err := r.Watch(old, func(now *claims.App) {
			mine.Lock()
			defer mine.Unlock()
			h.changed(now)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		mine.Unlock()
		expectHeard(t, h, "a a-key disabled at 0s")
	})
}

func TestWatchOfWhatTheCacheForgot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{Apps: 1}, appRecord("a"), appRecord("b"))
		a := mustFind(t, r, "a")
		r.is("id b")
		r.store.has(appRecord("a", "maxConnections", 3))
		r.store.took()
		h := &hearer{begun: time.Now()}
		stop, err := r.Watch(a, h.changed)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		expectHeard(t, h, "a a-key 3 at 0s")
		r.expectReads("id a")
	})
}

func TestWatchedAppsStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{Apps: 2, TTL: -1}, appRecord("a"), appRecord("b"), appRecord("c"))
		_, stopA := r.watch("a")
		defer stopA()
		_, stopB := r.watch("b")
		c := mustFind(t, r, "c") // found, though there is no room to keep it
		if _, err := r.Watch(c, func(*claims.App) {}); !errors.Is(err, claims.ErrAppsUnavailable) {
			t.Errorf("Watch: %v, want ErrAppsUnavailable", err)
		}
		r.store.took()
		r.expect("id a", "a a-key")
		r.expect("id b", "b b-key")
		r.expectReads("")
		if s := r.Stats(); s.Watched != 2 || s.Apps != 2 || r.told()["evicted c"] != 2 {
			t.Errorf("%+v, told %v", s, r.told())
		}
		stopB()
		_, stopC := r.watch("c")
		defer stopC()
		if s := r.Stats(); s.Watched != 2 || s.Apps != 2 || r.told()["evicted b"] != 1 {
			t.Errorf("%+v, told %v", s, r.told())
		}
	})
}

func TestWatchedKeyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("key a-key", "a a-key")
		h, stop := r.watch("a")
		defer stop()
		r.store.has(appRecord("a", "key", "new"))
		time.Sleep(6 * time.Second)
		expectHeard(t, h, "a new at 5s")
		r.expect("key a-key", "none")
		r.expect("key new", "a new")
	})
}

func TestRefreshIsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		h, stop := r.watch("a")
		defer stop()
		r.store.has(appRecord("a", "maxConnections", 1))
		r.Refresh("a")
		r.Refresh("unknown")
		expectHeard(t, h, "a a-key 1 at 0s")

		// A reading that is under way has seen the table as it was.
		r.store.set(func(s *store) { s.takes = 100 * time.Millisecond })
		time.Sleep(5 * time.Second) // one begins
		synctest.Wait()
		if n := r.Stats().Refreshes; n != 1 {
			t.Fatalf("%d readings under way", n)
		}
		r.store.took()
		r.Refresh("a")
		begun := time.Now()
		r.expect("id a", "a a-key 1")
		if took := time.Since(begun); took != 200*time.Millisecond {
			t.Errorf("answered after %v, want two readings", took)
		}
		r.expectReads("id a")
	})
}

func TestRefreshAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, _ := NewStatic([]Record{appRecord("a"), appRecord("b")})
		c := NewCache(source, CacheOptions{Logger: discard})
		defer c.Close()
		r := &rig{Cache: c, t: t}
		h, stop := r.watch("a")
		defer stop()
		r.expect("key b-key", "b b-key")
		r.expect("key c-key", "none")
		source.Replace([]Record{appRecord("a", "enabled", false), appRecord("b", "maxConnections", 1), appRecord("c")})
		r.RefreshAll()
		r.expect("key b-key", "b b-key 1")
		r.expect("key c-key", "c c-key")
		expectHeard(t, h, "a a-key disabled at 0s")
		source.Replace(nil)
		r.RefreshAll()
		time.Sleep(6 * time.Second)
		expectHeard(t, h, "gone at 5s")
	})
}

func TestChangedMayCallBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		a := mustFind(t, r, "a")
		var calls atomic.Int32
		var stop func()
		stop, err := r.Watch(a, func(now *claims.App) {
			calls.Add(1)
			if got := describe(now); got != r.is("id a") {
				t.Errorf("told %s, looked up %s", got, r.is("id a"))
			}
			again, err := r.Watch(now, func(*claims.App) { calls.Add(100) })
			if err != nil {
				t.Error(err)
			}
			r.Refresh("a")
			stop()
			again()
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			r.store.has(appRecord("a", "maxConnections", i))
			time.Sleep(6 * time.Second)
		}
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
	})
}

// Ten thousand watched apps are read in turn, none later than the bound on readings makes it.
func TestManyWatchedApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 10_000
		r := newRig(t, CacheOptions{TTL: 10 * time.Second})
		r.store.set(func(s *store) { s.takes = 10 * time.Millisecond })
		r.store.table = nil
		var disabled atomic.Int32
		for i := range n {
			a := &claims.App{ID: fmt.Sprint(i), Key: "k", Secret: "s", Enabled: true}
			stop, err := r.Watch(a, func(now *claims.App) {
				if now == nil {
					disabled.Add(1)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
		}
		// Two readings of each say that it is gone; 64 at once, ten milliseconds each.
		time.Sleep(10*time.Second + 2*n/64*10*time.Millisecond)
		synctest.Wait()
		if got := disabled.Load(); got != n {
			t.Errorf("%d of %d were told", got, n)
		}
		if r.store.mostAtOnce() != 64 {
			t.Errorf("%d readings at once, want 64", r.store.mostAtOnce())
		}
		if r.told()["late"] != 2*n || r.told()["refused true"] == 0 {
			t.Errorf("told %v", r.told())
		}
	})
}

// Any mixture of changes, outages, lookups and watches ends with everybody knowing what the table says.
func TestEverybodyHearsTheLastState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a", "maxConnections", 0))
		r.store.set(func(s *store) { s.takes = 7 * time.Millisecond })
		var last [20]atomic.Pointer[claims.App]
		app := mustFind(t, r, "a")
		for i := range last {
			stop, err := r.Watch(app, func(now *claims.App) { last[i].Store(now) })
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
		}
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				for range 500 {
					time.Sleep(time.Duration(3+i) * time.Millisecond)
					r.is([]string{"id a", "key a-key"}[i%2])
				}
			})
		}
		for i := range 200 {
			r.store.has(appRecord("a", "maxConnections", i+1))
			r.store.isDown([]error{nil, errDown}[i%3/2])
			r.Refresh("a")
			time.Sleep(time.Duration(i%23) * time.Millisecond)
		}
		r.store.isDown(nil)
		all.Wait()
		time.Sleep(6 * time.Second)
		synctest.Wait()
		for i := range last {
			if now := last[i].Load(); now == nil || now.MaxConnections != 200 {
				t.Errorf("watch %d knows %s", i, describe(now))
			}
		}
		r.expect("key a-key", "a a-key 200")
	})
}
