package persistence

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"dormouse/claims"
)

// The spent ids are the ledger of single-use tokens. An id is taken if it is reserved, which is known in
// memory alone, or spent, which is a row. A reservation is held until its row can be read, so that there
// is no moment at which neither is seen.
type spentIDs struct {
	s *Store

	mu       sync.Mutex
	reserved map[string]struct{} // by key of the row
}

var _ claims.Ledger = (*spentIDs)(nil)

func newSpentIDs(s *Store) *spentIDs {
	return &spentIDs{s: s, reserved: make(map[string]struct{})}
}

// Ledger remembers single-use ids: reservations in memory, uses on disk. A reservation may also become a
// use through a Write of kind Spend in an actor's turn, together with what the use was for; then neither
// Spend nor Release is called. Spend waits for the disk; Reserve and Release do not, but for a look-up.
func (s *Store) Ledger() claims.Ledger { return s.spent }

// Reserve implements claims.Ledger.
func (l *spentIDs) Reserve(c claims.Spend) error {
	if err := l.s.writable(); err != nil {
		return err
	}
	w := SpendID(c.App, c.ID, c.Until)
	if err := w.validate(false); err != nil {
		return err
	}
	key := string(appendSpentKey(nil, c.App, c.ID))
	l.mu.Lock()
	_, taken := l.reserved[key]
	if !taken {
		l.reserved[key] = struct{}{}
	}
	l.mu.Unlock()
	if taken {
		return claims.ErrSpent
	}
	// Reserved first, looked up second: a use that is committed at this moment frees its reservation
	// only after its row can be read.
	row, err := l.s.get([]byte(key))
	if err != nil {
		l.free(key)
		return fmt.Errorf("look up a spent id: %w", err)
	}
	if row != nil {
		l.free(key)
		return claims.ErrSpent
	}
	return nil
}

// Release implements claims.Ledger.
func (l *spentIDs) Release(c claims.Spend) { l.free(string(appendSpentKey(nil, c.App, c.ID))) }

// Spend implements claims.Ledger.
func (l *spentIDs) Spend(c claims.Spend) error {
	if err := l.s.writable(); err != nil {
		return err
	}
	w := SpendID(c.App, c.ID, c.Until)
	if err := w.validate(false); err != nil {
		return err
	}
	done := make(chan struct{})
	l.s.Commit([]Write{w}, Sync, func() { close(done) })
	return l.await(done)
}

// Refund implements claims.Ledger. It writes to a disk that is nearly full, too: it makes room.
func (l *spentIDs) Refund(c claims.Spend) error {
	if err := l.s.alive(); err != nil {
		return err
	}
	b := l.s.db.NewBatch()
	must(b.Delete(appendSpentKey(nil, c.App, c.ID), nil))
	must(b.Delete(appendSpentEndKey(nil, nanosOf(c.Until), c.App, c.ID), nil))
	done := make(chan struct{})
	l.s.committer.add(turn{batch: b, dueAt: math.MaxInt64, durability: Sync, bytes: b.Len(), done: func() { close(done) }})
	return l.await(done)
}

// await waits for a commit, or for the end of the store.
func (l *spentIDs) await(done chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-l.s.dead:
	case <-l.s.committer.done:
	}
	return ErrClosed
}

func (l *spentIDs) free(key string) {
	l.mu.Lock()
	delete(l.reserved, key)
	l.mu.Unlock()
}

// write adds the rows of a use to a batch and returns the key under which it is reserved.
func (l *spentIDs) write(b *pebble.Batch, w *Write) string {
	key, until := appendSpentKey(nil, w.App, w.Key), nanosOf(w.Until)
	must(b.Set(key, appendTime(nil, until), nil))
	must(b.Set(appendSpentEndKey(nil, until, w.App, w.Key), nil, nil))
	return string(key)
}

// settle frees reservations whose rows can be read.
func (l *spentIDs) settle(keys []string) {
	l.mu.Lock()
	for _, key := range keys {
		delete(l.reserved, key)
	}
	l.mu.Unlock()
}

const (
	cleanEvery = time.Minute
	cleanAtOne = 4096            // spent ids forgotten with one commit
	cleanAfter = 2 * time.Minute // past until: clocks are set, and verifiers have some leeway
)

// clean forgets, every now and then, ids of tokens that are refused for their age by now.
func (l *spentIDs) clean() {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.s.stop:
			return
		case <-tick.C:
			if _, err := l.forget(l.s.o.Now().Add(-cleanAfter)); err != nil {
				l.s.log.Error("clean spent ids", "err", err)
			}
		}
	}
}

// forget removes the ids whose until lies before at.
func (l *spentIDs) forget(at time.Time) (n int, err error) {
	it, err := l.s.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{spaceSpentEnd},
		UpperBound: appendTime([]byte{spaceSpentEnd}, nanosOf(at)),
	})
	if err != nil {
		return 0, err
	}
	var b *pebble.Batch
	flush := func() {
		if b != nil {
			l.s.committer.add(turn{batch: b, dueAt: math.MaxInt64, durability: Async, bytes: b.Len()})
			b = nil
		}
	}
	for ok := it.First(); ok; ok = it.Next() {
		end := it.Key()
		if b == nil {
			b = l.s.db.NewBatch()
		}
		must(b.Delete(end, nil))
		must(b.Delete(append([]byte{spaceSpent}, end[1+8:]...), nil))
		if n++; n%cleanAtOne == 0 {
			flush()
		}
	}
	flush()
	return n, errors.Join(it.Error(), it.Close())
}
