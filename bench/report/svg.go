package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"dormouse/bench/load"
)

// A plot is a small picture with axes, made of lines.
type plot struct {
	title         string
	width, height float64
	xTicks        []tick
	yMin, yMax    float64
	logY          bool
	lines         []line
}

type tick struct {
	at   float64 // 0 to 1 along the axis
	text string
}

type line struct {
	class  string // of the peer, for its colour
	name   string
	points [][2]float64 // x 0 to 1, y in units
}

const left, right, top, bottom = 42, 16, 26, 24

// svg draws the plot. Colours come from the page, by class.
func (p *plot) svg() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, p.width, p.height, html.EscapeString(p.title))
	fmt.Fprintf(&b, `<text class="title" x="0" y="13">%s</text>`, html.EscapeString(p.title))
	for _, v := range p.yTicks() {
		y := p.y(v)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%g" y1="%.1f" y2="%.1f"/>`, left, p.width-right, y, y)
		fmt.Fprintf(&b, `<text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y+4, short(v))
	}
	for _, t := range p.xTicks {
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, p.x(t.at), p.height-6, html.EscapeString(t.text))
	}
	for _, l := range p.lines {
		var points strings.Builder
		for _, q := range l.points {
			fmt.Fprintf(&points, "%.1f,%.1f ", p.x(q[0]), p.y(q[1]))
		}
		fmt.Fprintf(&b, `<polyline class="%s" points="%s"><title>%s</title></polyline>`, l.class, strings.TrimSpace(points.String()), html.EscapeString(l.name))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (p *plot) x(share float64) float64 { return left + share*(p.width-left-right) }

func (p *plot) y(v float64) float64 {
	lo, hi := p.yMin, p.yMax
	if p.logY {
		v, lo, hi = math.Log10(max(v, p.yMin)), math.Log10(lo), math.Log10(hi)
	}
	return p.height - bottom - (v-lo)/(hi-lo)*(p.height-top-bottom)
}

// yTicks are powers of ten, or three to six round steps.
func (p *plot) yTicks() []float64 {
	var ticks []float64
	if p.logY {
		for v := p.yMin; v <= p.yMax*1.001; v *= 10 {
			ticks = append(ticks, v)
		}
		return ticks
	}
	step := math.Pow(10, math.Floor(math.Log10(p.yMax)))
	switch n := p.yMax / step; {
	case n < 2:
		step /= 4
	case n < 5:
		step /= 2
	}
	for v := 0.0; v <= p.yMax; v += step {
		ticks = append(ticks, v)
	}
	return ticks
}

// short writes a tick: 1.5k, 2M, 0.1.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}

// nines puts a percentile on a scale on which 90, 99 and 99.9 are as far apart.
func nines(percent, last float64) float64 {
	scale := func(p float64) float64 { return -math.Log10(1 - p/100) }
	return min(scale(min(percent, last))/scale(last), 1)
}

// latencyPlot shows the distributions of one latency, a line for each peer; nil if there is none.
func latencyPlot(c *Case, name string) *plot {
	p := &plot{title: name + ", ms, by percentile", width: 340, height: 190, logY: true, yMin: math.Inf(1)}
	last := 0.0
	for _, peer := range c.Peers {
		for _, q := range peer.Latencies[name] {
			if q.Percent < 100 {
				last = max(last, q.Percent)
			}
			p.yMin, p.yMax = min(p.yMin, max(q.Millis, 0.001)), max(p.yMax, q.Millis)
		}
	}
	if p.yMax == 0 || last < 90 {
		return nil
	}
	p.yMin, p.yMax = decades(p.yMin, p.yMax)
	for _, at := range []float64{0, 50, 90, 99, 99.9, 99.99, 99.999} {
		if at <= last {
			p.xTicks = append(p.xTicks, tick{nines(at, last), fmt.Sprintf("%g", at)})
		}
	}
	for i, peer := range c.Peers {
		if points := peer.Latencies[name]; len(points) > 0 {
			p.lines = append(p.lines, line{class(i), peer.Name, curve(points, last)})
		}
	}
	return p
}

func curve(points []load.Point, last float64) (xy [][2]float64) {
	for _, q := range points {
		if q.Percent < 100 {
			xy = append(xy, [2]float64{nines(q.Percent, last), q.Millis})
		}
	}
	return xy
}

// ratePlot shows the work done over the window; nil if there is none.
func ratePlot(c *Case, seconds float64) *plot {
	p := &plot{width: 340, height: 190}
	for i, peer := range c.Peers {
		if len(peer.Rate) == 0 {
			continue
		}
		p.title = peer.RateUnit + " over the last run"
		l := line{class: class(i), name: peer.Name}
		for j, v := range peer.Rate {
			l.points = append(l.points, [2]float64{(float64(j) + 0.5) / float64(len(peer.Rate)), v})
			p.yMax = max(p.yMax, v*1.05)
		}
		p.lines = append(p.lines, l)
	}
	if p.yMax == 0 {
		return nil
	}
	for _, at := range []float64{0, 0.5, 1} {
		p.xTicks = append(p.xTicks, tick{at, fmt.Sprintf("%.3g s", at*seconds)})
	}
	return p
}

// class is a peer's colour, by its place in the case.
func class(i int) string { return fmt.Sprintf("peer%d", i) }
