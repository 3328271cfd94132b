package apps

import (
	"sync"
	"time"
)

const (
	// seldomEvery is the least time between two lines in the log on one thing.
	seldomEvery = time.Minute
	// maxSeldom bounds what is told of within a minute, since names come from a table's rows.
	maxSeldom = 10_000
)

// Seldom keeps a fault of one row, which every lookup finds again, to one line in the log a minute. Beyond 10,000
// names a minute, lines are left out. The zero value is ready, and may be used from many goroutines.
type Seldom struct {
	mu          sync.Mutex
	began       time.Time            // of now
	now, before map[string]time.Time // when each name was told of last: before ends when now is as old as that
}

// Allow reports whether a line about this name is due, and if so counts it as written.
func (s *Seldom) Allow(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.began) >= seldomEvery {
		s.began, s.before, s.now = now, s.now, map[string]time.Time{}
	}
	last, ok := s.now[name]
	if !ok {
		last, ok = s.before[name]
	}
	if ok && now.Sub(last) < seldomEvery || len(s.now) >= maxSeldom {
		return false
	}
	s.now[name] = now
	return true
}
