package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"dormouse/bench/scenario"
)

// growing is one group of three sizes, on which one peer stays flat and another grows as its size does, and a case
// that stands alone.
func growing() *Report {
	s := Scenario{Name: "growth", About: "It grows."}
	for i, x := range []float64{10, 100, 1000} {
		c := &Case{Name: whole(x) + " subscribers", Group: "one channel", Axis: "subscribers", X: x, Metrics: []scenario.Metric{
			{ID: "cpu", Label: "CPU a delivery", Unit: "µs"}, {ID: "none", Label: "not measured"},
		}}
		c.Peers = append(c.Peers, &Peer{Name: "flat", Runs: []map[string]float64{{"cpu": 5}, {"cpu": 5}}})
		if i > 0 { // the smallest was not run on it
			c.Peers = append(c.Peers, &Peer{Name: "linear", Runs: []map[string]float64{{"cpu": x}}})
		}
		s.Cases = append(s.Cases, c)
	}
	s.Cases = append(s.Cases, &Case{Name: "alone", Peers: []*Peer{{Name: "flat"}}})
	return &Report{Runs: 2, Window: 1, Scenarios: []Scenario{s}}
}

func TestAGroupIsOneBlockAndSaysHowItGrows(t *testing.T) {
	r := growing()
	blocks := r.Scenarios[0].Blocks()
	if len(blocks) != 2 || len(blocks[0].Cases) != 3 || blocks[1].Group != "" {
		t.Fatalf("%+v", blocks)
	}
	var b strings.Builder
	r.WriteTable(&b)
	for _, want := range []string{
		"\n  one channel\n", "CPU a delivery, by subscribers", "flat", "linear", "ratio", // the head
		"1,000", "0.0050×", "grows with the power", "0.00", "1.00",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "not measured") {
		t.Errorf("a table without figures in\n%s", b.String())
	}
}

func TestWhatIsLeftOfAGroupMayStandAlone(t *testing.T) {
	r := growing()
	s := &r.Scenarios[0]
	s.Cases = s.Cases[2:]
	if blocks := s.Blocks(); len(blocks) != 2 || blocks[0].Group != "" {
		t.Fatalf("%+v", blocks)
	}
	var b strings.Builder
	r.WriteTable(&b)
	if strings.Contains(b.String(), "power") || !strings.Contains(b.String(), "1,000 subscribers") {
		t.Errorf("no table of one case:\n%s", b.String())
	}
}

func TestAGroupIsDrawnOverItsSize(t *testing.T) {
	r := growing()
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"CPU a delivery, µs, by subscribers", "<details", "0.00 <small>power of subscribers</small>", "1k</text>"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if n := strings.Count(b.String(), "<polyline"); n != 2 {
		t.Errorf("%d lines, want one for each peer", n)
	}
}

func TestAGroupComesBackFromJSON(t *testing.T) {
	var b bytes.Buffer
	if err := growing().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if c := back.Scenarios[0].Cases[2]; c.Group != "one channel" || c.Axis != "subscribers" || c.X != 1000 {
		t.Errorf("%+v", c)
	}
}
