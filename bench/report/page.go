package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"rows":  func(c *Case) [][]string { return c.rows() },
	"class": class,
	"plots": func(r *Report, c *Case) []template.HTML { return c.plots(r.Window) },
	"bars":  func(c *Case) []bar { return c.bars() },
	"grown": func(b Block) (all []template.HTML) {
		for _, m := range b.metrics() {
			if p := b.growthPlot(m); p != nil {
				all = append(all, p.svg())
			}
		}
		return all
	},
	"pair":   func(r *Report, c *Case) map[string]any { return map[string]any{"Report": r, "Case": c} },
	"tables": func(b Block) [][][]string { return b.tables() },
	"num":    Number,
	"whole":  whole,
}).Parse(pageText))

// WriteHTML writes the page.
func (r *Report) WriteHTML(w io.Writer) error {
	if err := page.Execute(w, r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (c *Case) plots(seconds float64) []template.HTML {
	var all []template.HTML
	names := map[string]bool{}
	for _, p := range c.Peers {
		for name := range p.Latencies {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if p := latencyPlot(c, name); p != nil {
			all = append(all, p.svg())
		}
	}
	if p := ratePlot(c, seconds); p != nil {
		all = append(all, p.svg())
	}
	return all
}

// A bar is one peer's headline figure: shares of the widest, in percent.
type bar struct {
	Name, Class, Text    string
	Width, From, Whisker float64
}

// bars are of the case's first metric.
func (c *Case) bars() []bar {
	if len(c.Metrics) == 0 {
		return nil
	}
	id, widest := c.Metrics[0].ID, 0.0
	for _, p := range c.Peers {
		if f, ok := p.Figure(id); ok {
			widest = max(widest, f.Max)
		}
	}
	var bars []bar
	for i, p := range c.Peers {
		f, ok := p.Figure(id)
		if !ok || widest <= 0 {
			continue
		}
		share := func(v float64) float64 { return max(v, 0) * 100 / widest }
		bars = append(bars, bar{p.Name, class(i), f.text(true), share(f.Median), share(f.Min), share(f.Max) - share(f.Min)})
	}
	return bars
}
