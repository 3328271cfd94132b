package report

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"dormouse/bench/scenario"
)

// soaked is an hour of one peer: memory that stays, a latency that rises, descriptors that nobody told, and a figure of
// too few intervals.
func soaked() *Report {
	rss := scenario.Series{ID: "rss", Label: "RSS", Unit: "MiB", Bound: 1, Floor: true}
	p99 := scenario.Series{ID: "delivery_p99", Label: "delivered p99", Unit: "ms", Relative: true}
	for i := range 60 {
		at := float64(i)*60 + 30
		rss.Points = append(rss.Points, scenario.Point{Seconds: at, Value: 60})
		p99.Points = append(p99.Points, scenario.Point{Seconds: at, Value: 2 + float64(i)/100})
	}
	rss.Trend = &scenario.Trend{From: 600, To: 3570, Median: 60, Start: 60, End: 60.2, Slope: 0.25, Low: -0.00001, High: 0.52, P: 0.3, Says: "at most 1 MiB/h", Holds: true}
	p99.Trend = &scenario.Trend{From: 600, To: 3570, Median: 2, Start: 1.9, End: 2.1, Slope: 0.2, Low: 0.1, High: 0.31, P: 0.00001, Says: "rises <b>", Creeps: true}
	few := scenario.Series{ID: "told_p99", Label: "told p99", Unit: "ms", Points: rss.Points[:2]}
	p := &Peer{Name: "dormouse", Window: 3600, Runs: []map[string]float64{{"rss_slope": -0.25}},
		Rate: []float64{1, 2}, RateUnit: "deliveries/s", Memory: []scenario.Point{{Seconds: 0, Value: 20}, {Seconds: 3700, Value: 30}},
		Series: []scenario.Series{rss, p99, {ID: "descriptors", Label: "descriptors"}, few}}
	c := &Case{Name: "10 lobbies for 1 h", Metrics: []scenario.Metric{{ID: "rss_slope", Label: "RSS, slope", Unit: "MiB/h", Neutral: true}}, Peers: []*Peer{p}}
	return &Report{Runs: 1, Window: 1, Scenarios: []Scenario{{Name: "soak", About: "It soaks.", Cases: []*Case{c}}}}
}

func TestTrendsStandInTheTable(t *testing.T) {
	var b strings.Builder
	soaked().WriteTable(&b)
	var lines []string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"trends of dormouse, from 10 min on median an hour 95 % interval p",
		"RSS, floor, MiB at most 1 MiB/h 60.0 +0.250 MiB/h 0 to +0.520 0.300",
		"delivered p99, ms rises <b> 2.00 +10.0 %/h +5.00 to +15.5 <0.001",
		"told p99, ms too few intervals - - - -",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "descriptors") {
		t.Errorf("a trend of what was not told in\n%s", b.String())
	}
}

func TestTrendsStandOnThePageAndAreDrawn(t *testing.T) {
	var b bytes.Buffer
	if err := soaked().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"trends of dormouse, from 10 min on", `<td class="good">at most 1 MiB/h</td>`, `<td class="bad">rises &lt;b&gt;</td>`, // the table
		`<p class="one">-0.250</p>`, // what is less than nothing is a figure too
		"<dd>3,600 s</dd>", "RSS, MiB, over time", `<g class="peer0 trend">`, "30 min</text>", "60 min</text>",
		`class="chip good">at most 1 MiB/h <small>RSS</small>`, `class="chip bad">rises &lt;b&gt; <small>delivered p99</small>`, // at a glance
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	if n := strings.Count(text, "<svg"); n != 4 {
		t.Errorf("%d plots, want three series and the rate", n)
	}
	if strings.Contains(text, "resident memory") {
		t.Error("memory is drawn twice")
	}
}

func TestTrendsComeBackFromJSON(t *testing.T) {
	var b bytes.Buffer
	if err := soaked().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	p := back.Scenarios[0].Cases[0].Peers[0]
	if len(p.Series) != 4 || len(p.Series[0].Points) != 60 || *p.Series[1].Trend != *soaked().Scenarios[0].Cases[0].Peers[0].Series[1].Trend || p.Window != 3600 {
		t.Errorf("%+v", p.Series)
	}
}

func TestATimeAxisIsReadable(t *testing.T) {
	for seconds, want := range map[float64]string{1: "0 s 0.5 s 1 s", 87: "0 s 43.5 s 87 s", 600: "0 min 5 min 10 min", 3600: "0 min 30 min 60 min", 4 * 3600: "0 h 2 h 4 h"} {
		var texts []string
		for _, tick := range times(seconds) {
			texts = append(texts, tick.text)
		}
		if got := strings.Join(texts, " "); got != want {
			t.Errorf("%g s: %q, want %q", seconds, got, want)
		}
	}
}

func TestACaseThatWasInterruptedHasWhatWasMeasured(t *testing.T) {
	c := &Case{Peers: []*Peer{{Name: "ours", Runs: []map[string]float64{{}}}, {Name: "broken", Faults: []string{"x"}}, {Name: "not yet"}}}
	if got := c.Measured(); got != c || len(c.Peers) != 2 {
		t.Errorf("%+v", got)
	}
	if got := (&Case{Peers: []*Peer{{Name: "ours"}}}).Measured(); got != nil {
		t.Errorf("%+v", got)
	}
}
