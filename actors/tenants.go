package actors

import (
	"context"
	"sync"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// Tenants are apps whose connections have no tokens: a door judges what they may do, and the engine does it. Their
// namespaces are such as [claims.App.Namespace] gives, and their channels those of the Pusher protocol.

// tenants finds this node's tenants by namespace: those that have a connection or an occupied channel.
type tenants struct {
	mu     sync.Mutex
	byName shrinkable[string, *tenant]
	guests int
	none   *sync.Cond // signalled when the last guest leaves
}

// A tenant is what one app has in memory besides its channels. It leaves nothing behind: when it is empty it is dead,
// and the next one who has something to put in begins another.
//
// mu is taken before rolls.mu, and before the mu of any guest. No sink is called while it is held.
type tenant struct {
	name string

	mu       sync.Mutex
	dead     bool // under rolls.mu, too
	guests   shrinkable[string, *Guest]
	users    shrinkable[string, crowd] // who is signed in
	watchers shrinkable[string, crowd] // of a user, whether that is signed in or not
	mail
	rolls rolls
}

// A crowd is some guests.
type crowd map[*Guest]struct{}

func newTenants() *tenants {
	ts := new(tenants)
	ts.none = sync.NewCond(&ts.mu)
	return ts
}

// find returns a tenant, nil if it has nothing.
func (ts *tenants) find(name string) *tenant {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.byName.get(name)
}

// enter returns the living tenant of that name, with its mu held.
func (ts *tenants) enter(name string) *tenant {
	for {
		ts.mu.Lock()
		t := ts.byName.get(name)
		if t == nil {
			t = &tenant{name: name}
			ts.byName.put(name, t)
		}
		ts.mu.Unlock()
		t.mu.Lock()
		if !t.dead {
			return t
		}
		t.mu.Unlock()
	}
}

// leave gives back a tenant whose mu is held, and forgets it if it is empty.
func (ts *tenants) leave(t *tenant) {
	if t.guests.len() == 0 && !t.dead {
		t.rolls.mu.Lock()
		if t.rolls.byName.len() == 0 {
			t.dead = true
			ts.mu.Lock()
			ts.byName.remove(t.name)
			ts.mu.Unlock()
		}
		t.rolls.mu.Unlock()
	}
	t.mu.Unlock()
	t.deliver()
}

// len returns how many guests there are.
func (ts *tenants) len() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.guests
}

// size returns how many tenants have something.
func (ts *tenants) size() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.byName.len()
}

func (ts *tenants) count(n int) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.guests += n; ts.guests == 0 {
		ts.none.Broadcast()
	}
}

// all returns the tenants of this moment.
func (ts *tenants) all() []*tenant {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	list := make([]*tenant, 0, ts.byName.len())
	for _, t := range ts.byName.m {
		list = append(list, t)
	}
	return list
}

// close ends all guests.
func (ts *tenants) close(c channel.Close) {
	for _, t := range ts.all() {
		for _, g := range t.everybody() {
			g.sink.Close(c)
		}
	}
}

// waitForNone returns when no guest is left, or with ctx's error.
func (ts *tenants) waitForNone(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		ts.mu.Lock() // or it could come between the look and the wait, and be missed
		defer ts.mu.Unlock()
		ts.none.Broadcast()
	})
	defer stop()
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for ts.guests > 0 && ctx.Err() == nil {
		ts.none.Wait()
	}
	if ts.guests == 0 {
		return nil
	}
	return ctx.Err()
}

// everybody returns the guests of this moment.
func (t *tenant) everybody() []*Guest {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := make([]*Guest, 0, t.guests.len())
	for _, g := range t.guests.m {
		list = append(list, g)
	}
	return list
}

// isTenant says whether a channel is of the Pusher protocol.
func isTenant(a Address) bool {
	_, ok := claims.AppID(a.App)
	return ok && a.Kind == KindChannel
}
