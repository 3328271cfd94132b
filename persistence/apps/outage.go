package apps

import (
	"sync"
	"time"
)

// outage is whether the source answers, and when that was last logged.
type outage struct {
	mu     sync.Mutex
	down   bool
	logged time.Time // the last line that said so
	since  time.Time
}

// failed notes that the source did not answer.
func (o *outage) failed(c *Cache, err error, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		o.down, o.since = true, now
		o.tell(c, true, err)
	}
	if o.logged.IsZero() || now.Sub(o.logged) >= seldomEvery {
		o.logged = now
		c.o.Logger.Error("app store does not answer, known apps are served on", "since", o.since, "err", err)
	}
}

// answered notes that it did.
func (o *outage) answered(c *Cache, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		return
	}
	o.down = false
	o.tell(c, false, nil)
	if !o.logged.Before(o.since) { // else the outage was so short after the last that nobody was told
		c.o.Logger.Info("app store answers again", "after", now.Sub(o.since))
	}
}

func (o *outage) tell(c *Cache, down bool, err error) {
	if f := c.o.Listener.Outage; f != nil {
		f(down, err)
	}
}
