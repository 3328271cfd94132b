package actors

import (
	"cmp"
	"slices"
	"time"

	"dormouse/actors/channel"
)

// What channels keep in memory for clients that may come back is bounded for each channel by its options,
// and for all of them together by Options.MaxReplayBytes, which the sweeper sees to.

// noteKept tells the system how much the machine keeps, at the end of a turn.
func (a *durableActor) noteKept() {
	now := int64(a.kept())
	if was := a.handle.kept.Swap(now); was != now {
		a.system.stats.kept.Add(now - was)
	}
}

// forgetKept is noteKept of an actor that goes to sleep.
func (a *durableActor) forgetKept() {
	a.system.stats.kept.Add(-a.handle.kept.Swap(0))
}

// countResumption counts how clients' returns went.
func (a *durableActor) countResumption(cmd any) {
	subscribe, ok := cmd.(*channel.Subscribe)
	if !ok || subscribe.After == nil {
		return
	}
	told := a.fx.Deliveries[0].Message.Resume
	if told.Recovered {
		a.system.stats.recovered.Add(1)
	} else {
		a.system.stats.notRecovered.Add(1)
	}
}

// trimReplays frees what is too old on channels that are awake and have been quiet, and, if all together
// keep too much, all that the quietest of them keep.
func (s *System) trimReplays(now time.Time) {
	quiet := now.Add(-s.options.Channel.ReplayFor).UnixNano()
	excess := s.stats.kept.Load() - s.options.MaxReplayBytes
	if excess <= 0 && s.stats.kept.Load() == 0 {
		return
	}
	var most []*handle
	s.directory.each(func(_ Address, h *handle) {
		switch kept := h.kept.Load(); {
		case kept == 0:
		case excess > 0:
			most = append(most, h)
		case h.lastUse.Load() < quiet:
			h.post(&ask{cmd: trimReplay{}})
		}
	})
	if excess <= 0 {
		return
	}
	slices.SortFunc(most, func(a, b *handle) int { return cmp.Compare(a.lastUse.Load(), b.lastUse.Load()) })
	for _, h := range most {
		if excess -= h.kept.Load(); h.post(&ask{cmd: trimReplay{all: true}}) && excess <= 0 {
			return
		}
	}
}
