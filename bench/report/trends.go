package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"dormouse/bench/scenario"
)

// A trendRow is what is told of one series of a peer.
type trendRow struct {
	Label, Says, Median, Slope, Interval, P string
	Holds, Creeps                           bool
}

// trends are the rows of a peer's series, and from when on they are told.
func (p *Peer) trends() (rows []trendRow, from string) {
	for _, s := range p.Series {
		if len(s.Points) == 0 {
			continue // it does not tell
		}
		label := s.Label
		if s.Floor {
			label += ", floor"
		}
		label = labelled(scenario.Metric{Label: label, Unit: s.Unit})
		row := trendRow{Label: label, Says: "too few intervals", Median: "-", Slope: "-", Interval: "-", P: "-"}
		if t := s.Trend; t != nil {
			slope, low, high, unit := s.PerHour()
			row = trendRow{label, t.Says, Number(t.Median), signed(slope) + " " + unit, signed(low) + " to " + signed(high), probability(t.P), t.Holds, t.Creeps}
			if from == "" {
				from = t.Since()
			}
		}
		rows = append(rows, row)
	}
	return rows, from
}

// trendTable is the same as text; nil: there are none.
func (p *Peer) trendTable() [][]string {
	rows, from := p.trends()
	if len(rows) == 0 {
		return nil
	}
	title := "trends of " + p.Name
	if from != "" {
		title += ", from " + from + " on"
	}
	table := [][]string{{title, "", "median", "an hour", "95 % interval", "p"}}
	for _, r := range rows {
		table = append(table, []string{r.Label, r.Says, r.Median, r.Slope, r.Interval, r.P})
	}
	return table
}

// probability is a p as people write it.
func probability(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// signed is a number that says in which direction it goes.
func signed(v float64) string {
	switch {
	case math.Abs(v) < 0.00005: // no digit of it is shown
		return "0"
	case v > 0:
		return "+" + Number(v)
	}
	return Number(v)
}

// series are those that any of the case's peers has, the first peer's first.
func (c *Case) series() (all []scenario.Series) {
	for _, p := range c.Peers {
		for _, s := range p.Series {
			if len(s.Points) > 1 && !slices.ContainsFunc(all, func(o scenario.Series) bool { return o.ID == s.ID }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// seriesPlot shows one series over the window, a line for each peer, and its trend.
func (p *painter) seriesPlot(c *Case, of scenario.Series) *plot {
	plot := &plot{title: labelled(scenario.Metric{Label: of.Label, Unit: of.Unit}) + ", over time"}
	window := c.window(p.report)
	plot.xTicks = times(window)
	for _, peer := range c.Peers {
		i := slices.IndexFunc(peer.Series, func(s scenario.Series) bool { return s.ID == of.ID })
		if i < 0 {
			continue
		}
		s := peer.Series[i]
		if t := s.Trend; t != nil {
			plot.add(line{p.class(peer.Name) + " trend", peer.Name + ", trend", []dot{{x: t.From / window, y: t.Start}, {x: t.To / window, y: t.End}}})
		}
		l := line{class: p.class(peer.Name), name: peer.Name}
		for _, q := range s.Points {
			l.points = append(l.points, dot{x: q.Seconds / window, y: q.Value})
		}
		plot.add(l)
	}
	return plot
}

// window is the longest of the case's peers, in seconds.
func (c *Case) window(r *Report) float64 {
	longest := 0.0
	for _, p := range c.Peers {
		longest = max(longest, p.Window)
	}
	if longest == 0 {
		return r.Window // of a file that does not say
	}
	return longest
}

// times are the ticks of a time axis from 0 to some seconds: in seconds, minutes or hours.
func times(seconds float64) (ticks []tick) {
	unit, name := 1.0, "s"
	switch {
	case seconds > 2*time.Hour.Seconds():
		unit, name = time.Hour.Seconds(), "h"
	case seconds > 2*time.Minute.Seconds():
		unit, name = time.Minute.Seconds(), "min"
	}
	for _, at := range []float64{0, 0.5, 1} {
		ticks = append(ticks, tick{at, fmt.Sprintf("%.3g %s", at*seconds/unit, name)})
	}
	return ticks
}
