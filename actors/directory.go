package actors

import (
	"hash/maphash"
	"sync"

	"dormouse/persistence"
)

// Address names a durable actor: app, kind, name.
type Address = persistence.Address

// directoryShards keeps senders to different actors off each other's lock.
const directoryShards = 64

// A directory finds the living incarnation of an actor on this node, and begins one where there is none.
type directory struct {
	seed   maphash.Seed
	spawn  func(Address) *handle
	shards [directoryShards]struct {
		sync.RWMutex
		byAddress shrinkable[Address, *handle]
		_         [24]byte // a cache line of its own
	}
}

func newDirectory(spawn func(Address) *handle) *directory {
	d := &directory{seed: maphash.MakeSeed(), spawn: spawn}
	return d
}

// get returns the actor's open handle.
func (d *directory) get(a Address) *handle {
	s := &d.shards[maphash.Comparable(d.seed, a)%directoryShards]
	s.RLock()
	h := s.byAddress.get(a)
	s.RUnlock()
	if h != nil && !h.closed() {
		return h
	}
	s.Lock()
	defer s.Unlock()
	if h = s.byAddress.get(a); h == nil || h.closed() {
		h = d.spawn(a)
		s.byAddress.put(a, h)
	}
	return h
}

// awake returns the actor's handle, nil if there is none.
func (d *directory) awake(a Address) *handle {
	s := &d.shards[maphash.Comparable(d.seed, a)%directoryShards]
	s.RLock()
	defer s.RUnlock()
	return s.byAddress.get(a)
}

// remove forgets h, unless another incarnation has taken its place.
func (d *directory) remove(a Address, h *handle) {
	s := &d.shards[maphash.Comparable(d.seed, a)%directoryShards]
	s.Lock()
	defer s.Unlock()
	if s.byAddress.get(a) == h {
		s.byAddress.remove(a)
	}
}

// each calls visit for every handle. It copies a shard at a time, so visit may take as long as it likes.
func (d *directory) each(visit func(Address, *handle)) {
	type row struct {
		a Address
		h *handle
	}
	var rows []row
	for i := range d.shards {
		s := &d.shards[i]
		rows = rows[:0]
		s.RLock()
		for a, h := range s.byAddress.m {
			rows = append(rows, row{a, h})
		}
		s.RUnlock()
		for _, r := range rows {
			visit(r.a, r.h)
		}
	}
}

// len returns how many actors are awake.
func (d *directory) len() int {
	n := 0
	for i := range d.shards {
		s := &d.shards[i]
		s.RLock()
		n += s.byAddress.len()
		s.RUnlock()
	}
	return n
}
