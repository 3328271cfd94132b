package persistence

import "sync"

// The leavers are the Rows that were closed with commits that cannot be read yet. Whoever wakes the same
// address has to wait for these, or would find it as it was before.
type leavers struct {
	mu sync.Mutex
	m  map[Address]*Rows
}

// sweepLeavers is how many leavers are kept before those that have gone are looked for.
const sweepLeavers = 256

func (r *Rows) gone() bool { return r.applied.Load() == r.ticket }

func (s *Store) leave(r *Rows) {
	if r.gone() {
		return
	}
	l := &s.leavers
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m == nil {
		l.m = make(map[Address]*Rows)
	}
	if len(l.m) >= sweepLeavers {
		for a, r := range l.m {
			if r.gone() {
				delete(l.m, a)
			}
		}
	}
	l.m[r.address] = r
}

func (s *Store) awaitLeaver(a Address) error {
	l := &s.leavers
	l.mu.Lock()
	r := l.m[a]
	delete(l.m, a)
	l.mu.Unlock()
	if r == nil || r.gone() {
		return nil
	}
	select {
	case <-s.committer.barrier():
		return nil
	case <-s.dead:
		return ErrClosed
	}
}
