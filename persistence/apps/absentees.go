package apps

import (
	"slices"
	"time"
)

// absentees are names that were not found a moment ago. All are remembered equally long, so that the oldest run
// out first.
type absentees struct {
	until map[name]time.Time
	queue []name // from head on, in the order in which they run out; some may be forgotten meanwhile
	head  int
	bound int
}

func (a *absentees) has(n name, now time.Time) bool {
	until, ok := a.until[n]
	return ok && now.Before(until)
}

// add remembers n, and lets go of what ran out, and of the oldest where there are too many.
func (a *absentees) add(n name, now time.Time, ttl time.Duration) {
	for a.head < len(a.queue) {
		// A name that was forgotten and is back stands in the queue twice; it then loses a part of its time.
		if oldest := a.queue[a.head]; len(a.queue)-a.head < a.bound && a.has(oldest, now) {
			break
		} else {
			delete(a.until, oldest)
		}
		a.head++
	}
	if a.head > len(a.queue)/2 {
		a.queue = slices.Delete(a.queue, 0, a.head)
		a.head = 0
	}
	a.until[n] = now.Add(ttl)
	a.queue = append(a.queue, n)
}

func (a *absentees) forget(n name) { delete(a.until, n) }

func (a *absentees) forgetAll() {
	clear(a.until)
	a.queue, a.head = nil, 0
}
