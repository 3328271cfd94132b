package pusher

import (
	"context"
	"errors"
	"sync"
	"testing"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// watched is a place to look up apps whose changes the test tells.
type watched struct {
	records
	mu      sync.Mutex
	changed map[string]func(*claims.App)
	full    bool
}

func (w *watched) Watch(app *claims.App, changed func(*claims.App)) (func(), error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full {
		return nil, claims.ErrAppsUnavailable
	}
	if w.changed == nil {
		w.changed = map[string]func(*claims.App){}
	}
	w.changed[app.ID] = changed
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.changed, app.ID)
	}, nil
}

func (w *watched) ByID(ctx context.Context, id string) (*claims.App, error) {
	return w.records.ByID(ctx, id)
}

// closes is an engine that remembers whom it closed.
type closes struct {
	recorder
	all []channel.Close
}

type closing struct {
	recorded
	c *closes
}

func (e *closes) Tenant(namespace string) tenant { return closing{recorded{&e.recorder, namespace}, e} }

func (t closing) CloseAll(c channel.Close) int {
	t.c.all = append(t.c.all, c)
	return 1
}

func TestPresentApps(t *testing.T) {
	w, e := &watched{}, &closes{}
	ps := &presentApps{apps: w, engine: e, tallies: new(tallies)}
	app := testApp()
	enter := func() *presentApp {
		t.Helper()
		p, err := ps.enter(app)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second := enter(), enter()
	if first != second || len(w.changed) != 1 {
		t.Fatalf("one app is watched %d times", len(w.changed))
	}

	// A newer record is everybody's.
	newer := testApp()
	newer.MaxConnections = 5
	w.changed["a"](newer)
	if first.record.Load() != newer || first.refused() != nil || len(e.all) != 0 {
		t.Error("a newer record is not the present one")
	}

	// Nobody stays on a disabled one; it may come back.
	off := testApp()
	off.Enabled = false
	w.changed["a"](off)
	if len(e.all) != 1 || e.all[0] != (channel.Close{Code: 4003, Reason: "The app is not enabled."}) {
		t.Errorf("closed with %v", e.all)
	}
	if refused := enter().refused(); refused == nil || refused.Message != "App lookup failed. Please try again." {
		t.Errorf("who found it enabled is told %v", refused)
	}
	w.changed["a"](newer)
	if first.refused() != nil {
		t.Error("it is enabled again, and refused")
	}

	// One that is gone is gone for those who are there; one of its name that is found later is another.
	w.changed["a"](nil)
	if len(e.all) != 2 || e.all[1] != (channel.Close{Code: 4001, Reason: "App key a-key does not exist."}) {
		t.Errorf("closed with %v", e.all)
	}
	again := enter()
	if again == first || again.refused() != nil || again.tally != first.tally {
		t.Error("the app that came again is not another, or does not count on")
	}
	for range 3 {
		first.leave()
	}
	if ps.byID["a"] != again {
		t.Error("those who were on the old one have taken the new one away")
	}
	again.leave()
	if len(ps.byID) != 0 {
		t.Error("nobody is there, and an app is")
	}

	w.full = true
	if _, err := ps.enter(app); !errors.Is(err, claims.ErrAppsUnavailable) {
		t.Errorf("an app that cannot be watched: %v", err)
	}
}
