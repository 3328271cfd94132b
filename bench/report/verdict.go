package report

import "dormouse/bench/scenario"

// A verdict says how one peer's figures of a metric compare with another's, or with its own of another day.
type verdict int

const (
	unsure verdict = iota // one of them has a single run, so that nobody knows how far it spreads
	level                 // their ranges overlap: there is no difference to be seen
	ahead
	behind
	nothing // the metric has no better
)

func (v verdict) String() string {
	return [...]string{"one run: cannot tell", "no difference to be seen", "better", "worse", ""}[v]
}

// compare says how x compares with y. Both have figures of m.
func compare(m scenario.Metric, x, y *Peer) verdict {
	f, _ := x.Figure(m.ID)
	g, _ := y.Figure(m.ID)
	switch {
	case m.Neutral:
		return nothing
	case x.count(m.ID) < 2 || y.count(m.ID) < 2:
		return unsure
	case f.Min <= g.Max && g.Min <= f.Max:
		return level
	case (f.Median > g.Median) == m.More:
		return ahead
	}
	return behind
}

// count is how many runs have the metric.
func (p *Peer) count(id string) (n int) {
	for _, run := range p.Runs {
		if _, ok := run[id]; ok {
			n++
		}
	}
	return n
}
