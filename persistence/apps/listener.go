package apps

import "time"

// A Listener is a set of functions that metrics and logs hang on. Each may be nil. They are called on several
// goroutines at once, some with locks held: they must neither block nor call the cache.
type Listener struct {
	// Lookup: an asker was answered.
	Lookup func(Outcome)
	// Read: the source answered (nil or ErrNoRecord) or did not (anything else).
	Read func(byKey bool, took time.Duration, err error)
	// Refused: CacheOptions.Reads was reached, or for a refresh CacheOptions.Refreshes, which then waits.
	Refused func(refresh bool)
	// Late: a watched app is read again so long after it was due.
	Late func(time.Duration)
	// Invalid: a record is no app, or not the one that was asked for.
	Invalid func(app string, err error)
	// Outage: the source ceased to answer (true), or answers again (false).
	Outage func(down bool, err error)
	// Evicted: an app gave way to another, or was not kept since all that are kept are watched.
	Evicted func(app string)
}

// Outcome is how a lookup ended, and a label in metrics.
type Outcome string

// Every outcome.
const (
	Hit         Outcome = "hit"         // from memory, fresh
	Stale       Outcome = "stale"       // from memory, while it is read again
	Waited      Outcome = "waited"      // after a reading
	Old         Outcome = "old"         // from memory, since the source did not answer
	Absent      Outcome = "absent"      // ErrNoApp
	Unavailable Outcome = "unavailable" // ErrAppsUnavailable
)

func (c *Cache) heard(o Outcome) {
	if f := c.o.Listener.Lookup; f != nil {
		f(o)
	}
}

func (c *Cache) refused(refresh bool) {
	if f := c.o.Listener.Refused; f != nil {
		f(refresh)
	}
}

func (c *Cache) evicted(app string) {
	if f := c.o.Listener.Evicted; f != nil {
		f(app)
	}
}

// CacheStats are what a cache holds at one moment.
type CacheStats struct {
	Apps      int // kept, the watched ones included; at most CacheOptions.Apps
	Watched   int
	Absent    int // names remembered as unknown
	Reads     int // under way for askers who wait
	Refreshes int // under way besides
}

// Stats says what the cache holds now.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{
		Apps:      len(c.ids),
		Watched:   len(c.ids) - c.recent.Len(),
		Absent:    len(c.absent.until),
		Reads:     c.reading[forAskers],
		Refreshes: c.reading[besides],
	}
}
