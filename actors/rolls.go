package actors

import (
	"slices"
	"strings"
	"sync"
)

// Counts say how many are on a channel.
type Counts struct {
	Subscriptions int // connections
	Members       int // different users; 0 unless it is a presence channel
}

// An Occupied channel is one with a subscription.
type Occupied struct {
	Name string
	Counts
}

// rolls say who is on a tenant's channels, so that nobody has to wake them to know. Each channel's actor keeps its own
// entry true, before anybody hears of what has changed it.
type rolls struct {
	mu     sync.RWMutex
	byName shrinkable[string, Counts]
}

// note says who is on a channel now.
func (ts *tenants) note(namespace, name string, now Counts) {
	if now.Subscriptions > 0 {
		for {
			t := ts.enterRolls(namespace)
			if t == nil {
				continue
			}
			t.rolls.byName.put(name, now)
			t.rolls.mu.Unlock()
			return
		}
	}
	t := ts.find(namespace)
	if t == nil {
		return
	}
	t.rolls.mu.Lock()
	t.rolls.byName.remove(name)
	empty := t.rolls.byName.len() == 0
	t.rolls.mu.Unlock()
	if empty {
		t.mu.Lock()
		ts.leave(t)
	}
}

// enterRolls returns the tenant with its rolls' mu held, nil if it has died meanwhile.
func (ts *tenants) enterRolls(namespace string) *tenant {
	t := ts.find(namespace)
	if t == nil {
		t = ts.enter(namespace)
		t.rolls.mu.Lock() // before it can die
		t.mu.Unlock()
		return t
	}
	t.rolls.mu.Lock()
	if t.dead {
		t.rolls.mu.Unlock()
		return nil
	}
	return t
}

// Channels lists up to limit occupied channels whose names begin with prefix and are greater than after, in byte order;
// more says that there are others. It wakes none of them.
func (t Tenant) Channels(prefix, after string, limit int) (page []Occupied, more bool) {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return nil, false
	}
	in.rolls.mu.RLock()
	for name, counts := range in.rolls.byName.m {
		if name > after && strings.HasPrefix(name, prefix) {
			page = append(page, Occupied{name, counts})
		}
	}
	in.rolls.mu.RUnlock()
	slices.SortFunc(page, func(a, b Occupied) int { return strings.Compare(a.Name, b.Name) })
	if len(page) > limit {
		page, more = slices.Clip(page[:limit]), true
	}
	return page, more
}

// Counts says who is on one channel, zero if nobody is. It wakes nothing.
func (t Tenant) Counts(name string) Counts {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return Counts{}
	}
	in.rolls.mu.RLock()
	defer in.rolls.mu.RUnlock()
	return in.rolls.byName.get(name)
}

// noteOccupied keeps the rolls true at the end of a turn.
func (a *durableActor) noteOccupied() {
	if now := a.counts(); now != a.noted {
		a.noted = now
		a.system.tenants.note(a.address.App, a.address.Name, now)
	}
}
