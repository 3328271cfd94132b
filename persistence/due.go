package persistence

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// The due index has one row for each actor that has to be woken at some time. What has passed leaves
// tombstones at its beginning, which a reader from the beginning would meet again and again, until Pebble
// merges them away. So it is read from a cursor: no row lies before it.
type dueIndex struct {
	scan sync.Mutex // one reader at a time

	mu      sync.Mutex
	cursor  int64
	lowered int64 // the least time that became readable since the scan in progress began
}

func (x *dueIndex) reset() { x.cursor, x.lowered = math.MinInt64, math.MaxInt64 }

// lower notes that a row at the time at can be read. A scan whose view is older must not set the cursor
// past it.
func (x *dueIndex) lower(at int64) {
	if at == math.MaxInt64 {
		return
	}
	x.mu.Lock()
	x.cursor, x.lowered = min(x.cursor, at), min(x.lowered, at)
	x.mu.Unlock()
}

func (x *dueIndex) begin() int64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lowered = math.MaxInt64
	return x.cursor
}

// end notes that a scan has found its first row at the time first.
func (x *dueIndex) end(first int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.cursor = min(first, x.lowered)
}

// Due visits the actors that are due at or before until, in order of time, until visit returns false. An
// actor stays due, and is visited again, until a commit of its own has changed its due time. visit must
// not call Due.
//
// Errors: ErrCorrupt, ErrClosed, or the disk's.
func (s *Store) Due(until time.Time, visit func(at time.Time, a Address) bool) error {
	if err := s.alive(); err != nil {
		return err
	}
	s.due.scan.Lock()
	defer s.due.scan.Unlock()
	cursor := s.due.begin()
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendDueKey(nil, cursor, 0),
		UpperBound: []byte{spaceDue + 1},
	})
	if err != nil {
		return err
	}
	first, err := readDue(it, nanosOf(until), visit)
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return err
	}
	s.due.end(first)
	return nil
}

// readDue visits rows up to until. first is the time of the first row, due or not.
func readDue(it *pebble.Iterator, until int64, visit func(time.Time, Address) bool) (first int64, err error) {
	first = math.MaxInt64
	for ok := it.First(); ok; ok = it.Next() {
		at, _, err := splitDueKey(it.Key())
		if err != nil {
			return first, err
		}
		first = min(first, at)
		if at > until {
			break
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return first, err
		}
		d := decoder{b: value}
		a := d.address()
		if d.bad {
			return first, ErrCorrupt
		}
		if !visit(timeOf(at), a) {
			break
		}
	}
	return first, nil
}
