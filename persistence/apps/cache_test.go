package apps

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/claims"
)

func TestFreshThenStaleThenWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.store.set(func(s *store) { s.takes = 100 * time.Millisecond })
		lasts := func(want time.Duration, what, answer string) {
			t.Helper()
			begun := time.Now()
			r.expect(what, answer)
			if took := time.Since(begun); took != want {
				t.Errorf("%s took %v, want %v", what, took, want)
			}
		}
		lasts(100*time.Millisecond, "id a", "a a-key")
		time.Sleep(4900 * time.Millisecond)
		lasts(0, "id a", "a a-key")
		r.expectReads("id a")

		r.store.has(appRecord("a", "maxConnections", 7))
		time.Sleep(100 * time.Millisecond)
		for range 10 {
			lasts(0, "id a", "a a-key") // and one reading begins
		}
		time.Sleep(101 * time.Millisecond)
		lasts(0, "id a", "a a-key 7")
		r.expectReads("id a")
		r.expectChanges("a a-key > a a-key 7")

		r.store.has(appRecord("a", "maxConnections", 8))
		time.Sleep(time.Minute)
		lasts(100*time.Millisecond, "id a", "a a-key 8")
		r.expectReads("id a")
		if r.answered()[Hit] != 2 || r.answered()[Stale] != 10 || r.answered()[Waited] != 2 {
			t.Errorf("outcomes %v", r.answered())
		}
	})
}

func TestServedWhileRefreshingForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("id a", "a a-key")
		r.store.has(appRecord("a", "maxConnections", 7))
		time.Sleep(time.Minute)
		r.expect("id a", "a a-key") // a minute old to the day: still served
		synctest.Wait()
		r.store.has(appRecord("a", "maxConnections", 8))
		time.Sleep(time.Minute + time.Nanosecond)
		r.expect("id a", "a a-key 8")
	})
}

func TestNeverExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{TTL: -1}, appRecord("a"))
		r.expect("key a-key", "a a-key")
		r.expectReads("key a-key")
		r.store.has(appRecord("a", "maxConnections", 7))
		stop, err := r.Watch(mustFind(t, r, "a"), func(*claims.App) {})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		time.Sleep(1000 * time.Hour)
		r.expect("key a-key", "a a-key")
		r.expect("id a", "a a-key")
		r.expectReads("")
		r.expect("id b", "none")
		time.Sleep(time.Second)
		r.expect("id b", "none")
		r.expectReads("id b, id b")
		r.Refresh("a")
		r.expect("key a-key", "a a-key 7")
		r.expectReads("id a")
	})
}

func mustFind(t *testing.T, r *rig, id string) *claims.App {
	t.Helper()
	a, err := r.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAbsentForASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{})
		for range 100 {
			r.expect("key a-key", "none")
			r.expect("id a", "none")
		}
		r.expectReads("key a-key, id a")
		r.store.has(appRecord("a"))
		time.Sleep(999 * time.Millisecond)
		r.expect("key a-key", "none")
		time.Sleep(time.Millisecond)
		r.expect("key a-key", "a a-key")
		r.expect("id a", "a a-key") // known by now, although its own second is not over
		r.expectReads("key a-key")
	})
}

func TestAbsentNamesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{Apps: 100})
		for i := range 1000 {
			r.expect(fmt.Sprint("key x", i), "none")
		}
		if n := r.Stats().Absent; n > 100 {
			t.Errorf("%d names are remembered, want 100 at most", n)
		}
		r.store.took()
		r.expect("key x999", "none")
		r.expectReads("")
		r.expect("key x1", "none")
		r.expectReads("key x1")
		time.Sleep(time.Second)
		r.expect("key y", "none")
		if n := r.Stats().Absent; n != 1 {
			t.Errorf("%d names are remembered, want 1", n)
		}
	})
}

func TestMissesAreMerged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.store.set(func(s *store) { s.takes = 50 * time.Millisecond })
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if i%2 == 0 {
					r.expect("key a-key", "a a-key")
				} else {
					r.expect("key nobody", "none")
				}
			})
		}
		all.Wait()
		if n := r.told()["read"]; n != 2 {
			t.Errorf("%d readings, want 2", n)
		}
	})
}

func TestIDsAndKeysAreSeparateWorlds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("one", "key", "two"), appRecord("two", "key", "three"))
		for range 2 {
			r.expect("key one", "none")
			r.expect("id one", "one two")
			r.expect("id two", "two three")
			r.expect("key two", "one two")
			r.expect("id three", "none")
			r.expect("key three", "two three")
		}
		r.expectReads("key one, id one, id two, key two, id three, key three")
	})
}

func TestFoundByKeyIsKnownByID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("key a-key", "a a-key")
		r.expect("id a", "a a-key")
		r.expectReads("key a-key")
		time.Sleep(5 * time.Second)
		r.expect("key a-key", "a a-key")
		synctest.Wait()
		r.expectReads("id a") // by its id, as keys may have no index
	})
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"), appRecord("b"), appRecord("unseen"))
		r.expect("id a", "a a-key")
		r.expect("key a-key", "a a-key")
		r.expect("key b-key", "b b-key")
		r.store.isDown(errDown)
		for range 59*6 + 5 {
			time.Sleep(10 * time.Second)
			r.expect("id a", "a a-key")
			r.expect("key a-key", "a a-key")
			r.expect("key unseen-key", "unavailable")
		}
		// b was not asked for in all that time: the only thing that is new about it is its age.
		r.expect("key b-key", "b b-key")
		r.expectChanges()
		if n := r.log.with("does not answer"); n < 55 || n > 61 {
			t.Errorf("%d lines in an hour, want one a minute", n)
		}
		time.Sleep(11 * time.Second)
		r.expect("id a", "unavailable")
		r.expect("key a-key", "unavailable")
		r.expect("key b-key", "unavailable")

		r.store.isDown(nil)
		r.expect("key unseen-key", "unseen unseen-key")
		r.expect("key a-key", "a a-key")
		r.expect("id b", "b b-key")
		if r.log.with("answers again") != 1 || r.told()["outage true"] != 1 || r.told()["outage false"] != 1 {
			t.Errorf("told %v, logged %d", r.told(), r.log.with("answers again"))
		}
	})
}

// A store that does not even refuse costs the first asker its deadline, and nobody after it.
func TestOutageThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("id a", "a a-key")
		r.store.set(func(s *store) { s.takes = time.Hour })
		time.Sleep(2 * time.Minute)
		for i, want := range []time.Duration{3 * time.Second, 0, 0, 0} {
			begun := time.Now()
			r.expect("id a", "a a-key")
			if took := time.Since(begun); took != want {
				t.Errorf("lookup %d took %v, want %v", i, took, want)
			}
			time.Sleep(10 * time.Second)
		}
		begun := time.Now()
		r.expect("key nobody", "unavailable")
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestGoneIsConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("key a-key", "a a-key")
		r.store.has()
		time.Sleep(5 * time.Second)
		r.expect("key a-key", "a a-key") // the first reading that misses it begins
		synctest.Wait()
		time.Sleep(4 * time.Second)
		r.expect("key a-key", "a a-key")
		r.Refresh("a") // one more reading that is too early to confirm anything
		synctest.Wait()
		r.expect("id a", "a a-key")
		r.expectChanges()
		time.Sleep(time.Second)
		r.expect("key a-key", "a a-key") // the second one begins
		synctest.Wait()
		r.expectChanges("a a-key > gone")
		r.expect("key a-key", "none")
		r.expect("id a", "none")
	})
}

func TestGoneForAMomentIsNotGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("id a", "a a-key")
		for range 10 {
			r.store.has()
			time.Sleep(5 * time.Second)
			r.expect("id a", "a a-key")
			synctest.Wait()
			r.store.has(appRecord("a"))
			time.Sleep(5 * time.Second)
			r.expect("id a", "a a-key")
			synctest.Wait()
		}
		r.expectChanges()
	})
}

// A record of an app that nobody asked for in more than an hour says nothing any more.
func TestGoneLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("id a", "a a-key")
		r.store.has()
		time.Sleep(2 * time.Hour)
		r.expect("id a", "none")
	})
}

func TestLeastRecentlyUsedGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{Apps: 3}, appRecord("a"), appRecord("b"), appRecord("c"), appRecord("d"))
		r.is("key a-key")
		r.is("key b-key")
		r.is("key c-key")
		r.is("id a")
		r.store.took()
		r.expect("id d", "d d-key")
		if n := r.Stats().Apps; n != 3 || r.told()["evicted b"] != 1 {
			t.Errorf("%d apps, told %v", n, r.told())
		}
		r.expect("key a-key", "a a-key")
		r.expect("key c-key", "c c-key")
		r.expectReads("id d")
		r.expect("key b-key", "b b-key")
		r.expectReads("key b-key")
		if r.told()["evicted d"] != 1 {
			t.Errorf("told %v", r.told())
		}
	})
}

func TestKeyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("key a-key", "a a-key")
		r.expect("key new", "none")
		r.store.has(appRecord("a", "key", "new"))
		time.Sleep(5 * time.Second)
		r.expect("id a", "a a-key")
		synctest.Wait()
		r.expectChanges("a a-key > a new")
		r.expect("key a-key", "none")
		r.expect("key new", "a new")
		r.expect("id a", "a new")
	})
}

// A key that went from one app to another leads to the new one, also for who waits for the reading.
func TestKeyThatMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a", "key", "k"))
		r.store.set(func(s *store) { s.takes = 10 * time.Millisecond })
		r.expect("key k", "a k")
		r.store.has(appRecord("a", "key", "other"), appRecord("b", "key", "k"))
		time.Sleep(2 * time.Minute)
		r.expect("key k", "b k")
		r.expectChanges("a k > a other")

		r.store.has(appRecord("b", "key", "other"))
		time.Sleep(2 * time.Hour)
		r.expect("key other", "b other")
		r.expect("key k", "none")
	})
}

// An index that lags behind its table shows no app in a state that it has left.
func TestIndexThatLags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a", "maxConnections", 7), appRecord("b", "key", "new"))
		r.store.index = []Record{appRecord("a", "maxConnections", 1), appRecord("b", "key", "old")}
		r.expect("id a", "a a-key 7")
		r.expect("key a-key", "a a-key 7")
		r.expect("id b", "b new")
		r.expect("key old", "none")
		r.expect("key new", "none") // the index will have it soon
		r.expectChanges()

		// An app that is found by the index first is as the index has it, until it is due.
		r.store.has(appRecord("c", "enabled", false))
		r.store.set(func(s *store) { s.index = []Record{appRecord("c")} })
		r.expect("key c-key", "c c-key")
		time.Sleep(5 * time.Second)
		r.is("key c-key")
		synctest.Wait()
		r.expect("key c-key", "c c-key disabled")
	})
}

// A table that changes between two readings is not stale: what was read last by id counts.
func TestChangeSeenByKeyFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.expect("id a", "a a-key")
		r.store.has(appRecord("a", "key", "new"))
		r.expect("key new", "a new")
		r.expectReads("id a, key new, id a")
		r.expectChanges("a a-key > a new")
	})
}
