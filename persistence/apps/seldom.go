package apps

import (
	"sync"
	"time"
)

// seldomEvery is how often the same thing is worth a line.
const seldomEvery = time.Minute

// seldomNames bounds what a Seldom remembers. Names come from a table's rows; beyond, it forgets all, and some lines
// come once too often.
const seldomNames = 1000

// A Seldom keeps a fault of one row, found at each lookup, to one line in the log a minute. The zero value is ready,
// and may be used from many goroutines.
type Seldom struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// Allow reports whether a line about this name is due, and if so counts it as written.
func (s *Seldom) Allow(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if last, ok := s.last[name]; ok && now.Sub(last) < seldomEvery {
		return false
	}
	if s.last == nil || len(s.last) >= seldomNames {
		s.last = map[string]time.Time{}
	}
	s.last[name] = now
	return true
}
