package report

import (
	"fmt"
	"math"
	"slices"

	"dormouse/bench/scenario"
)

// A Block is what the report shows in one place: a case that stands alone, or all cases of one group.
type Block struct {
	Group string // "": one case
	Axis  string
	Cases []*Case
}

// Blocks are the scenario's cases, those of one group together.
func (s Scenario) Blocks() (blocks []Block) {
	for _, c := range s.Cases {
		if n := len(blocks); c.Group != "" && n > 0 && blocks[n-1].Group == c.Group {
			blocks[n-1].Cases = append(blocks[n-1].Cases, c)
			continue
		}
		blocks = append(blocks, Block{c.Group, c.Axis, []*Case{c}})
	}
	return blocks
}

// tables are the block's figures: the case's table, or one for each metric of the group.
func (b Block) tables() (tables [][][]string) {
	if b.Group == "" {
		return [][][]string{b.Cases[0].rows()}
	}
	for _, m := range b.metrics() {
		tables = append(tables, b.rows(m))
	}
	return tables
}

// grown is how many of a group's metrics are shown over its size, the headline first.
const grown = 4

// metrics are the first of those that any case has figures of.
func (b Block) metrics() (shown []scenario.Metric) {
	for _, m := range b.Cases[0].Metrics {
		measured := slices.ContainsFunc(b.peers(), func(name string) bool { return len(b.points(name, m.ID)) > 0 })
		if measured && len(shown) < grown {
			shown = append(shown, m)
		}
	}
	return shown
}

// peers are the names of all that the cases were run on.
func (b Block) peers() (names []string) {
	for _, c := range b.Cases {
		for _, p := range c.Peers {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// peer is a case's results of one peer, nil if it was not run on it.
func (c *Case) peer(name string) *Peer {
	for _, p := range c.Peers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// points are a peer's medians over X.
func (b Block) points(name, id string) (points [][2]float64) {
	for _, c := range b.Cases {
		if p := c.peer(name); p != nil {
			if f, ok := p.Figure(id); ok {
				points = append(points, [2]float64{c.X, f.Median})
			}
		}
	}
	return points
}

// rows are one metric's table: a line for each case, and how it grows.
func (b Block) rows(m scenario.Metric) [][]string {
	head := []string{m.Label + ", by " + b.Axis, m.Unit}
	last := []string{"grows with the power", ""}
	for i, name := range b.peers() {
		head, last = append(head, name), append(last, power(b.points(name, m.ID)))
		if i > 0 {
			head, last = append(head, "ratio"), append(last, "")
		}
	}
	rows := [][]string{head}
	for _, c := range b.Cases {
		row := []string{whole(c.X), ""}
		for i, name := range b.peers() {
			p := c.peer(name)
			if p == nil {
				p = &Peer{}
			}
			row = append(row, p.text(m.ID))
			if i > 0 {
				row = append(row, ratioText(c.Ratio(m.ID, p)))
			}
		}
		rows = append(rows, row)
	}
	return append(rows, last)
}

func (p *Peer) text(id string) string {
	f, ok := p.Figure(id)
	return f.text(ok)
}

// power is the slope of the line that fits points best on two logarithmic scales: 0 does not grow with x, 1 grows
// as x does, 2 as its square.
func power(points [][2]float64) string {
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		if p[0] > 0 && p[1] > 0 {
			x, y := math.Log(p[0]), math.Log(p[1])
			n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
		}
	}
	if d := n*sxx - sx*sx; n > 1 && d > 0 {
		return fmt.Sprintf("%.2f", (n*sxy-sx*sy)/d)
	}
	return "-"
}

// growthPlot shows one metric over X, a line for each peer; nil if there is nothing above 0.
func (b Block) growthPlot(m scenario.Metric) *plot {
	title := m.Label
	if m.Unit != "" {
		title += ", " + m.Unit
	}
	p := &plot{title: title + ", by " + b.Axis, width: 340, height: 190, logY: true, yMin: math.Inf(1)}
	lo, hi := math.Log10(b.Cases[0].X), math.Log10(b.Cases[len(b.Cases)-1].X)
	if hi <= lo {
		return nil
	}
	for i, name := range b.peers() {
		l := line{class: class(i), name: name}
		for _, q := range b.points(name, m.ID) {
			if q[1] > 0 {
				l.points = append(l.points, [2]float64{(math.Log10(q[0]) - lo) / (hi - lo), q[1]})
				p.yMin, p.yMax = min(p.yMin, q[1]), max(p.yMax, q[1])
			}
		}
		if len(l.points) > 0 {
			p.lines = append(p.lines, l)
		}
	}
	if len(p.lines) == 0 {
		return nil
	}
	p.yMin, p.yMax = decades(p.yMin, p.yMax)
	for _, c := range b.Cases {
		p.xTicks = append(p.xTicks, tick{(math.Log10(c.X) - lo) / (hi - lo), short(c.X)})
	}
	return p
}

// decades are the powers of ten round a range.
func decades(lo, hi float64) (float64, float64) {
	lo, hi = math.Pow(10, math.Floor(math.Log10(lo))), math.Pow(10, math.Ceil(math.Log10(hi)))
	if lo == hi {
		hi *= 10
	}
	return lo, hi
}
