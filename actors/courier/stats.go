package courier

import "time"

// Stats are a courier's counts of this moment.
type Stats struct {
	Backlog   int             // events in the outbox
	Over      bool            // that is over its bound
	Dead      int             // dead letters
	Endpoints []EndpointStats // the keeper of occurrences is the last
}

// EndpointStats are one endpoint's. Sent, Failed, Retried and Buried count since the start; a keeper knows for itself
// what has failed, and has Sent what it is done with.
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
		x := e.stats(now, last)
		x.Down = e.isDown.Load()
		x.Sent, x.Failed, x.Retried, x.Buried = e.sent.Load(), e.failed.Load(), e.retried.Load(), e.buried.Load()
		s.Endpoints = append(s.Endpoints, x)
	}
	if k := c.keeping; k != nil {
		x := k.stats(now, last)
		x.Sent = k.sent.Load()
		s.Endpoints = append(s.Endpoints, x)
	}
	return s
}

// stats are those that there are of endpoints and keepers alike.
func (p *progress) stats(now time.Time, last uint64) EndpointStats {
	x := EndpointStats{Name: p.name, Queued: len(p.open)}
	if last > p.pos {
		x.Queued += int(last - p.pos)
	}
	for _, queued := range p.open {
		x.Lag = max(x.Lag, now.Sub(time.UnixMilli(queued)))
	}
	return x
}
