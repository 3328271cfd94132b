package actors

import (
	"sync"
	"sync/atomic"
	"time"
)

// The paces of risers: how many times slower than real time they go while the wall clock is behind them.
// A channel that sleeps and wakes meanwhile, which takes a tenth of a second at least, must wake in a later
// millisecond by its stamps.
const (
	nowPace   = 2
	stampPace = 100
)

// A riser follows the wall clock, and never goes back: when the wall clock is behind, it goes on slowly
// until that has caught up.
type riser struct {
	pace time.Duration
	high atomic.Int64 // the highest time told, Unix nanoseconds

	mu     sync.Mutex
	told   int64     // high, when it was last told by the slow pace
	from   int64     // high, when the wall was first seen behind
	behind time.Time // that moment, by its monotonic reading
}

// read returns the riser's time, in UTC, at a reading of the machine's clock.
func (r *riser) read(reading time.Time) time.Time {
	wall := reading.UnixNano()
	for {
		high := r.high.Load()
		if wall < high {
			return r.slow(reading)
		}
		if wall == high || r.high.CompareAndSwap(high, wall) {
			return time.Unix(0, wall).UTC()
		}
	}
}

func (r *riser) slow(reading time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	high := r.high.Load()
	if high != r.told {
		r.from, r.behind = high, reading
	}
	at := max(r.from+int64(reading.Sub(r.behind)/r.pace), reading.UnixNano(), high)
	r.told = at
	for !r.high.CompareAndSwap(high, at) {
		if high = r.high.Load(); high > at {
			return time.Unix(0, high).UTC()
		}
	}
	return time.Unix(0, at).UTC()
}
