package apps

import (
	"maps"
	"sync"
	"time"
)

// complaints are the log's lines on records that are no apps: one a minute for each, since such a record may
// be asked for by every client that comes back.
type complaints struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// complainEvery is the least time between two lines on one thing.
const complainEvery = time.Minute

// maxComplaints bounds how many apps are remembered. Beyond it, lines are left out; the Listener hears all.
const maxComplaints = 10_000

func (c *complaints) due(app string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if last, ok := c.last[app]; ok && now.Sub(last) < complainEvery {
		return false
	}
	if len(c.last) >= maxComplaints {
		maps.DeleteFunc(c.last, func(_ string, last time.Time) bool { return now.Sub(last) >= complainEvery })
		if len(c.last) >= maxComplaints {
			return false
		}
	}
	if c.last == nil {
		c.last = map[string]time.Time{}
	}
	c.last[app] = now
	return true
}

// complain tells of a record that is no app, or none that was asked for.
func (c *Cache) complain(n name, r Record, err error) {
	app := fieldID.text(r)
	if app == "" {
		app = n.text
	}
	if f := c.o.Listener.Invalid; f != nil {
		f(app, err)
	}
	if c.complaints.due(app, time.Now()) {
		c.o.Logger.Error("app record cannot be used, the app is unknown", "app", app, "err", err)
	}
}
