package webhooks

import (
	"container/heap"
	"time"
)

// An alarm calls ring once when its time has come. Its owner sets it again.
type alarm struct {
	at   time.Time // zero: it is not set
	ring func(now time.Time)
	i    int // in the heap
}

// alarms is a container/heap with the earliest first.
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *alarms) Push(x any) {
	a := x.(*alarm)
	a.i = len(*h)
	*h = append(*h, a)
}

func (h *alarms) Pop() any {
	last := len(*h) - 1
	a := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return a
}

// set moves an alarm to a time; with zero it does not ring.
func (h *alarms) set(a *alarm, at time.Time) {
	was := a.at
	switch a.at = at; {
	case was.Equal(at):
	case was.IsZero():
		heap.Push(h, a)
	case at.IsZero():
		heap.Remove(h, a.i)
	default:
		heap.Fix(h, a.i)
	}
}

// next says when the first one is to ring; zero: none is.
func (h alarms) next() time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	return h[0].at
}

// ring rings those whose time has come.
func (h *alarms) ring(now time.Time) {
	for len(*h) > 0 && !now.Before((*h)[0].at) {
		a := (*h)[0]
		h.set(a, time.Time{})
		a.ring(now)
	}
}
