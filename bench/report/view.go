package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"dormouse/bench/scenario"
)

// A painter makes what the page's template shows. A peer has one colour on the whole page.
type painter struct {
	report *Report
	order  []*Peer // all peers of the report, in the order in which they first appear
}

func newPainter(r *Report) *painter {
	p := &painter{report: r}
	for _, s := range r.Scenarios {
		for _, c := range s.Cases {
			for _, peer := range c.Peers {
				if !slices.ContainsFunc(p.order, func(q *Peer) bool { return q.Name == peer.Name }) {
					p.order = append(p.order, peer)
				}
			}
		}
	}
	return p
}

// colours is how many the page has.
const colours = 14

// class is a peer's colour, and whether it only marks a limit.
func (p *painter) class(name string) string {
	i := slices.IndexFunc(p.order, func(q *Peer) bool { return q.Name == name })
	class := fmt.Sprintf("peer%d", max(i, 0)%colours)
	if i >= 0 && p.order[i].Raw {
		class += " raw"
	}
	return class
}

// A view is the whole page.
type view struct {
	*Report
	Headlines []headline
	Keys      []key
	Scenarios []scenarioView
	Faults    int
}

type scenarioView struct {
	Name, About string
	Blocks      []blockView
	Listed      [][]string // in place of Blocks
	Faults      []string   // of Listed
}

// A blockView is one card.
type blockView struct {
	Title  string
	Keys   []key // whose colour is which
	Bars   []bars
	Trends []trendsView
	Plots  []template.HTML
	Powers [][]string // of a group: how each metric grows
	Tables [][][]string
	Faults []string
	Cases  []blockView // of a group, folded away
}

// A trendsView is a peer's trends.
type trendsView struct {
	Name, From string
	Rows       []trendRow
}

// A key is a colour's name.
type key struct{ Class, Name, About, Durability string }

// A headline is a case's first figure, and its ratio to the other peers' of the same run.
type headline struct {
	Scenario, Case, Metric, Better, Figure string
	Ratios                                 []chip
}

// A chip is one ratio. Good and Bad say how ours compares; neither: they cannot be told apart, or ours is behind a raw
// limit, as everything is.
type chip struct {
	Class, Name, Text string
	Good, Bad         bool
}

func (p *painter) view() view {
	v := view{Report: p.report, Faults: len(p.report.Faults())}
	for _, peer := range p.order {
		v.Keys = append(v.Keys, key{p.class(peer.Name), peer.Name, peer.About, peer.Durability})
	}
	for _, s := range p.report.Scenarios {
		sv := scenarioView{Name: s.Name, About: s.About}
		if s.Listed {
			sv.Listed, sv.Faults = s.listed(), s.faults()
			v.Scenarios = append(v.Scenarios, sv)
			continue
		}
		for _, b := range s.Blocks() {
			sv.Blocks = append(sv.Blocks, p.block(b))
			v.Headlines = append(v.Headlines, p.headlines(s, b)...)
		}
		v.Scenarios = append(v.Scenarios, sv)
	}
	return v
}

// Lasted is how long one measurement was: of what the cases say, or of what the report does.
func (v view) Lasted() string {
	least, most := math.Inf(1), 0.0
	for _, s := range v.Report.Scenarios {
		for _, c := range s.Cases {
			w := c.window(v.Report)
			least, most = min(least, w), max(most, w)
		}
	}
	switch {
	case most == 0:
		return Number(v.Window) + " s"
	case most-least < least/10:
		return Number(most) + " s"
	}
	return Number(least) + " to " + Number(most) + " s"
}

func (p *painter) block(b Block) blockView {
	if b.Group == "" {
		return p.alone(b.Cases[0])
	}
	v := blockView{Title: b.Group, Powers: b.powers(), Tables: b.tables()}
	for _, name := range b.peers() {
		v.Keys = append(v.Keys, key{Class: p.class(name), Name: name})
	}
	for _, m := range b.metrics() {
		v.Plots = appendPlot(v.Plots, p.growthPlot(b, m))
	}
	for _, c := range b.Cases {
		cv := p.alone(c)
		v.Faults = append(v.Faults, cv.Faults...)
		v.Cases = append(v.Cases, cv)
	}
	return v
}

// drawn is of how many of a case's metrics there are bars.
const drawn = 2

func (p *painter) alone(c *Case) blockView {
	v := blockView{Title: c.Name, Tables: [][][]string{c.rows()}}
	for _, peer := range c.Peers {
		v.Keys = append(v.Keys, key{Class: p.class(peer.Name), Name: peer.Name})
		v.Faults = append(v.Faults, peer.Faults...)
	}
	for _, m := range c.Metrics[:min(len(c.Metrics), drawn)] {
		if b := p.bars(c, m); len(b.Bars) > 0 {
			v.Bars = append(v.Bars, b)
		}
	}
	for _, peer := range c.Peers {
		if rows, from := peer.trends(); len(rows) > 0 {
			v.Trends = append(v.Trends, trendsView{peer.Name, from, rows})
		}
	}
	series := c.series()
	for _, s := range series {
		v.Plots = appendPlot(v.Plots, p.seriesPlot(c, s))
	}
	for _, name := range c.latencies() {
		v.Plots = appendPlot(v.Plots, p.latencyPlot(c, name))
	}
	v.Plots = appendPlot(v.Plots, p.ratePlot(c))
	if len(series) == 0 { // they have the memory too
		v.Plots = appendPlot(v.Plots, p.memoryPlot(c))
	}
	return v
}

func appendPlot(all []template.HTML, p *plot) []template.HTML {
	if svg := p.svg(); svg != "" {
		return append(all, svg)
	}
	return all
}

// bars are one metric of all peers, beside one another.
type bars struct {
	Title, Better string
	Bars          []bar
}

// A bar is one peer's figure: shares of the widest, in percent.
type bar struct {
	Name, Class, Text    string
	Width, From, Whisker float64
}

func (p *painter) bars(c *Case, m scenario.Metric) bars {
	widest := 0.0
	for _, peer := range c.Peers {
		if f, ok := peer.Figure(m.ID); ok {
			widest = max(widest, f.Max)
		}
	}
	b := bars{Title: labelled(m), Better: better(m)}
	for _, peer := range c.Peers {
		f, ok := peer.Figure(m.ID)
		if !ok {
			continue
		}
		share := func(v float64) float64 { return max(v, 0) * 100 / max(widest, math.SmallestNonzeroFloat64) }
		b.Bars = append(b.Bars, bar{peer.Name, p.class(peer.Name), f.text(true), share(f.Median), share(f.Min), share(f.Max) - share(f.Min)})
	}
	return b
}

// better says which direction of a metric is.
func better(m scenario.Metric) string {
	switch {
	case m.Neutral:
		return ""
	case m.More:
		return "more is better"
	}
	return "less is better"
}

// headlines are of each case that stands alone, and of a group's greatest size.
func (p *painter) headlines(s Scenario, b Block) (lines []headline) {
	c := b.Cases[len(b.Cases)-1]
	name := c.Name
	if b.Group != "" {
		name = b.Group + ": " + name
	}
	for i, m := range c.Metrics[:min(len(c.Metrics), drawn)] {
		f, ok := c.Peers[0].Figure(m.ID)
		if !ok || i > 0 && !isCost(m) {
			continue
		}
		h := headline{Scenario: s.Name, Case: name, Metric: m.Label, Better: better(m), Figure: strings.TrimSpace(f.text(true) + " " + m.Unit)}
		for _, peer := range c.Peers[1:] {
			if ratio, ok := c.Ratio(m.ID, peer); ok {
				v := compare(m, c.Peers[0], peer)
				h.Ratios = append(h.Ratios, chip{p.class(peer.Name), peer.Name, ratioText(ratio, true), v == ahead, v == behind && !peer.Raw})
			}
		}
		if n := power(b.points(c.Peers[0].Name, m.ID)); b.Group != "" && n != "-" {
			h.Ratios = append(h.Ratios, chip{Text: n, Name: "power of " + b.Axis})
		}
		if i == 0 {
			h.Ratios = append(h.Ratios, p.verdicts(c.Peers[0])...)
		}
		lines = append(lines, h)
	}
	return lines
}

// verdicts are of a peer's trends: the memory's, the first latency's, and those of all that creeps.
func (p *painter) verdicts(peer *Peer) (chips []chip) {
	latency := ""
	for _, s := range peer.Series {
		if s.Trend == nil {
			continue
		}
		if latency == "" && s.Relative {
			latency = s.ID
		}
		if s.ID == "rss" || s.ID == latency || s.Trend.Creeps {
			chips = append(chips, chip{Text: s.Trend.Says, Name: s.Label, Good: s.Trend.Holds, Bad: s.Trend.Creeps})
		}
	}
	return chips
}

// isCost says that a metric is processor time for a unit of work, which is a headline wherever it stands.
func isCost(m scenario.Metric) bool { return strings.HasPrefix(m.ID, "cpu_") }
