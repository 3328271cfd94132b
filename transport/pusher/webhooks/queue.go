package webhooks

import (
	"container/heap"
	"container/list"
	"slices"
	"time"

	"dormouse/claims"
)

const (
	// batchEvents and batchBytes bound one request's events, and the size of their data. One event alone may be larger.
	batchEvents = 100
	batchBytes  = 256 << 10
)

// A queue is what one webhook is still to be told, in lanes: a lane is a channel's events, in order. An event's lane is
// busy while the event is on its way, or waits to be tried again, so that nothing passes it.
type queue struct {
	s      *scheduler
	t      *tenant
	hook   claims.Webhook
	target string // tells it apart among the app's
	closed Loss   // why nothing is sent any more; "": it is

	order   *list.List // of *item, in the order in which they were queued
	lanes   map[string]*lane
	ready   laneHeap // that are not busy
	events  int      // in lanes that are ready
	bytes   int      // of their data
	waiting parcelHeap
	pile    pile
	alarm   alarm
	health

	flying int  // parcels
	inLine bool // for a place among the scheduler's flights
}

// An item is one occurrence in one queue.
type item struct {
	o      *occurrence
	seq    uint64
	since  time.Time
	lane   *lane
	parcel *parcel       // nil: it is in its lane
	place  *list.Element // in the queue's order
}

// A lane is the events of one channel that are in no parcel yet.
type lane struct {
	channel string
	items   []*item
	bytes   int
	busy    *parcel // nil: it is ready, if it has items
	i       int     // among those that are ready
}

// A parcel is what is in one request, and stays together when that is made again.
type parcel struct {
	queue    *queue
	app      *claims.App    // as they are at this attempt
	hook     claims.Webhook // likewise
	items    []*item
	lanes    []*lane
	attempts int
	failedIn int // the row of failures that it is part of
	firstAt  time.Time
	at       time.Time // of the next attempt
	flying   bool
	probe    bool
	i        int // among those that wait
}

func newQueue(t *tenant) *queue {
	q := &queue{s: t.s, t: t, order: list.New(), lanes: map[string]*lane{}, health: health{width: 1, row: 1}}
	q.pile.drop, q.alarm.ring = q.dropOldest, q.pump
	return q
}

// add queues an occurrence.
func (q *queue) add(o *occurrence, now time.Time) {
	q.s.seq++
	it := &item{o: o, seq: q.s.seq, since: now}
	it.place = q.order.PushBack(it)
	if it.lane = q.lanes[o.channel]; it.lane == nil {
		it.lane = &lane{channel: o.channel}
		q.lanes[o.channel] = it.lane
	}
	l := it.lane
	l.items, l.bytes = append(l.items, it), l.bytes+len(o.data)
	if l.busy == nil {
		q.events, q.bytes = q.events+1, q.bytes+len(o.data)
		if len(l.items) == 1 {
			heap.Push(&q.ready, l)
		}
	}
	o.waits++
	q.s.piles.add(&q.pile, 1, o.size())
	for q.pile.events > q.s.o.QueueEvents || q.pile.bytes > q.s.o.QueueBytes {
		if !q.dropOldest() {
			break
		}
	}
}

// leave takes an item out of the queue, which is in no lane and in no parcel any more.
func (q *queue) leave(it *item) {
	q.order.Remove(it.place)
	q.s.piles.add(&q.pile, -1, it.o.size())
	q.s.let(it.o)
}

// shift takes the first item out of a lane that is ready.
func (q *queue) shift(l *lane) *item {
	it := l.items[0]
	l.items[0] = nil
	l.items, l.bytes = l.items[1:], l.bytes-len(it.o.data)
	q.events, q.bytes = q.events-1, q.bytes-len(it.o.data)
	if len(l.items) == 0 {
		l.items = nil
		heap.Remove(&q.ready, l.i)
	} else {
		heap.Fix(&q.ready, l.i)
	}
	return it
}

// cut makes a parcel of the oldest events of lanes that are ready, of which there is one at least.
func (q *queue) cut() *parcel {
	most := 1
	if q.s.o.Batch {
		most = batchEvents
	}
	p, size := &parcel{queue: q}, 0
	for len(q.ready) > 0 && len(p.items) < most {
		l := q.ready[0]
		size += len(l.items[0].o.data) + 1
		if len(p.items) > 0 && size > batchBytes {
			break
		}
		it := q.shift(l)
		it.parcel = p
		if p.items = append(p.items, it); l.busy == nil {
			l.busy = p
			p.lanes = append(p.lanes, l)
		}
	}
	for _, l := range p.lanes {
		if len(l.items) > 0 {
			heap.Remove(&q.ready, l.i)
			q.events, q.bytes = q.events-len(l.items), q.bytes-l.bytes
		}
	}
	return p
}

// free lets a parcel's lanes go on.
func (q *queue) free(p *parcel) {
	for _, l := range p.lanes {
		l.busy = nil
		if len(l.items) == 0 {
			delete(q.lanes, l.channel)
			continue
		}
		heap.Push(&q.ready, l)
		q.events, q.bytes = q.events+len(l.items), q.bytes+l.bytes
	}
	p.lanes = nil
}

// drop takes an item out that is not on its way.
func (q *queue) drop(it *item) {
	if p := it.parcel; p != nil {
		p.items = without(p.items, it)
		if len(p.items) == 0 {
			heap.Remove(&q.waiting, p.i)
			q.free(p)
		}
		q.leave(it)
		return
	}
	l := it.lane
	l.items = without(l.items, it)
	l.bytes -= len(it.o.data)
	if l.busy == nil {
		q.events, q.bytes = q.events-1, q.bytes-len(it.o.data)
		if len(l.items) == 0 {
			heap.Remove(&q.ready, l.i)
			delete(q.lanes, l.channel)
		} else {
			heap.Fix(&q.ready, l.i)
		}
	}
	q.leave(it)
}

// without takes an item out of some; mostly it is the first.
func without(items []*item, it *item) []*item {
	if items[0] == it {
		items[0] = nil
		return items[1:]
	}
	i := slices.Index(items, it)
	return slices.Delete(items, i, i+1)
}

// dropWhere drops the items that are not on their way and are picked, until pick has no more of them, and says how
// many that were.
func (q *queue) dropWhere(pick func(*item) (yes, more bool)) (n int) {
	var next *list.Element
	for e := q.order.Front(); e != nil; e = next {
		next = e.Next()
		it := e.Value.(*item)
		if it.parcel != nil && it.parcel.flying {
			continue
		}
		yes, more := pick(it)
		if yes {
			q.drop(it)
			n++
		}
		if !more {
			break
		}
	}
	return n
}

// dropOldest makes room.
func (q *queue) dropOldest() bool {
	n := q.dropWhere(func(*item) (yes, more bool) { return true, false })
	q.lost(n, LostFull)
	return n > 0
}

// lost tells of what was dropped.
func (q *queue) lost(n int, why Loss) {
	if n > 0 {
		q.s.o.Listener.Lost(q.t.id, label(&q.hook), n, why)
	}
}

// redefine makes a webhook's definition anew what counts. What it does not want any more is not sent.
func (q *queue) redefine(hook *claims.Webhook) {
	q.hook = *hook
	q.dropWhere(func(it *item) (yes, more bool) { return !wants(hook, it.o.name, it.o.channel), true })
}

// close drops all that is not on its way, and sends nothing any more.
func (q *queue) close(why Loss) {
	q.lost(q.dropWhere(func(*item) (yes, more bool) { return true, true }), why)
	if q.isDown() {
		q.s.down--
	}
	q.s.alarms.set(&q.alarm, time.Time{})
	q.health = health{width: 1}
	q.closed = why
	if q.closed == "" {
		q.closed = LostRemoved
	}
	if q.flying > 0 {
		q.t.leaving++
	}
}

// laneHeap is a container/heap with the lane first whose first item is the oldest.
type laneHeap []*lane

func (h laneHeap) Len() int           { return len(h) }
func (h laneHeap) Less(i, j int) bool { return h[i].items[0].seq < h[j].items[0].seq }

func (h laneHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *laneHeap) Push(x any) {
	l := x.(*lane)
	l.i = len(*h)
	*h = append(*h, l)
}

func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	l := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return l
}

// parcelHeap is a container/heap with the parcel first that is tried again first.
type parcelHeap []*parcel

func (h parcelHeap) Len() int           { return len(h) }
func (h parcelHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h parcelHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *parcelHeap) Push(x any) {
	p := x.(*parcel)
	p.i = len(*h)
	*h = append(*h, p)
}

func (h *parcelHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return p
}
