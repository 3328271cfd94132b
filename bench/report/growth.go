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

// Blocks are the scenario's cases, those of one group together. One of which there is no other stands alone.
func (s Scenario) Blocks() (blocks []Block) {
	for _, c := range s.Cases {
		if n := len(blocks); c.Group != "" && n > 0 && blocks[n-1].Group == c.Group {
			blocks[n-1].Cases = append(blocks[n-1].Cases, c)
			continue
		}
		blocks = append(blocks, Block{c.Group, c.Axis, []*Case{c}})
	}
	for i := range blocks {
		if len(blocks[i].Cases) == 1 {
			blocks[i].Group = ""
		}
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

// A point is a figure at one size.
type point struct {
	x float64
	Figure
}

// points are a peer's figures over the group's sizes.
func (b Block) points(name, id string) (points []point) {
	for _, c := range b.Cases {
		if p := c.peer(name); p != nil {
			if f, ok := p.Figure(id); ok {
				points = append(points, point{c.X, f})
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

// powers say how each metric grows: a line for each, a column for each peer.
func (b Block) powers() [][]string {
	rows := [][]string{append([]string{"grows with a power of " + b.Axis, ""}, b.peers()...)}
	for _, m := range b.metrics() {
		row := []string{m.Label, m.Unit}
		for _, name := range b.peers() {
			row = append(row, power(b.points(name, m.ID)))
		}
		rows = append(rows, row)
	}
	return rows
}

func (p *Peer) text(id string) string {
	f, ok := p.Figure(id)
	return f.text(ok)
}

// power is the slope of the line that fits points best on two logarithmic scales: 0 does not grow with x, 1 grows
// as x does, 2 as its square.
func power(points []point) string {
	var n, sx, sy, sxx, sxy float64
	for _, p := range points {
		if p.x > 0 && p.Median > 0 {
			x, y := math.Log(p.x), math.Log(p.Median)
			n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
		}
	}
	if d := n*sxx - sx*sx; n > 1 && d > 0 {
		return fmt.Sprintf("%.2f", (n*sxy-sx*sy)/d)
	}
	return "-"
}
