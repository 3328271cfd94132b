package main

import (
	"strings"
	"testing"

	"dormouse/bench/peers"
	"dormouse/bench/report"
	"dormouse/bench/scenario"
)

// What go test prints becomes a case for each path, with a run for each time it was run, and a fault where the budget
// is exceeded. What counts is what was measured alone, not Go's own figures.
func TestReadBenchmarks(t *testing.T) {
	const out = `goos: linux
pkg: dormouse/cmd
cpu: AMD EPYC
BenchmarkBudget/publish_to_1,000-2         	    3000	     77833 ns/op	      1415 alone-B/op	         7.020 alone-allocs/op	      1750 budget-B/op	         7.500 budget-allocs/op	    2415 B/op	       9 allocs/op
BenchmarkBudget/publish_to_1,000-2         	    3000	     77834 ns/op	      1751 alone-B/op	         8.000 alone-allocs/op	      1750 budget-B/op	         7.500 budget-allocs/op	    1415 B/op	       7 allocs/op
PASS
ok  	dormouse/cmd	2.1s
pkg: dormouse/persistence
BenchmarkBudget/commit_a_turn       	   10000	      1000 ns/op	       248.0 alone-B/op	         1.000 alone-allocs/op	       280.0 budget-B/op	         1.500 budget-allocs/op	     348 B/op	       2 allocs/op
`
	tour := &tour{all: peers.All("")}
	cases := tour.readBenchmarks(out)
	if len(cases) != 2 || cases[0].Name != "cmd: publish to 1,000" || cases[1].Name != "persistence: commit a turn" {
		t.Fatalf("%d cases: %+v", len(cases), cases)
	}
	first, second := cases[0].Peers[0], cases[1].Peers[0]
	if first.Name != peers.Ours || len(first.Runs) != 2 || len(second.Runs) != 1 {
		t.Errorf("the runs: %+v, %+v", first, second)
	}
	for id, want := range map[string]float64{
		"allocs_per_op": 1, "bytes_per_op": 248, "budget_allocs_per_op": 1.5, "budget_bytes_per_op": 280, "ns_per_op": 1000,
	} {
		if got := second.Runs[0][id]; got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	if len(second.Faults) != 0 {
		t.Errorf("faults: %q", second.Faults)
	}
	if got := strings.Join(first.Faults, "; "); got != "over its budget: allocs_per_op 8, at most 7.5; over its budget: bytes_per_op 1751, at most 1750" {
		t.Errorf("faults: %s", got)
	}
	r := &report.Report{Scenarios: []report.Scenario{{Name: "allocations", Listed: true, Cases: cases}}}
	var table strings.Builder
	r.WriteTable(&table)
	var page strings.Builder
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"persistence: commit a turn", "objects, at most", "time alone, ns", "1.50"} {
		if !strings.Contains(table.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("the table or the page has no %q:\n%s", want, &table)
		}
	}
	if !strings.Contains(page.String(), "cmd: publish to 1,000: over its budget: allocs_per_op 8") {
		t.Error("the page does not say what is over its budget")
	}
}

// A server that was built elsewhere is not this tree, and other peers have no such benchmarks.
func TestBudgeted(t *testing.T) {
	for _, c := range []struct {
		args string
		want bool
	}{
		{"", true}, {"-scenario allocations", true}, {"-peer all", true}, {"-peer dormouse", true},
		{"-scenario set", false}, {"-server /bin/true", false}, {"-peer joined", false},
	} {
		s, err := parse(strings.Fields(c.args))
		if err != nil || s.budgeted() != c.want {
			t.Errorf("%q: %v, %v", c.args, s.budgeted(), err)
		}
	}
	if scenario.All[len(scenario.All)-1].Name != scenario.AllocationsName {
		t.Error("what is not measured from outside is not the last")
	}
}
