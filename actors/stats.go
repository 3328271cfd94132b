package actors

import "sync/atomic"

// Stats are a node's counts since it began, but for the first two, which are as of now.
type Stats struct {
	Awake       int // durable actors in memory
	Connections int

	Commands   uint64 // of clients
	Turns      uint64 // that wrote something
	Deliveries uint64 // frames handed to sinks by channels
	Refusals   uint64
	Faults     uint64 // commands that failed for reasons of the server
	Panics     uint64
	Wakes      uint64
	Sleeps     uint64
}

type stats struct {
	commands, turns, deliveries, refusals, faults, panics, wakes, sleeps atomic.Uint64
}

// Stats may be called from any goroutine, as often as a scrape needs.
func (s *System) Stats() Stats {
	return Stats{
		Awake:       s.directory.len(),
		Connections: s.connections.len(),
		Commands:    s.stats.commands.Load(),
		Turns:       s.stats.turns.Load(),
		Deliveries:  s.stats.deliveries.Load(),
		Refusals:    s.stats.refusals.Load(),
		Faults:      s.stats.faults.Load(),
		Panics:      s.stats.panics.Load(),
		Wakes:       s.stats.wakes.Load(),
		Sleeps:      s.stats.sleeps.Load(),
	}
}
