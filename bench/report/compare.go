package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"dormouse/bench/scenario"
)

// Read reads a report's JSON file.
//
// Errors: what is no report, or one of another [Version], with what was expected.
func Read(path string) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var v struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, fmt.Errorf("report: %s is not a report.json: %w", path, err)
	}
	if v.Version == nil {
		return nil, fmt.Errorf("report: %s does not say its version: it is no report.json, or of a bench before versions; this one reads version %d", path, Version)
	}
	if *v.Version != Version {
		return nil, fmt.Errorf("report: %s has version %d, this bench reads version %d: measure again, or read it with the bench that wrote it", path, *v.Version, Version)
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return r, nil
}

// A Comparison is two reports beside each other: the cases, peers and metrics that both have.
type Comparison struct {
	A, B   *Report
	Notes  []string // what else differs, and what only one of them has
	Cases  []ComparedCase
	Counts map[string]int // of our own rows, by what they say
}

// A ComparedCase is one case of both reports.
type ComparedCase struct {
	Scenario, Name string
	Rows           []ComparedRow
}

// A ComparedRow is one metric of one peer.
type ComparedRow struct {
	Metric scenario.Metric
	Peer   string
	A, B   Figure
	Ratio  float64 // of B's median to A's; 0 if A's is 0
	Says   string  // such as "better": how B compares with A; "": the metric has no better
}

// Compare puts b beside a.
//
// Errors: they have no case in common.
func Compare(a, b *Report) (*Comparison, error) {
	c := &Comparison{A: a, B: b, Counts: map[string]int{}}
	c.note("processor", a.Machine.Processor, b.Machine.Processor)
	c.note("processors", a.Machine.Processors, b.Machine.Processors)
	c.note("system", a.Machine.System, b.Machine.System)
	c.note("Go", a.Machine.Go, b.Machine.Go)
	c.note("placement", a.Machine.Pinned, b.Machine.Pinned)
	c.note("data in memory only", a.Machine.OnMemory, b.Machine.OnMemory)
	c.note("length of a measurement in seconds", a.Window, b.Window)
	for _, s := range b.Scenarios {
		for _, after := range s.Cases {
			before := a.find(s.Name, after.Name)
			if before == nil {
				c.Notes = append(c.Notes, fmt.Sprintf("only the second has %s, %s", s.Name, after.Name))
				continue
			}
			if rows := compareCase(before, after); len(rows) > 0 {
				c.Cases = append(c.Cases, ComparedCase{s.Name, after.Name, rows})
			}
		}
	}
	for _, s := range a.Scenarios {
		for _, before := range s.Cases {
			if b.find(s.Name, before.Name) == nil {
				c.Notes = append(c.Notes, fmt.Sprintf("only the first has %s, %s", s.Name, before.Name))
			}
		}
	}
	if len(c.Cases) == 0 {
		return nil, errors.New("report: there is no case of which both have figures: the first has " + a.names() + "; the second " + b.names())
	}
	for _, cc := range c.Cases {
		for _, row := range cc.Rows {
			if row.Peer == cc.Rows[0].Peer && row.Says != "" { // ours
				c.Counts[row.Says]++
			}
		}
	}
	return c, nil
}

func (c *Comparison) note(what string, a, b any) {
	if a != b {
		c.Notes = append(c.Notes, fmt.Sprintf("%s: %v in the first, %v in the second", what, a, b))
	}
}

func (r *Report) find(scenario, name string) *Case {
	for _, s := range r.Scenarios {
		for _, c := range s.Cases {
			if s.Name == scenario && c.Name == name {
				return c
			}
		}
	}
	return nil
}

// names are the report's cases.
func (r *Report) names() string {
	var names []string
	for _, s := range r.Scenarios {
		for _, c := range s.Cases {
			names = append(names, s.Name+" ("+c.Name+")")
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// compareCase has a row for each peer and metric that both have figures of.
func compareCase(a, b *Case) (rows []ComparedRow) {
	for _, after := range b.Peers {
		before := a.peer(after.Name)
		if before == nil {
			continue
		}
		for _, m := range b.Metrics {
			f, had := before.Figure(m.ID)
			g, has := after.Figure(m.ID)
			if !had || !has || !slices.ContainsFunc(a.Metrics, func(n scenario.Metric) bool { return n.ID == m.ID && n.Unit == m.Unit }) {
				continue
			}
			row := ComparedRow{Metric: m, Peer: after.Name, A: f, B: g, Says: compare(m, after, before).String()}
			if f.Median != 0 {
				row.Ratio = g.Median / f.Median
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// Summary is our own rows in one line: how many are better, how many worse.
func (c *Comparison) Summary() string {
	var parts []string
	for _, v := range []verdict{ahead, behind, level, unsure} {
		if n := c.Counts[v.String()]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	return strings.Join(parts, ", ")
}

// WriteTable writes the comparison as text.
func (c *Comparison) WriteTable(w io.Writer) {
	fmt.Fprintf(w, "first:  %s\nsecond: %s\n", c.A.title(), c.B.title())
	for _, n := range c.Notes {
		fmt.Fprintln(w, "note:  ", n)
	}
	for _, cc := range c.Cases {
		rows := [][]string{{cc.Scenario + ", " + cc.Name, "", "", "first", "second", "ratio", ""}}
		for _, r := range cc.Rows {
			rows = append(rows, []string{r.Metric.Label, r.Metric.Unit, r.Peer, r.A.text(true), r.B.text(true), r.RatioText(), r.Says})
		}
		fmt.Fprintln(w)
		writeRows(w, rows, "lllrrrl")
	}
	fmt.Fprintf(w, "\nOurs, the second against the first: %s.\n", c.Summary())
}

// RatioText is the ratio as it is shown.
func (r ComparedRow) RatioText() string { return ratioText(r.Ratio, r.Ratio != 0) }

// title says which report it is.
func (r *Report) title() string {
	text := r.Began.Format("2006-01-02 15:04 MST")
	if r.Revision != "" {
		text += ", " + r.Revision
	}
	if r.Runs == 1 {
		return text + ", one run"
	}
	return fmt.Sprintf("%s, %d runs", text, r.Runs)
}

// WriteHTML writes the comparison as a page.
func (c *Comparison) WriteHTML(w io.Writer) error {
	if err := pages.ExecuteTemplate(w, "compare.html", c); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
