package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dormouse/bench/scenario"
)

// runs is a report of one case, with these runs of each metric.
func runs(values map[string][]float64) *Report {
	p := &Peer{Name: "dormouse"}
	for id, vs := range values {
		for i, v := range vs {
			if i == len(p.Runs) {
				p.Runs = append(p.Runs, map[string]float64{})
			}
			p.Runs[i][id] = v
		}
	}
	c := &Case{Name: "64 writers", Peers: []*Peer{p}, Metrics: []scenario.Metric{
		{ID: "cpu", Label: "CPU a set", Unit: "µs"}, {ID: "rate", Label: "sets", Unit: "/s", More: true}, {ID: "busy", Label: "busy", Neutral: true},
	}}
	return &Report{Runs: 3, Window: 10, Scenarios: []Scenario{{Name: "set", Cases: []*Case{c}}}}
}

func TestAChangeIsToldFromNoise(t *testing.T) {
	first := map[string][]float64{"cpu": {10, 11, 12}, "rate": {100, 110, 120}, "busy": {1, 2, 3}}
	for name, c := range map[string]struct {
		second map[string][]float64
		says   []string
	}{
		"less of a cost is better, more of a rate too": {map[string][]float64{"cpu": {7, 8, 9}, "rate": {121, 130, 140}}, []string{"better", "better"}},
		"and the other way round":                      {map[string][]float64{"cpu": {13, 14, 15}, "rate": {97, 98, 99}}, []string{"worse", "worse"}},
		"where ranges touch nothing can be seen":       {map[string][]float64{"cpu": {12, 14, 15}, "rate": {90, 95, 100}}, []string{"no difference to be seen", "no difference to be seen"}},
		"one inside the other, neither":                {map[string][]float64{"cpu": {1, 11, 99}}, []string{"no difference to be seen"}},
		"one run has no range":                         {map[string][]float64{"cpu": {7}, "rate": {500}}, []string{"one run: cannot tell", "one run: cannot tell"}},
		"how it was measured is not better or worse":   {map[string][]float64{"busy": {7, 8, 9}}, []string{""}},
		"what the second did not measure has no row":   {map[string][]float64{"cpu": {7, 8, 9}}, []string{"better"}},
	} {
		got, err := Compare(runs(first), runs(c.second))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var says []string
		for _, row := range got.Cases[0].Rows {
			says = append(says, row.Says)
		}
		if strings.Join(says, "|") != strings.Join(c.says, "|") {
			t.Errorf("%s: %q, want %q", name, says, c.says)
		}
	}
}

func TestAComparisonIsATableAndAPage(t *testing.T) {
	a, b := runs(map[string][]float64{"cpu": {10, 11, 12}}), runs(map[string][]float64{"cpu": {5, 5.5, 6}})
	a.Machine.Go, b.Machine.Go = "go1.25", "go1.26"
	b.Scenarios[0].Cases = append(b.Scenarios[0].Cases, &Case{Name: "<new>"})
	c, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	c.WriteTable(&table)
	for _, want := range []string{
		"11.0 (10.0 to 12.0)", "5.50 (5.00 to 6.00)", "0.500×", "better", "Go: go1.25 in the first, go1.26 in the second",
		"only the second has set, <new>", "Ours, the second against the first: 1 better.",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	var page bytes.Buffer
	if err := c.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<td class="good">better</td>`, "only the second has set, &lt;new&gt;", "0.500×"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q on the page", want)
		}
	}
}

func TestReportsWithNothingInCommonAreNotCompared(t *testing.T) {
	a, b := runs(map[string][]float64{"cpu": {10}}), runs(map[string][]float64{"cpu": {10}})
	b.Scenarios[0].Cases[0].Name = "1 writer"
	_, err := Compare(a, b)
	if err == nil || !strings.Contains(err.Error(), "the first has set (64 writers); the second set (1 writer)") {
		t.Errorf("%v", err)
	}
	if _, err := Compare(a, &Report{}); err == nil || !strings.Contains(err.Error(), "the second none") {
		t.Errorf("%v", err)
	}
}

func TestOnlyAReportOfThisVersionIsRead(t *testing.T) {
	dir := t.TempDir()
	write := func(text string) string {
		path := filepath.Join(dir, "report.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for text, want := range map[string]string{
		`{"version":999}`:              "version 999, this bench reads version 1",
		`{"scenarios":[]}`:             "does not say its version",
		`<html>`:                       "is not a report.json",
		`{"version":1,"runs":"three"}`: "report.json",
	} {
		if _, err := Read(write(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := Read(filepath.Join(dir, "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	var b bytes.Buffer
	if err := twoPeers().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	r, err := Read(write(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Compare(r, r); err != nil || c.Counts["no difference to be seen"] != 2 {
		t.Errorf("a report beside itself: %v, %v", c, err)
	}
}
