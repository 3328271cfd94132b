package apps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/claims"
)

func TestInvalidRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a", "secret", ""), appRecord("b"))
		for range 150 { // five minutes
			r.expect("key a-key", "none")
			r.expect("id a", "none")
			r.expect("id b", "b b-key")
			time.Sleep(2 * time.Second)
		}
		if n := r.log.with("secret or AppSecret is missing or empty"); n != 5 {
			t.Errorf("%d lines in five minutes, want one a minute\n%s", n, r.log.text.String())
		}
		if r.told()["invalid a"] != 300 {
			t.Errorf("told %v", r.told())
		}
		// b is known; when it loses its secret it ends as one that is gone.
		r.store.has(appRecord("b", "secret", nil))
		for range 4 {
			time.Sleep(5 * time.Second)
			r.is("id b")
			synctest.Wait()
		}
		r.expect("id b", "none")
		r.expectChanges("b b-key > gone")
	})
}

// sloppy finds one record whatever it is asked for, as a table with a lax collation does.
type sloppy struct{ Record }

func (s sloppy) ByID(context.Context, string) (Record, error)  { return s.Record, nil }
func (s sloppy) ByKey(context.Context, string) (Record, error) { return s.Record, nil }
func (s sloppy) Close() error                                  { return nil }

func TestAnotherRecordThanAskedForIsNone(t *testing.T) {
	c := NewCache(sloppy{appRecord("a")}, CacheOptions{Logger: discard})
	defer c.Close()
	for name, find := range map[string]func(context.Context, string) (*claims.App, error){
		"A": c.ByID, "a ": c.ByID, "A-key": c.ByKey, "a": c.ByKey,
	} {
		if a, err := find(t.Context(), name); !errors.Is(err, claims.ErrNoApp) {
			t.Errorf("%q: %v, %v", name, a, err)
		}
	}
	if a, err := c.ByID(t.Context(), "a"); err != nil || a.ID != "a" {
		t.Errorf("%v, %v", a, err)
	}
}

// broken panics.
type broken struct{ sloppy }

func (broken) ByID(context.Context, string) (Record, error) { panic("a driver's fault") }

func TestSourceThatPanics(t *testing.T) {
	c := NewCache(broken{sloppy{appRecord("a")}}, CacheOptions{Logger: discard})
	defer c.Close()
	if _, err := c.ByID(t.Context(), "a"); !errors.Is(err, claims.ErrAppsUnavailable) {
		t.Errorf("%v, want ErrAppsUnavailable", err)
	}
	if a, err := c.ByKey(t.Context(), "a-key"); err != nil || a.ID != "a" {
		t.Errorf("%v, %v", a, err)
	}
}

func TestNamesThatNoSourceHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{})
		for _, kind := range []string{"id ", "key "} {
			r.expect(kind, "none")
			r.expect(kind+strings.Repeat("x", claims.MaxAppName+1), "none")
		}
		r.expectReads("")
		r.expect("id "+strings.Repeat("x", claims.MaxAppName), "none")
		if r.store.took() == "" {
			t.Error("the longest name that there may be is not looked for")
		}
	})
}

func TestReadsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{Reads: 10}, appRecord("a"), appRecord("known"))
		r.expect("id known", "known known-key")
		r.store.set(func(s *store) { s.takes = time.Second })
		time.Sleep(2 * time.Minute)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() { r.expect(fmt.Sprint("key x", i), "none") })
		}
		synctest.Wait()
		begun := time.Now()
		r.expect("key a-key", "unavailable")
		r.expect("id known", "known known-key") // older than a minute, but better than nothing
		if took := time.Since(begun); took != 0 || r.told()["refused false"] != 2 || r.Stats().Reads != 10 {
			t.Errorf("took %v, told %v, %+v", took, r.told(), r.Stats())
		}
		all.Wait()
		synctest.Wait()
		r.expect("key a-key", "a a-key")
		if r.store.mostAtOnce() != 10 {
			t.Errorf("%d readings at once", r.store.mostAtOnce())
		}
	})
}

func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"))
		r.store.set(func(s *store) { s.takes = time.Second })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := r.ByID(ctx, "a")
		if took := time.Since(begun); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		if !errors.Is(err, claims.ErrAppsUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want ErrAppsUnavailable for the deadline", err)
		}
		time.Sleep(time.Second)
		r.expect("id a", "a a-key")
		r.expectReads("id a") // the reading went on for those who come after
		time.Sleep(2 * time.Minute)
		if a, err := r.ByID(ctx, "a"); err != nil || a.ID != "a" { // what is known is better than nothing
			t.Errorf("%v, %v", a, err)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a"), appRecord("b"))
		a := mustFind(t, r, "a")
		r.store.set(func(s *store) { s.takes = time.Second })
		var waits sync.WaitGroup
		waits.Go(func() { r.expect("id b", "unavailable") })
		synctest.Wait()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		waits.Wait()
		r.expect("id a", "unavailable")
		if _, err := r.Watch(a, func(*claims.App) {}); !errors.Is(err, claims.ErrAppsUnavailable) {
			t.Errorf("Watch: %v", err)
		}
		if n := r.log.with("does not answer"); n != 0 {
			t.Errorf("the end was taken for an outage")
		}
	})
}

func TestWarningsAreLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, CacheOptions{}, appRecord("a", "Enabled", []byte("false"), "MaxConnections", "many"))
		for range 20 {
			r.expect("key a-key", "a a-key disabled")
			time.Sleep(5 * time.Second)
		}
		if r.log.with("app=a attribute=Enabled") != 1 || r.log.with("app=a attribute=MaxConnections") != 1 {
			t.Errorf("log:\n%s", r.log.text.String())
		}
		r.store.has(appRecord("a", "Enabled", "nonsense"))
		for range 3 {
			time.Sleep(5 * time.Second)
			r.is("key a-key")
			synctest.Wait()
		}
		if r.log.with("nonsense") != 1 {
			t.Errorf("log:\n%s", r.log.text.String())
		}
	})
}
