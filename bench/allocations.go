package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/report"
	"dormouse/bench/scenario"
)

// What a benchmark of a budget reports, by the unit that Go prints behind the figure.
var allocationMetrics = []struct {
	unit string
	scenario.Metric
}{
	{"alone-allocs/op", scenario.Metric{ID: "allocs_per_op", Label: "objects"}},
	{"budget-allocs/op", scenario.Metric{ID: "budget_allocs_per_op", Label: "objects, at most", Neutral: true}},
	{"alone-B/op", scenario.Metric{ID: "bytes_per_op", Label: "bytes"}},
	{"budget-B/op", scenario.Metric{ID: "budget_bytes_per_op", Label: "bytes, at most", Neutral: true}},
	{"ns/op", scenario.Metric{ID: "ns_per_op", Label: "time alone", Unit: "ns", Neutral: true}},
}

// budgeted says whether the tour has the allocations. A server that was built elsewhere is not this tree.
func (s *settings) budgeted() bool {
	ours := s.peers == nil || slices.Contains(s.peers, peers.Ours)
	return s.server == "" && ours && slices.ContainsFunc(s.scenarios, func(sc scenario.Scenario) bool {
		return sc.Name == scenario.AllocationsName
	})
}

// allocations runs the benchmarks of the budgets: a case for each path, a run for each time. Nothing may be pinned yet,
// for they would be too. What cannot be run is a fault.
func (t *tour) allocations(ctx context.Context) (report.Scenario, error) {
	s := report.Scenario{Listed: true}
	for _, sc := range t.scenarios {
		if sc.Name == scenario.AllocationsName {
			s.Name, s.About = sc.Name, sc.About
		}
	}
	fmt.Fprintf(t.log, "%s: go test -bench BenchmarkBudget, each %s, behind what has to be built for it\n", s.Name, t.each())
	args := []string{
		// One package after the other: who commits beside another package's benchmark waits for the processor, and what
		// waits is gathered in larger pieces.
		"test", "-p=1", "-vet=off", "-run=^$", "-bench=^BenchmarkBudget$", "-benchmem",
		"-benchtime=" + t.each().String(), "-count=" + strconv.Itoa(t.runs), "-timeout=30m",
	}
	cmd := exec.CommandContext(ctx, "go", append(args, scenario.BudgetBenchmarks...)...)
	cmd.Dir = t.root
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	s.Cases = t.readBenchmarks(out.String())
	if err != nil {
		fault := fmt.Sprintf("go test: %v: %s%s", err, complaints.String(), out.String())
		s.Cases = append(s.Cases, t.benchmarkCase("all"))
		s.Cases[len(s.Cases)-1].Peers[0].Faults = []string{fault}
	}
	for _, c := range s.Cases {
		fmt.Fprintf(t.log, "%s: %s", s.Name, c.Name)
		if runs := c.Peers[0].Runs; len(runs) > 0 {
			fmt.Fprintf(t.log, ": %s", brief(c.Metrics, runs[len(runs)-1]))
		}
		for _, f := range c.Peers[0].Faults {
			fmt.Fprintf(t.log, ": failed: %s", f)
		}
		fmt.Fprintln(t.log)
	}
	return s, nil
}

// each is how long a benchmark lasts.
func (t *tour) each() time.Duration { return min(t.size.Window/4, 2*time.Second) }

// processors is what Go puts behind a benchmark's name if there are several.
var processors = regexp.MustCompile(`-\d+$`)

// readBenchmarks reads what go test prints. Who is over a budget has a fault, beside the figures.
func (t *tour) readBenchmarks(out string) (cases []*report.Case) {
	pkg := ""
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) == 2 && fields[0] == "pkg:" {
			pkg = path.Base(fields[1])
		}
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "BenchmarkBudget/") {
			continue
		}
		name := strings.TrimPrefix(processors.ReplaceAllString(fields[0], ""), "BenchmarkBudget/")
		name = pkg + ": " + strings.ReplaceAll(name, "_", " ")
		values := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			for _, m := range allocationMetrics {
				if v, err := strconv.ParseFloat(fields[i], 64); err == nil && fields[i+1] == m.unit {
					values[m.ID] = v
				}
			}
		}
		i := slices.IndexFunc(cases, func(c *report.Case) bool { return c.Name == name })
		if i < 0 {
			i, cases = len(cases), append(cases, t.benchmarkCase(name))
		}
		p := cases[i].Peers[0]
		p.Runs = append(p.Runs, values)
		for _, id := range []string{"allocs_per_op", "bytes_per_op"} {
			if most := values["budget_"+id]; values[id] > most {
				p.Faults = append(p.Faults, fmt.Sprintf("over its budget: %s %g, at most %g", id, values[id], most))
			}
		}
	}
	return cases
}

// benchmarkCase is a case without a run.
func (t *tour) benchmarkCase(name string) *report.Case {
	c := &report.Case{Name: name}
	for _, m := range allocationMetrics {
		c.Metrics = append(c.Metrics, m.Metric)
	}
	ours := t.all[peers.Ours]
	c.Peers = []*report.Peer{{Name: ours.Name, About: ours.About, Durability: ours.Durability}}
	return c
}
