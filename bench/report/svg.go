package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// A plot is a small picture with axes, made of lines.
type plot struct {
	title      string
	xTicks     []tick
	yMin, yMax float64 // as the data has them; fit makes room
	logY       bool
	marks      bool // few points, each with a mark and its range
	lines      []line
}

type tick struct {
	at   float64 // 0 to 1 along the axis
	text string
}

type line struct {
	class  string // of the peer, for its colour
	name   string
	points []dot
}

// A dot is a point of a line. lo and hi are its range, if the plot has marks.
type dot struct {
	x         float64 // 0 to 1
	y, lo, hi float64
}

// The picture's size and margins, in its own units, which are pixels more or less.
const (
	width, height            = 290, 190
	left, right, top, bottom = 40, 14, 26, 24
	// apart is how far ticks stand from each other at least, as a share of the axis.
	apart = 0.13
)

// add puts in a line, if it has any points, and widens the axis for it.
func (p *plot) add(l line) {
	if len(l.points) == 0 {
		return
	}
	if len(p.lines) == 0 {
		p.yMin, p.yMax = math.Inf(1), math.Inf(-1)
	}
	for i, d := range l.points {
		if !p.marks {
			d.lo, d.hi = d.y, d.y
			l.points[i] = d
		}
		p.yMin, p.yMax = min(p.yMin, d.lo), max(p.yMax, d.hi)
	}
	p.lines = append(p.lines, l)
}

// svg draws the plot, "" if there is nothing in it. Colours come from the page, by class.
func (p *plot) svg() template.HTML {
	if len(p.lines) == 0 {
		return ""
	}
	ticks := p.fit()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, html.EscapeString(p.title))
	fmt.Fprintf(&b, `<text class="title" x="0" y="13">%s</text>`, html.EscapeString(p.title))
	for _, v := range ticks {
		y := p.y(v)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, width-right, y, y)
		fmt.Fprintf(&b, `<text class="tick" x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y+4, short(v))
	}
	last := -1.0
	for _, t := range p.xTicks {
		if t.at < last+apart {
			continue
		}
		last = t.at
		x, anchor := p.x(t.at), "middle"
		if t.at > 1-apart/2 { // its middle would leave no room for its end
			x, anchor = width, "end"
		}
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%d" text-anchor="%s">%s</text>`, x, height-6, anchor, html.EscapeString(t.text))
	}
	for i := range p.lines {
		p.draw(&b, p.lines[len(p.lines)-1-i]) // the first, which is ours, on top
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

func (p *plot) draw(b *strings.Builder, l line) {
	fmt.Fprintf(b, `<g class="%s"><title>%s</title>`, l.class, html.EscapeString(l.name))
	if p.marks {
		for _, d := range l.points {
			if y0, y1 := p.y(d.lo), p.y(d.hi); y0-y1 > 1 {
				fmt.Fprintf(b, `<line class="range" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, p.x(d.x), p.x(d.x), y0, y1)
			}
		}
	}
	b.WriteString(`<polyline points="`)
	for i, d := range l.points {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(b, "%.1f,%.1f", p.x(d.x), p.y(d.y))
	}
	b.WriteString(`"/>`)
	if p.marks {
		for _, d := range l.points {
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3"><title>%s: %s</title></circle>`, p.x(d.x), p.y(d.y), html.EscapeString(l.name), Number(d.y))
		}
	}
	b.WriteString(`</g>`)
}

func (p *plot) x(share float64) float64 { return left + share*(width-left-right) }

func (p *plot) y(v float64) float64 {
	lo, hi := p.yMin, p.yMax
	if p.logY {
		v, lo, hi = math.Log10(max(v, p.yMin)), math.Log10(lo), math.Log10(hi)
	}
	return height - bottom - (v-lo)/(hi-lo)*(height-top-bottom)
}

// fit rounds the axis outwards and returns its ticks: from 0 in three to six round steps, or, on a logarithmic axis,
// powers of ten, with 2 and 5 times them if there is room.
func (p *plot) fit() (ticks []float64) {
	if !p.logY {
		p.yMin = 0
		step := roundStep(p.yMax)
		p.yMax = step * max(math.Ceil(p.yMax/step-1e-9), 1)
		for i := 0.0; i*step <= p.yMax*1.001; i++ {
			ticks = append(ticks, i*step)
		}
		return ticks
	}
	smallest := p.yMax / 1e6 // what is further below the greatest is drawn at the edge
	lo, hi := math.Floor(math.Log10(max(p.yMin, smallest))), math.Ceil(math.Log10(p.yMax))
	var fine []float64
	for e := lo; e <= hi; e++ {
		for _, m := range []float64{1, 2, 5} {
			fine = append(fine, m*math.Pow(10, e))
		}
	}
	first, last := 0, len(fine)-1
	for first+1 < len(fine) && fine[first+1] <= max(p.yMin, smallest) {
		first++
	}
	for last > first+2 && fine[last-1] >= p.yMax {
		last--
	}
	fine = fine[first : last+1]
	p.yMin, p.yMax = fine[0], fine[len(fine)-1]
	if len(fine) <= 7 {
		return fine
	}
	for _, v := range fine {
		if e := math.Log10(v); math.Abs(e-math.Round(e)) < 1e-9 {
			ticks = append(ticks, v)
		}
	}
	return ticks
}

// roundStep is 1, 2, 2.5 or 5 times a power of ten, a third to a sixth of most.
func roundStep(most float64) float64 {
	if most <= 0 {
		return 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most)))
	switch n := most / step; {
	case n <= 1.25:
		return step / 4
	case n <= 2.5:
		return step / 2
	case n <= 6:
		return step
	}
	return step * 2
}

// short writes a tick: 1.5k, 2M, 0.1.
func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e3:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.3g", v)
}
