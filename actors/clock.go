package actors

import (
	"container/heap"
	"errors"
	"sync"
	"time"

	"dormouse/persistence"
)

// dueHorizon is how far ahead the clock reads the store's due-time index; dueOverlap is by how much a time
// may lie beyond that and still be kept when an actor notes it, because its commit may miss the read that
// comes next.
const (
	dueHorizon = time.Minute
	dueOverlap = time.Minute
)

// floorTick is how often the store is told how far the stamps may go until next time; wallAhead and
// standAhead are how far that is while the stamps go with now, and while they wait for it. A crash makes
// the next process begin that much later with its stamps, so the second is small: kills in quick succession
// must not add up.
const (
	floorTick  = 5 * time.Second
	wallAhead  = 3 * floorTick
	standAhead = wallAhead / stampPace
)

// A clock is the only thing in this package that asks for the time. It wakes durable actors when something
// of theirs is due, and connections at their deadlines. It tells three times:
//
//   - wall, the machine's, which may leap either way: what tokens are judged by, since their issuers have
//     nothing else;
//   - now, for deadlines and lifetimes: the wall clock while that goes forward; after it was set back, now
//     goes on at half pace until the wall has caught up, so nothing is due twice and nothing stands still;
//   - stamp, which ids are made of: it never goes back, not even over restarts, is never before now, and
//     nearly stands until the wall, or now, has caught up.
type clock struct {
	store *persistence.Store
	tell  func(Address)

	time  riser
	stamp riser

	mu      sync.Mutex
	alarms  alarmHeap
	horizon time.Time
	wake    chan struct{}
	stop    chan struct{}
	stopped sync.WaitGroup
}

// An alarm runs fire at a time. fire must not block.
type alarm struct {
	at    int64 // Unix nanoseconds of the clock's time
	fire  func()
	index int // in the heap; -1: it has fired, or was taken back
}

func newClock(store *persistence.Store, tell func(Address)) *clock {
	c := &clock{store: store, tell: tell, wake: make(chan struct{}, 1), stop: make(chan struct{})}
	c.time.pace, c.stamp.pace = nowPace, stampPace
	if floor := store.ClockFloor(); !floor.IsZero() {
		c.stamp.high.Store(floor.UnixNano())
	}
	return c
}

// wall returns the machine's time, in UTC.
func (c *clock) wall() time.Time { return time.Now().Round(0).UTC() }

// now returns the node's time, in UTC.
func (c *clock) now() time.Time { return c.time.read(time.Now()) }

// times returns now and stamp, in UTC.
func (c *clock) times() (now, stamp time.Time) {
	return c.read(time.Now())
}

// read returns now and stamp at a reading of the machine's clock. A scheduled message may have an id of the
// time at which it is due, and no later one may be before it: so the stamp goes with now when that is ahead.
func (c *clock) read(reading time.Time) (now, stamp time.Time) {
	now, stamp = c.time.read(reading), c.stamp.read(reading)
	if stamp.Before(now) {
		stamp = now
	}
	return now, stamp
}

// noteFloor lets the store know how far stamps may go until the next time it is called.
func (c *clock) noteFloor() error {
	now, stamp := c.read(time.Now())
	if stamp.After(now) {
		// It may have caught up before the next time.
		if err := c.store.NoteClock(stamp, standAhead); err != nil {
			return err
		}
	}
	return c.store.NoteClock(now, wallAhead)
}

// at runs fire once, at t or soon after, on the clock's goroutine. fire must not block.
func (c *clock) at(t time.Time, fire func()) *alarm {
	a := &alarm{at: t.UnixNano(), fire: fire}
	c.mu.Lock()
	heap.Push(&c.alarms, a)
	first := a.index == 0
	c.mu.Unlock()
	if first {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return a
}

// cancel takes an alarm back, so that what it holds on to may go. One that is nil or has fired is fine.
func (c *clock) cancel(a *alarm) {
	if a == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.index >= 0 {
		heap.Remove(&c.alarms, a.index)
	}
}

// waiting is how many alarms are set.
func (c *clock) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.alarms)
}

// after is at, counted from now.
func (c *clock) after(d time.Duration, fire func()) { c.at(c.now().Add(d), fire) }

// noteDue hears that a has something due at t, the zero time being never. It returns the alarm for it, or
// nil if that is so far off that it is left to the index on disk. Being told twice is harmless: an actor with
// nothing due does nothing.
func (c *clock) noteDue(t time.Time, a Address) *alarm {
	if t.IsZero() {
		return nil
	}
	c.mu.Lock()
	near := t.Before(c.horizon.Add(dueOverlap))
	c.mu.Unlock()
	if !near {
		return nil
	}
	return c.at(t, func() { c.tell(a) })
}

// begin reads what is due and starts the clock's goroutine.
func (c *clock) begin() error {
	// A store that cannot be written gives out no ids.
	if err := c.noteFloor(); err != nil && !errors.Is(err, persistence.ErrReadOnly) {
		return err
	}
	if err := c.readIndex(); err != nil {
		return err
	}
	c.stopped.Add(1)
	go c.run()
	return nil
}

func (c *clock) end() {
	close(c.stop)
	c.stopped.Wait()
}

// readIndex takes from the store what is due until a new horizon.
func (c *clock) readIndex() error {
	until := c.now().Add(dueHorizon)
	c.mu.Lock()
	c.horizon = until
	c.mu.Unlock()
	return c.store.Due(until, func(t time.Time, a Address) bool {
		c.at(t, func() { c.tell(a) })
		return true
	})
}

func (c *clock) run() {
	defer c.stopped.Done()
	index := time.NewTicker(dueHorizon / 2)
	defer index.Stop()
	floor := time.NewTicker(floorTick)
	defer floor.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-index.C:
			// The store logs its own read errors; what this read missed the next will find.
			_ = c.readIndex()
		case <-floor.C:
			_ = c.noteFloor() // closed, or read-only: no ids either way
		case <-c.wake:
		case <-next.C:
		}
		next.Reset(c.ring())
	}
}

// ring fires what is due and returns how long until the next alarm.
func (c *clock) ring() time.Duration {
	for {
		now := c.now().UnixNano()
		c.mu.Lock()
		if len(c.alarms) == 0 {
			c.mu.Unlock()
			return dueHorizon
		}
		if wait := c.alarms[0].at - now; wait > 0 {
			c.mu.Unlock()
			return time.Duration(wait)
		}
		a := heap.Pop(&c.alarms).(*alarm)
		c.mu.Unlock()
		a.fire()
	}
}

// alarmHeap is a container/heap with the earliest alarm first.
type alarmHeap []*alarm

func (h alarmHeap) Len() int           { return len(h) }
func (h alarmHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h alarmHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *alarmHeap) Push(x any) {
	a := x.(*alarm)
	a.index = len(*h)
	*h = append(*h, a)
}

func (h *alarmHeap) Pop() any {
	old := *h
	last := len(old) - 1
	a := old[last]
	old[last] = nil
	a.index = -1
	*h = old[:last]
	return a
}
