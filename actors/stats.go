package actors

import (
	"sync"
	"sync/atomic"
	"time"

	"dormouse/actors/channel"
)

// Stats are a node's counts since it began, but for Awake, Connections, Guests, Tenants, ReplayBytes, Revocations, Alarms and Tails,
// which are as of now.
type Stats struct {
	Awake       int // durable actors in memory
	Connections int // guests among them
	Guests      int // connections of tenants
	Tenants     int // that have a connection or an occupied channel

	Commands   uint64 // of clients
	Turns      uint64 // that wrote something
	Deliveries uint64 // frames handed to sinks by channels
	Published  uint64 // messages that channels took, those of schedules not among them
	Sets       uint64 // writes to channel storage that were taken, likewise
	Refusals   uint64
	RefusedBy  map[string]uint64 // the same, by code; a code that nothing was refused with is not in it
	Faults     uint64            // commands that failed for reasons of the server
	Panics     uint64
	Wakes      uint64
	Sleeps     uint64

	ReplayBytes  int    // kept by channels that are awake for clients that may come back, now
	Recovered    uint64 // clients that came back and were told exactly what they had missed
	NotRecovered uint64 // and those that were told that they may have missed something

	Scheduled    uint64        // schedules that were made
	Cancelled    uint64        // … and cancelled
	Ran          uint64        // runs of schedules; one that recurs has many
	RanLate      time.Duration // by how much they all were later than they were due
	FullRefusals uint64        // schedules that were refused because their channel had no room
	RateRefusals uint64        // … and because their connection made too many
	// … and because the tokens of their user made too many
	TokenRateRefusals uint64
	// Times that there were more such users than are remembered, and all were forgotten
	SchedulersForgotten uint64

	Revocations int // that are held, now
	Alarms      int // that the clock waits for, now

	Tails        int
	TailDropped  uint64 // frames that tails were too slow for
	TailsRefused uint64 // because there were too many

	Traces        uint64 // of commands that were written to the log
	TracesLimited uint64 // left out because there were more than 1,000 a second
}

type stats struct {
	commands, turns, deliveries, published, sets, faults, panics, wakes, sleeps, recovered, notRecovered atomic.Uint64

	scheduled, cancelled, ran, ranLate, full atomic.Uint64
	schedulesLimited, tokenSchedulesLimited  atomic.Uint64
	schedulersForgotten                      atomic.Uint64
	tailDropped, tailsRefused                atomic.Uint64
	traces, tracesLimited                    atomic.Uint64

	kept atomic.Int64

	refusals sync.Map // code to *atomic.Uint64
}

// refused counts a refusal. Its code is one of the server's own, never a client's word.
func (s *stats) refused(err *channel.Error) {
	n, ok := s.refusals.Load(err.Code)
	if !ok {
		n, _ = s.refusals.LoadOrStore(err.Code, new(atomic.Uint64))
	}
	n.(*atomic.Uint64).Add(1)
}

// refusedBy returns what refused has counted, by code and in all.
func (s *stats) refusedBy() (codes map[string]uint64, all uint64) {
	codes = map[string]uint64{}
	for code, n := range s.refusals.Range {
		codes[code.(string)] = n.(*atomic.Uint64).Load()
		all += codes[code.(string)]
	}
	return codes, all
}

// Stats may be called from any goroutine, as often as a scrape needs.
func (s *System) Stats() Stats {
	codes, refused := s.stats.refusedBy()
	guests := s.tenants.len()
	return Stats{
		Awake:       s.directory.len(),
		Connections: s.connections.len() + guests,
		Guests:      guests,
		Tenants:     s.tenants.size(),
		Commands:    s.stats.commands.Load(),
		Turns:       s.stats.turns.Load(),
		Deliveries:  s.stats.deliveries.Load(),
		Published:   s.stats.published.Load(),
		Sets:        s.stats.sets.Load(),
		Refusals:    refused,
		RefusedBy:   codes,
		Faults:      s.stats.faults.Load(),
		Panics:      s.stats.panics.Load(),
		Wakes:       s.stats.wakes.Load(),
		Sleeps:      s.stats.sleeps.Load(),

		ReplayBytes:  int(s.stats.kept.Load()),
		Recovered:    s.stats.recovered.Load(),
		NotRecovered: s.stats.notRecovered.Load(),

		Scheduled:    s.stats.scheduled.Load(),
		Cancelled:    s.stats.cancelled.Load(),
		Ran:          s.stats.ran.Load(),
		RanLate:      time.Duration(s.stats.ranLate.Load()),
		FullRefusals: s.stats.full.Load(),
		RateRefusals: s.stats.schedulesLimited.Load(),

		TokenRateRefusals:   s.stats.tokenSchedulesLimited.Load(),
		SchedulersForgotten: s.stats.schedulersForgotten.Load(),

		Revocations: s.revocations.len(),
		Alarms:      s.clock.waiting(),

		Tails:        int(s.tails.Load()),
		TailDropped:  s.stats.tailDropped.Load(),
		TailsRefused: s.stats.tailsRefused.Load(),

		Traces:        s.stats.traces.Load(),
		TracesLimited: s.stats.tracesLimited.Load(),
	}
}

// count counts a command that was decided, by what it is.
func (s *stats) count(cmd, result any, err error, seq uint64, now time.Time) {
	if err != nil {
		return
	}
	switch cmd.(type) {
	case *channel.Publish:
		s.published.Add(1)
	case *channel.SetStorage, *channel.WriteStorage:
		s.sets.Add(1)
	case *channel.Schedule:
		if seq != 0 { // else it was refused, or a copy
			s.scheduled.Add(1)
		}
	case due:
		if ran, ok := result.(*channel.Ran); ok {
			s.ran.Add(1)
			s.ranLate.Add(uint64(max(now.Sub(ran.Due), 0)))
		}
	}
}
