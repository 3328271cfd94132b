package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"dormouse/bench/load"
	"dormouse/bench/scenario"
)

// nines puts a percentile on a scale on which 90, 99 and 99.9 are as far apart.
func nines(percent, last float64) float64 {
	scale := func(p float64) float64 { return -math.Log10(1 - p/100) }
	return min(scale(min(percent, last))/scale(last), 1)
}

// latencies are the names of all that the case's peers have a distribution of.
func (c *Case) latencies() []string {
	names := map[string]bool{}
	for _, p := range c.Peers {
		for name := range p.Latencies {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// latencyPlot shows the distributions of one latency, a line for each peer.
func (p *painter) latencyPlot(c *Case, name string) *plot {
	plot := &plot{title: c.latencyLabel(name) + ", ms, by percentile", logY: true}
	last := 0.0
	for _, peer := range c.Peers {
		for _, q := range peer.Latencies[name] {
			if q.Percent < 100 {
				last = max(last, q.Percent)
			}
		}
	}
	if last < 90 { // too few to tell of a distribution
		return plot
	}
	for _, at := range []float64{50, 90, 99, 99.9, 99.99, 99.999} {
		if at <= last {
			plot.xTicks = append(plot.xTicks, tick{nines(at, last), fmt.Sprintf("p%g", at)})
		}
	}
	for _, peer := range c.Peers {
		plot.add(line{p.class(peer.Name), peer.Name, curve(peer.Latencies[name], last)})
	}
	return plot
}

// latencyLabel is what the case's metrics call a latency, as in "acknowledged p50".
func (c *Case) latencyLabel(name string) string {
	for _, m := range c.Metrics {
		if m.ID == name+"_p50_ms" {
			return m.Label[:max(len(m.Label)-len(" p50"), 0)]
		}
	}
	return name
}

func curve(points []load.Point, last float64) (dots []dot) {
	for _, q := range points {
		if q.Percent > 0 && q.Percent < 100 {
			dots = append(dots, dot{x: nines(q.Percent, last), y: max(q.Millis, 0.001)})
		}
	}
	return dots
}

// ratePlot shows the work done over the window.
func (p *painter) ratePlot(c *Case) *plot {
	plot := &plot{xTicks: times(c.window(p.report))}
	for _, peer := range c.Peers {
		l := line{class: p.class(peer.Name), name: peer.Name}
		for j, v := range peer.Rate {
			plot.title = peer.RateUnit + " over time"
			l.points = append(l.points, dot{x: (float64(j) + 0.5) / float64(len(peer.Rate)), y: v})
		}
		plot.add(l)
	}
	return plot
}

// memoryPlot shows the servers' memory from their start to their end.
func (p *painter) memoryPlot(c *Case) *plot {
	plot := &plot{title: "resident memory, MiB, over time"}
	last := 0.0
	for _, peer := range c.Peers {
		if n := len(peer.Memory); n > 1 {
			last = max(last, peer.Memory[n-1].Seconds)
		}
	}
	if last == 0 {
		return plot
	}
	plot.xTicks = times(last)
	for _, peer := range c.Peers {
		l := line{class: p.class(peer.Name), name: peer.Name}
		for _, q := range peer.Memory {
			l.points = append(l.points, dot{x: q.Seconds / last, y: q.Value})
		}
		plot.add(l)
	}
	return plot
}

// growthPlot shows one metric over the size of a group, a line for each peer, both scales logarithmic.
func (p *painter) growthPlot(b Block, m scenario.Metric) *plot {
	plot := &plot{title: labelled(m) + ", by " + b.Axis, logY: true, marks: true}
	lo, hi := math.Log10(b.Cases[0].X), math.Log10(b.Cases[len(b.Cases)-1].X)
	if !(hi > lo) {
		return plot
	}
	place := func(x float64) float64 { return (math.Log10(x) - lo) / (hi - lo) }
	for _, name := range b.peers() {
		l := line{class: p.class(name), name: name}
		for _, q := range b.points(name, m.ID) {
			if q.Min > 0 {
				l.points = append(l.points, dot{place(q.x), q.Median, q.Min, q.Max})
			}
		}
		plot.add(l)
	}
	for _, c := range b.Cases {
		plot.xTicks = append(plot.xTicks, tick{place(c.X), short(c.X)})
	}
	return plot
}

func labelled(m scenario.Metric) string {
	if m.Unit == "" {
		return m.Label
	}
	return m.Label + ", " + m.Unit
}
