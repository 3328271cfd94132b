package courier

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// The waits between attempts: full jitter below a bound that doubles from firstBackoff to maxBackoff, so that
// those who failed together do not come again together.
const (
	firstBackoff = time.Second
	maxBackoff   = 5 * time.Minute
	maxProbe     = time.Minute // between two attempts at an endpoint that is down
)

func backoff(attempts int) time.Duration { return jitter(attempts, maxBackoff) }

func jitter(attempts int, bound time.Duration) time.Duration {
	ceiling := bound
	if attempts < 20 {
		ceiling = min(bound, firstBackoff<<max(attempts-1, 0))
	}
	return time.Duration(rand.Int64N(int64(ceiling))) + time.Millisecond
}

const (
	// downAfter is how many attempts in a row must fail before an endpoint is down.
	downAfter = 5
	// asideAfter is how often an event must fail by itself before its lane goes on without it.
	asideAfter = 6
	// maxAside bounds the events of an endpoint that were put aside: with more, lanes wait.
	maxAside = 256
	// leastAttempts is how often an event is tried, however old it is, unless its endpoint has been down
	// for longDown.
	leastAttempts = 3
	longDown      = time.Hour
)

// Health is how an endpoint is doing.
type health struct {
	failures    int // in a row
	lastSuccess time.Time
	down        bool
	downSince   time.Time
	probes      int
	probeAt     time.Time
}

// mayTry says whether an attempt may begin: of a healthy endpoint any, else one, when it is time.
func (e *endpoint) mayTry(now time.Time, flying int) bool {
	return !e.down || flying == 0 && !now.Before(e.probeAt)
}

// succeeded notes that the endpoint took an event.
func (e *endpoint) succeeded(now time.Time) {
	e.lastSuccess = now
	e.isAlive(now)
}

// isAlive notes that it has answered like one that is well.
func (e *endpoint) isAlive(now time.Time) {
	e.failures = 0
	if !e.down {
		return
	}
	e.down, e.probes = false, 0
	e.isDown.Store(false)
	e.c.o.Listener.Down(e.name, false, "")
	// Whoever waits has failed because of this.
	for _, l := range e.waiting {
		l.at = now
	}
	heap.Init(&e.waiting)
}

// hasFailed notes that it did not, and gives it up for the moment if that goes on.
func (e *endpoint) hasFailed(now time.Time, r *Refusal) {
	switch {
	case r.Picky:
		e.isAlive(now)
		return
	case r.Final:
		return // it says nothing of the endpoint
	}
	e.failures++
	if e.down {
		e.probes++
		e.probeAt = now.Add(max(jitter(e.probes+3, maxProbe), min(r.After, maxBackoff)))
		return
	}
	if e.failures >= downAfter {
		e.down, e.downSince = true, now
		e.probeAt = now.Add(jitter(3, maxProbe))
		e.isDown.Store(true)
		e.c.o.Listener.Down(e.name, true, bounded(r.Reason))
	}
}

// givenUp says that an event has had its time.
func (e *endpoint) givenUp(p *parcel, now time.Time) bool {
	if now.Sub(time.UnixMilli(p.event.queued)) < e.c.o.RetryFor {
		return false
	}
	return p.attempts >= leastAttempts || e.down && now.Sub(e.downSince) >= longDown
}

// standsAlone says that an event fails for reasons of its own: its endpoint says so, or takes others.
func (e *endpoint) standsAlone(p *parcel, r *Refusal) bool {
	return p.attempts >= asideAfter && !e.down && (r.Picky || e.lastSuccess.After(p.failedAt))
}

// revive makes those lanes ready whose wait is over.
func (e *endpoint) revive(now time.Time) {
	for len(e.waiting) > 0 && !now.Before(e.waiting[0].at) {
		e.ready = append(e.ready, heap.Pop(&e.waiting).(*lane))
	}
}

// laneHeap is a container/heap with the earliest lane first.
type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h laneHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

func (h *laneHeap) Push(x any) { *h = append(*h, x.(*lane)) }

func (h *laneHeap) Pop() any {
	old := *h
	last := len(old) - 1
	l := old[last]
	old[last] = nil
	*h = old[:last]
	return l
}
