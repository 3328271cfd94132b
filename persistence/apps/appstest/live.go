package appstest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// Table is an empty table with a source over it, and hands to change it.
type Table struct {
	// Source is the suite's to close.
	Source apps.Source
	// Put writes items, in the spelling of config files, in the place of those with the same ids.
	Put func(items ...apps.Record)
	// Delete takes items away.
	Delete func(ids ...string)
	// Stop makes the store unreachable and Start brings it back with what it held. Both nil: it is always there.
	Stop, Start func()
}

// RunLive plays what happens while a server runs: the source sees its table change, and a cache over it behaves as
// promised while the store is away. It takes some seconds of real time, since stores have no virtual one.
func RunLive(t *testing.T, open func(t *testing.T) Table) {
	t.Run("changes are seen", func(t *testing.T) { changesAreSeen(t, open(t)) })
	t.Run("A22 a watched app hears what happens to it", func(t *testing.T) { watchedHears(t, open(t)) })
	t.Run("A23 an app that was just made is found by who asks for it again", func(t *testing.T) { madeWhileAsked(t, open(t)) })
	t.Run("A24 a thousand askers are one reading", func(t *testing.T) { thousandAskers(t, open(t)) })
	t.Run("A19 A20 A21 a store that is away hides no app", func(t *testing.T) {
		table := open(t)
		if table.Stop == nil {
			t.Log("the store is always there")
			return
		}
		storeAway(t, table)
	})
}

// until waits for something that a store shows after a while.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		}
	}
}

func changesAreSeen(t *testing.T, table Table) {
	s := table.Source
	t.Cleanup(func() { closeSource(t, s) })
	secret := func(byKey bool, name string) string {
		r, err := lookup(t, s, byKey, name)
		if errors.Is(err, apps.ErrNoRecord) {
			return "none"
		}
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := apps.Decode(r, apps.Defaults{})
		if err != nil {
			t.Fatal(err)
		}
		return a.Secret
	}
	none(t, s, false, "a")
	table.Put(Item("a", "a-key"))
	until(t, "the new app", func() bool { return secret(false, "a") == "a-secret" && secret(true, "a-key") == "a-secret" })
	table.Put(with(Item("a", "a-key"), "secret", "other"))
	until(t, "the new secret", func() bool { return secret(false, "a") == "other" && secret(true, "a-key") == "other" })
	table.Put(Item("a", "new-key"))
	until(t, "the new key", func() bool { return secret(true, "new-key") == "a-secret" && secret(true, "a-key") == "none" })
	table.Delete("a")
	until(t, "the end", func() bool { return secret(false, "a") == "none" && secret(true, "new-key") == "none" })
}

// cached is a cache in a hurry. What is gone it looks for again after confirm.
func cached(t *testing.T, table Table, confirm time.Duration) *apps.Cache {
	c := apps.NewCache(table.Source, apps.CacheOptions{
		TTL: 100 * time.Millisecond, ConfirmAfter: confirm, RetryAfter: 200 * time.Millisecond,
		NegativeTTL: 100 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() { closeSource(t, c) })
	return c
}

func closeSource(t *testing.T, s interface{ Close() error }) {
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func watchedHears(t *testing.T, table Table) {
	c := cached(t, table, 300*time.Millisecond)
	table.Put(Item("a", "a-key"))
	var a *claims.App
	until(t, "the new app", func() (found bool) {
		a, _ = c.ByKey(t.Context(), "a-key")
		return a != nil
	})
	heard := make(chan string, 10)
	stop, err := c.Watch(a, func(now *claims.App) {
		if now == nil {
			heard <- "gone"
			return
		}
		heard <- fmt.Sprint("enabled ", now.Enabled, ", ", now.MaxConnections)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-heard:
			if got != want {
				t.Fatalf("heard %q, want %q", got, want)
			}
		case <-time.After(deadline):
			t.Fatalf("never heard %q", want)
		}
	}
	table.Put(with(Item("a", "a-key"), "maxConnections", int64(7)))
	expect("enabled true, 7")
	table.Put(with(Item("a", "a-key"), "maxConnections", int64(7), "enabled", false))
	expect("enabled false, 7")
	table.Delete("a")
	expect("gone")
	if _, err := c.ByID(t.Context(), "a"); !errors.Is(err, claims.ErrNoApp) {
		t.Errorf("by id: %v, want ErrNoApp", err)
	}
}

func madeWhileAsked(t *testing.T, table Table) {
	c := cached(t, table, time.Second)
	asked := 0
	until(t, "the new app", func() bool {
		a, err := c.ByKey(t.Context(), "new-key")
		switch asked++; {
		case asked == 1 && !errors.Is(err, claims.ErrNoApp):
			t.Fatalf("before it is made: %v, %v", a, err)
		case asked == 2:
			table.Put(Item("new", "new-key"))
		case err != nil && !errors.Is(err, claims.ErrNoApp):
			t.Fatal(err)
		}
		return asked > 2 && err == nil && a.ID == "new"
	})
}

func thousandAskers(t *testing.T, table Table) {
	table.Put(Item("a", "a-key"))
	until(t, "the app", func() bool { _, err := lookup(t, table.Source, true, "a-key"); return err == nil })
	var reads atomic.Int64
	c := apps.NewCache(table.Source, apps.CacheOptions{
		TTL: -1, Logger: slog.New(slog.DiscardHandler),
		Listener: apps.Listener{Read: func(bool, time.Duration, error) { reads.Add(1) }},
	})
	t.Cleanup(func() { closeSource(t, c) })
	begin := make(chan struct{})
	var asking sync.WaitGroup
	for range 1000 {
		asking.Go(func() {
			<-begin
			if a, err := c.ByKey(t.Context(), "a-key"); err != nil || a.ID != "a" {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	close(begin)
	asking.Wait()
	if n := reads.Load(); n != 1 {
		t.Errorf("the table was read %d times", n)
	}
}

func storeAway(t *testing.T, table Table) {
	c := cached(t, table, deadline) // a store in memory has an empty table for a moment when it comes back
	table.Put(Item("seen", "seen-key"), Item("unseen", "unseen-key"))
	var seen *claims.App
	until(t, "the app", func() bool { seen, _ = c.ByKey(t.Context(), "seen-key"); return seen != nil })
	heard := make(chan *claims.App, 100)
	stop, err := c.Watch(seen, func(now *claims.App) { heard <- now })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	table.Stop()
	for range 3 {
		if r, err := lookup(t, table.Source, false, "seen"); err == nil || errors.Is(err, apps.ErrNoRecord) {
			t.Errorf("from the source: %d attributes, %v, want an outage", len(r), err)
		}
		if _, err := c.ByKey(t.Context(), "seen-key"); err != nil {
			t.Errorf("known by key: %v", err)
		}
		if _, err := c.ByID(t.Context(), "seen"); err != nil {
			t.Errorf("known by id: %v", err)
		}
		if _, err := c.ByKey(t.Context(), "unseen-key"); !errors.Is(err, claims.ErrAppsUnavailable) {
			t.Errorf("unknown: %v, want ErrAppsUnavailable", err)
		}
	}
	table.Start()
	until(t, "the app that nobody had asked for", func() bool {
		a, _ := c.ByKey(t.Context(), "unseen-key")
		return a != nil
	})
	if len(heard) > 0 {
		t.Errorf("who lives on the app that was seen heard %v, though nothing has changed", <-heard)
	}
}
