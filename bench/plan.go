package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/report"
	"dormouse/bench/scenario"
)

// A step is one case of the tour, with those of its peers that are run.
type step struct {
	scenario int // which of the settings'
	scenario.Case
	peers []string
	runs  int // of each
}

// plan finds and builds the peers that the cases need, and leaves out those that are not there. Nothing is pinned yet.
func (t *tour) plan(ctx context.Context) (steps []step, missing []report.Missing, err error) {
	looked := map[string]bool{} // and whether it is there
	there := func(name string) (bool, error) {
		ok, known := looked[name]
		if known {
			return ok, nil
		}
		var part *peers.NotThere
		fmt.Fprintf(t.log, "getting %s ready\n", name)
		err := t.all[name].Build(ctx, t.root, t.dir)
		if errors.As(err, &part) {
			missing = append(missing, report.Missing{Peer: name, Part: part.Part, Install: part.Install})
			err = nil
		}
		looked[name] = err == nil && part == nil
		return looked[name], err
	}
	for i, s := range t.scenarios {
		for _, c := range s.Cases(t.size) {
			chosen, err := t.choose(c, there)
			if err != nil {
				return nil, nil, err
			}
			if len(chosen) > 0 {
				steps = append(steps, step{i, c, chosen, t.runsOf(c)})
			}
		}
	}
	if len(steps) == 0 && !t.budgeted() {
		return nil, missing, errNothing
	}
	return steps, missing, nil
}

// runsOf is how often a case is run.
func (s *settings) runsOf(c scenario.Case) int {
	if c.Once && !s.repeat {
		return 1
	}
	return s.runs
}

// choose picks a case's peers: those that -peer names, with ours; none if none of them takes part. Without -peer all
// in the long tour, and in the short one ours and as many others as the case says, the first that are there.
func (s *settings) choose(c scenario.Case, there func(name string) (bool, error)) (chosen []string, err error) {
	for i, name := range c.Peers {
		switch {
		case s.peers != nil && i > 0 && !slices.Contains(s.peers, name):
			continue
		case s.peers == nil && !s.size.Full && len(chosen) == 1+max(c.Beside, 1):
			return chosen, nil
		}
		ok, err := there(name)
		if err != nil {
			return nil, err
		}
		if ok {
			chosen = append(chosen, name)
		}
	}
	if s.peers != nil && !slices.ContainsFunc(chosen, func(name string) bool { return slices.Contains(s.peers, name) }) {
		return nil, nil
	}
	return chosen, nil
}

// A schedule knows how long the measurements to come will take: what was expected of them, as much longer as those
// before took.
type schedule struct {
	began      time.Time
	total, n   int
	done, left time.Duration // expected
	window     time.Duration
}

// expected is how long one measurement of a case takes, on a machine with nothing else to do.
func (s *schedule) expected(c scenario.Case) time.Duration { return c.Takes + s.window + time.Second }

func newSchedule(steps []step, size scenario.Size, now time.Time) *schedule {
	s := &schedule{began: now, window: size.Warm + size.Window}
	for _, st := range steps {
		n := len(st.peers) * st.runs
		s.total += n
		s.left += time.Duration(n) * s.expected(st.Case)
	}
	return s
}

// next counts a measurement that begins, and says which it is.
func (s *schedule) next() int {
	s.n++
	return s.n
}

// finished counts one that has ended.
func (s *schedule) finished(c scenario.Case) {
	s.done += s.expected(c)
	s.left -= s.expected(c)
}

// remaining is how long the rest takes.
func (s *schedule) remaining(now time.Time) time.Duration {
	const trust = 5 * time.Second // the first measurements say little
	pace := float64(now.Sub(s.began)+trust) / float64(s.done+trust)
	return time.Duration(float64(s.left) * pace)
}
