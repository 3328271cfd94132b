package courier

import "time"

// Stats are a courier's counts of this moment.
type Stats struct {
	Backlog   int  // events in the outbox
	Over      bool // that is over its bound
	Dead      int  // dead letters
	Endpoints []EndpointStats
}

// EndpointStats are one endpoint's. Sent, Failed, Retried and Buried count since the start.
type EndpointStats struct {
	Name    string
	Queued  int           // events that it has not settled, those among them that it does not want
	Lag     time.Duration // how long the oldest event in its hands has waited; zero: none
	Sent    uint64        // events that it has
	Failed  uint64        // attempts
	Retried uint64        // attempts that were not an event's first
	Buried  uint64        // events that became dead letters
	Down    bool          // one event at a time is tried
}

// Stats may be called from any goroutine, as often as a scrape needs.
func (c *Courier) Stats() Stats {
	now, last := time.Now(), c.outbox.Last()
	s := Stats{Backlog: c.outbox.Len(), Over: c.over.Load(), Dead: c.outbox.DeadLen()}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.endpoints {
		x := EndpointStats{
			Name: e.name, Queued: len(e.open), Down: e.isDown.Load(),
			Sent: e.sent.Load(), Failed: e.failed.Load(), Retried: e.retried.Load(), Buried: e.buried.Load(),
		}
		if last > e.pos {
			x.Queued += int(last - e.pos)
		}
		for _, queued := range e.open {
			x.Lag = max(x.Lag, now.Sub(time.UnixMilli(queued)))
		}
		s.Endpoints = append(s.Endpoints, x)
	}
	return s
}
