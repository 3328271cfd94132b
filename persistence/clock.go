package persistence

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// The clock floor keeps ids made of time from going back when a machine's clock does, across restarts. A
// time no lower than any that is used is on disk before: written ahead, so that one write serves for many.
type clock struct {
	floor time.Time    // as found at Open
	safe  atomic.Int64 // on disk

	mu      sync.Mutex
	asked   int64         // on disk or on its way; the writes of it only grow
	written chan struct{} // closed when asked is on disk
}

func (c *clock) open(s *Store) error {
	value, err := s.get([]byte(rowClock))
	if err != nil || value == nil {
		return err
	}
	if len(value) != 8 {
		return fmt.Errorf("%w: clock %x", ErrCorrupt, value)
	}
	c.asked = decodeTime(value)
	c.floor = timeOf(c.asked)
	c.safe.Store(c.asked)
	return nil
}

// ClockFloor is a time no lower than any that NoteClock was given before the store was last closed or cut
// off; zero for a new store. It does not change while the store is open.
func (s *Store) ClockFloor() time.Time { return s.clock.floor }

// NoteClock makes sure that the ClockFloor of every later Open is at least t. Call it before an id made of
// t is handed out. It asks the disk for ahead more than that, so that the next calls need not wait, and the
// next Open begins that much later, at most; once half of it is used up, more is asked for without anyone
// waiting.
//
// Errors: ErrClosed, ErrReadOnly if nothing at all can be written: then t must not be used.
func (s *Store) NoteClock(t time.Time, ahead time.Duration) error {
	c, at := &s.clock, nanosOf(t)
	if at <= c.safe.Load()-int64(ahead/2) {
		return nil
	}
	if err := s.alive(); err != nil {
		return err
	}
	if s.frozen {
		return ErrReadOnly
	}
	c.mu.Lock()
	if at > c.asked-int64(ahead/2) {
		c.asked, c.written = at+int64(ahead), make(chan struct{})
		s.writeClock(c.asked, c.written)
	}
	written := c.written
	c.mu.Unlock()
	if at <= c.safe.Load() {
		return nil
	}
	select {
	case <-written:
		return nil
	case <-s.dead:
	case <-s.committer.done:
	}
	return ErrClosed
}

func (s *Store) writeClock(at int64, written chan struct{}) {
	b := s.db.NewBatch()
	must(b.Set([]byte(rowClock), appendTime(nil, at), nil))
	s.committer.add(turn{batch: b, dueAt: math.MaxInt64, durability: Sync, bytes: b.Len(), done: func() {
		s.clock.safe.Store(at)
		close(written)
	}})
}
