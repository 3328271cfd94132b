package persistence

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidwall/btree"
)

// Rows is one actor's ordered map of rows while it is awake. It belongs to its actor's turn: none of its
// methods may be called by two goroutines at once, but InFlight.
//
// Logged rows (their table, the key's first byte, is below Direct) are held in one of two ways:
//
//   - whole: rows has every logged row of the actor, and nothing is read from the disk. So it is while
//     the state is small.
//   - else: rows has only what changed since the last checkpoint, removals included, and all else is read
//     from its place on the disk when asked for. A checkpoint on its way is kept apart, in frozen, until
//     it can be read from the disk. What was read or written lately may be in cache, as it is on the disk.
//
// Which of the two was awake cannot be told from outside. Direct rows are on the disk, but for those on
// their way there.
type Rows struct {
	s       *Store
	address Address
	id      uint64 // zero: not given yet
	created bool   // the name and meta are on disk, or on their way
	whole   bool

	epoch    uint64 // before mixing; zero: never written
	seq      uint64 // last change applied
	sealed   uint64 // last change handed over
	snapshot uint64 // last change that a checkpoint covers
	due      int64  // ns, zero: none
	dueDisk  int64  // as in the due-time index, when all that was handed over is there
	size     uint64 // of the logged rows, keys and values
	tail     int    // bytes of living entries

	rows         table
	frozen       *table
	frozenTicket uint64
	cache        *cachePart // nil: nothing yet
	direct       *table     // direct rows on their way; nil: none
	onTheWay     []passage
	scans        int    // scans in progress: nothing may be let go
	memoKey      string // the row read from the disk last, and what it measures
	memoSize     int
	forgotten    uint64 // ticket of the last commit that removed rows which memory does not remember as removed

	turn *turnState // what Commit will seal; nil: nothing

	ticket   uint64        // commits handed over
	settled  uint64        // what applied was when it was looked at last
	applied  atomic.Uint64 // commits that can be read from the disk; the committer counts
	inFlight atomic.Int32  // commits handed over and not done; the completer counts down
}

// A table is an ordered map of rows. With a few dozen rows its one node is a sorted slice.
type table = btree.Map[string, row]

// A row is a value, or the memory of a removal, and when it came to be: for a logged row the number of
// its change, for a direct row the ticket of its commit.
type row struct {
	value []byte
	mark  uint64
}

const (
	rowGone   = 1 << iota // removed
	rowStored             // there is, or may be, a row on disk beneath it
	rowShift  = iota
)

func (w row) gone() bool     { return w.mark&rowGone != 0 }
func (w row) number() uint64 { return w.mark >> rowShift }

// measure is what a row counts for in the size of its actor's state.
func (w row) measure(key string) uint64 {
	if w.gone() {
		return 0
	}
	return uint64(len(key) + len(w.value))
}

// A passage is a direct row that can be let go when its commit has been applied.
type passage struct {
	key    string
	ticket uint64
}

// Address names the actor.
func (r *Rows) Address() Address { return r.address }

// Epoch tells histories apart that have nothing to do with each other: it is set when the actor is first
// written, and another after DeleteAll, and for every actor after Restore. Numbers mean something only
// together with it. Zero: never written. Always below 2^53.
func (r *Rows) Epoch() uint64 {
	if r.epoch == 0 {
		return 0
	}
	return mixEpoch(r.epoch, r.s.generation)
}

// Generation tells the histories of a store apart: it is another one after Restore.
func (r *Rows) Generation() uint64 { return r.s.generation }

// Seq is the number of the last change, durable or not; zero if there was none.
func (r *Rows) Seq() uint64 { return r.seq }

// Due is the time set by SetDue, durable or not; zero if there is none.
func (r *Rows) Due() time.Time { return timeOf(r.due) }

// SetDue says when the actor must be woken at the latest; zero is never. It rides, with its row in the
// due-time index, in the next Commit, and is reason enough for one. It takes no number. Times are kept
// to the nanosecond within the years 1678 to 2262, and are moved to the nearest end beyond.
func (r *Rows) SetDue(t time.Time) { r.due = nanosOf(t) }

// Get returns a row's value, nil if there is none; a row of no bytes is not nil. The value never changes
// and may be kept. Changes that were applied and not yet committed are seen.
//
// Errors: ErrInvalid for an empty key, ErrClosed, or the disk's.
func (r *Rows) Get(key string) ([]byte, error) {
	if key == "" {
		return nil, fmt.Errorf("%w: a row without a key", ErrInvalid)
	}
	r.settle()
	if isDirect(key) {
		if r.direct != nil {
			if w, ok := r.direct.Get(key); ok {
				return w.value, nil
			}
		}
		return r.read(key)
	}
	if w, ok := r.held(key); ok {
		return w.value, nil
	}
	if r.whole {
		return nil, nil
	}
	value, err := r.look(key)
	if err == nil {
		r.memoKey, r.memoSize = key, measured(key, value)
	}
	return value, err
}

// look gets a logged row that lies on the disk.
func (r *Rows) look(key string) (value []byte, err error) {
	if value = r.cache.get(key); value != nil {
		return value, nil
	}
	if value, err = r.read(key); value != nil {
		r.keep(strings.Clone(key), value)
	}
	return value, err
}

// keep puts a row into the cache as it is on the disk.
func (r *Rows) keep(key string, value []byte) {
	if r.cache == nil {
		r.cache = r.s.cache.part()
	}
	r.cache.put(key, value)
}

// held looks a logged row up in memory.
func (r *Rows) held(key string) (row, bool) {
	w, ok := r.rows.Get(key)
	if !ok && r.frozen != nil {
		w, ok = r.frozen.Get(key)
	}
	return w, ok
}

// read gets a row from the disk.
func (r *Rows) read(key string) ([]byte, error) {
	if !r.created {
		return nil, nil
	}
	var room [64]byte
	value, err := r.s.get(appendRowKey(room[:0], r.id, key))
	if err != nil {
		return nil, fmt.Errorf("read a row of %v: %w", r.address, err)
	}
	return value, nil
}

// measured is what a row on disk counts for.
func measured(key string, value []byte) int {
	if value == nil {
		return 0
	}
	return len(key) + len(value)
}

// settle lets go of what can be read from the disk by now.
func (r *Rows) settle() {
	applied := r.applied.Load()
	if applied == r.settled || r.scans > 0 {
		return
	}
	r.settled = applied
	if r.frozen != nil && r.frozenTicket <= applied {
		r.frozen.Scan(func(key string, w row) bool {
			switch {
			case !w.gone():
				r.keep(key, w.value)
			case r.cache != nil:
				r.cache.drop(key)
			}
			return true
		})
		r.frozen = nil
	}
	n := 0
	for n < len(r.onTheWay) && r.onTheWay[n].ticket <= applied {
		p := r.onTheWay[n]
		if w, ok := r.direct.Get(p.key); ok && w.number() == p.ticket {
			r.direct.Delete(p.key)
		}
		n++
	}
	if r.onTheWay = r.onTheWay[n:]; len(r.onTheWay) == 0 {
		r.onTheWay, r.direct = nil, nil
	}
}

// InFlight is the number of commits handed over and not yet done. Any goroutine may call it.
func (r *Rows) InFlight() int { return int(r.inFlight.Load()) }

// Close forgets the actor's memory; its address may be woken again at once, even while commits are in
// flight. It makes a checkpoint if many entries would have to be read to wake the actor. Nothing may be
// pending: that would be lost unseen, and panics. Rows must not be used any more.
func (r *Rows) Close() {
	if ops, _ := r.Pending(); ops > 0 || r.due != r.dueDisk {
		panic(fmt.Sprintf("persistence: %v closed with %d writes pending", r.address, ops))
	}
	r.settle()
	r.tidy()
	r.Discard()
}

// Discard is Close for an actor whose turn has failed: what was applied since the last Commit is dropped.
func (r *Rows) Discard() {
	r.s.leave(r)
	r.cache.close()
	if r.turn != nil {
		r.turn.drop()
	}
	r.turn, r.frozen, r.cache, r.direct, r.onTheWay, r.rows = nil, nil, nil, nil, nil, table{}
	r.s = nil
}
