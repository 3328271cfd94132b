package apps

import (
	"container/heap"
	"container/list"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"dormouse/claims"
)

// An entry is one app in the cache. The cache's lock guards it; app may also be read without.
type entry struct {
	id  string
	app atomic.Pointer[claims.App] // nil: gone, and no longer in the cache
	key string                     // by which it is found in Cache.keys; "" if by none

	readAt  time.Time // when the source last said what app is
	due     time.Time // when it is to be read again; zero: never
	goneAt  time.Time // when it was first not found; zero: it was found
	failing bool      // the last reading failed
	stale   bool      // app is known to be old: somebody said so, see Cache.Refresh
	asked   uint64    // how often somebody said so
	warned  string    // what was logged about its record

	watches []*watch
	recent  *list.Element // in Cache.recent; nil while it is watched
	at      int           // in Cache.due, else -1
}

func (e *entry) isDue(now time.Time) bool { return !e.due.IsZero() && !now.Before(e.due) }

// admit makes an entry for an app that has none. It returns nil if there is no room for it.
func (c *Cache) admit(app *claims.App, now time.Time) *entry {
	if len(c.ids) >= c.o.Apps {
		last := c.recent.Back()
		if last == nil { // all are watched
			c.evicted(app.ID)
			return nil
		}
		old := last.Value.(*entry)
		c.evicted(old.id)
		c.remove(old)
	}
	e := &entry{id: app.ID, at: -1}
	e.app.Store(app)
	e.recent = c.recent.PushFront(e)
	c.ids[e.id] = e
	c.absent.forget(byID(app.ID))
	c.fresh(e, now)
	return e
}

// remove takes e out of the cache. Watches of it may still be told.
func (c *Cache) remove(e *entry) {
	delete(c.ids, e.id)
	c.unname(e)
	c.unplan(e)
	if e.recent != nil {
		c.recent.Remove(e.recent)
		e.recent = nil
	}
}

// fresh notes that e was read.
func (c *Cache) fresh(e *entry, now time.Time) {
	e.readAt, e.goneAt, e.failing = now, time.Time{}, false
	e.due = time.Time{}
	if c.o.TTL >= 0 {
		e.due = now.Add(c.o.TTL)
	}
}

// named has key lead to e.
func (c *Cache) named(e *entry, key string) {
	if other := c.keys[key]; other != nil && other != e {
		other.key = ""
	}
	c.unname(e)
	e.key = key
	c.keys[key] = e
	c.absent.forget(byKey(key))
}

func (c *Cache) unname(e *entry) {
	if e.key != "" {
		delete(c.keys, e.key)
		e.key = ""
	}
}

// same reports whether two records say the same.
func same(a, b *claims.App) bool { return a == b || reflect.DeepEqual(a, b) }

// plan puts a watched entry where run finds it when it is due, unless a flight is under way that plans it at its
// end.
func (c *Cache) plan(e *entry) {
	c.unplan(e)
	if len(e.watches) > 0 && !e.due.IsZero() && c.ids[e.id] == e && c.flights[byID(e.id)] == nil {
		heap.Push(&c.due, e)
	}
}

func (c *Cache) unplan(e *entry) {
	if e.at >= 0 {
		heap.Remove(&c.due, e.at)
	}
}

// A schedule is a heap of entries by when they are due.
type schedule []*entry

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].at, s[j].at = i, j
}

// Push is heap's.
func (s *schedule) Push(x any) {
	e := x.(*entry)
	e.at = len(*s)
	*s = append(*s, e)
}

// Pop is heap's.
func (s *schedule) Pop() any {
	last := len(*s) - 1
	e := (*s)[last]
	e.at = -1
	*s = slices.Delete(*s, last, last+1)
	return e
}
