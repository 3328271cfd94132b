package apps

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"dormouse/claims"
)

// A watch is one caller's interest in an app.
type watch struct {
	entry   *entry
	changed func(*claims.App)
	stopped atomic.Bool

	mu   sync.Mutex // held while changed runs
	told *claims.App
}

// tell calls changed with what the app is now, if it was not told that yet. It always tells the newest state,
// so it does not matter who is first of several that call it.
func (w *watch) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.entry.app.Load(); now != w.told && !w.stopped.Load() {
		w.told = now
		w.changed(now)
	}
}

// Watch has the app read again every TTL for as long as it is watched, and keeps it in the cache; see
// [claims.AppWatcher]. An app may be watched several times; one watch for all its connections costs
// least. If its readings fail it is not gone, but tried again after RetryAfter.
func (c *Cache) Watch(app *claims.App, changed func(now *claims.App)) (stop func(), err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, unavailable(errClosed)
	}
	e := c.ids[app.ID]
	if e == nil {
		// It gave way to others, or is gone, since the caller looked it up: a reading will tell.
		now := time.Now()
		if e = c.admit(app, now); e == nil {
			return nil, unavailable(errFull)
		}
		e.stale, e.due = true, now
	}
	if e.recent != nil {
		c.recent.Remove(e.recent)
		e.recent = nil
	}
	w := &watch{entry: e, changed: changed, told: app}
	e.watches = append(e.watches, w)
	c.plan(e)
	c.wake()
	if now := e.app.Load(); same(now, app) {
		w.told = now
	} else {
		c.running.Go(w.tell)
	}
	return func() { c.stop(w) }, nil
}

func (c *Cache) stop(w *watch) {
	if w.stopped.Swap(true) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e := w.entry
	i := slices.Index(e.watches, w)
	e.watches = slices.Delete(e.watches, i, i+1)
	if len(e.watches) == 0 && c.ids[e.id] == e {
		c.unplan(e)
		e.recent = c.recent.PushFront(e)
	}
}

// watching is a copy of the watches, to be told without the lock.
func (e *entry) watching() []*watch { return slices.Clone(e.watches) }

// A change is what a reading found different.
type change struct {
	old, now *claims.App
	watches  []*watch
}

func (ch change) tell(onChange func(old, now *claims.App)) {
	if ch.old == nil {
		return
	}
	onChange(ch.old, ch.now)
	for _, w := range ch.watches {
		w.tell()
	}
}

// wake has run look again at what is due.
func (c *Cache) wake() {
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// idle is how long run sleeps if nothing is due.
const idle = time.Hour

// run reads watched apps when they are due.
func (c *Cache) run() {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for {
		timer.Reset(c.begin(time.Now()))
		select {
		case <-timer.C:
		case <-c.kick:
		case <-c.ctx.Done():
			return
		}
	}
}

// begin starts the readings that are due, the longest overdue first, and says when there will be more to do. When
// Refreshes are under way, the next one that ends wakes run.
func (c *Cache) begin(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.due) > 0 {
		e := c.due[0]
		if wait := e.due.Sub(now); wait > 0 {
			return wait
		}
		if c.closed || c.reading[besides] >= c.o.Refreshes {
			c.refused(true)
			break
		}
		if late := c.o.Listener.Late; late != nil {
			late(now.Sub(e.due))
		}
		c.unplan(e)
		c.fly(byID(e.id), besides)
	}
	return idle
}
