package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/scenario"
)

// twoPeers is a report of one case with three runs.
func twoPeers() *Report {
	ours, raw := &Peer{Name: "dormouse"}, &Peer{Name: "<raw>", About: "a limit", Durability: "memory <only>", Raw: true}
	for run, cost := range []float64{40, 38, 45} {
		l := load.NewLatency()
		for i := range 2000 {
			l.Add(int64(run+1) * int64(i) * int64(time.Microsecond))
		}
		s := &scenario.Sample{
			Values:    map[string]float64{"cpu": cost, "rate": 25_000 + cost},
			Latencies: map[string]*load.Latency{"ack": l}, Rate: []float64{24_000, 26_000, 25_500}, RateUnit: "sets/s",
			Memory: []scenario.Point{{Seconds: 0, Value: 20}, {Seconds: 0.1, Value: 30}},
		}
		ours.Add(s)
		if run > 0 {
			raw.Add(&scenario.Sample{Values: map[string]float64{"cpu": cost / 2}, Latencies: map[string]*load.Latency{"ack": l}})
		}
	}
	raw.Faults = []string{"cut off: <1>"}
	c := &Case{Name: "64 writers", Peers: []*Peer{ours, raw}, Metrics: []scenario.Metric{
		{ID: "cpu", Label: "CPU a set", Unit: "µs"}, {ID: "rate", Label: "sets", Unit: "/s", More: true}, {ID: "none", Label: "not measured"},
	}}
	return &Report{Began: time.Unix(1e9, 0).UTC(), Runs: 3, Window: 10, Scenarios: []Scenario{{Name: "set", About: "Writers write.", Cases: []*Case{c}}}}
}

func TestFiguresAreMediansAndRatiosAreOfThem(t *testing.T) {
	c := twoPeers().Scenarios[0].Cases[0]
	if f, ok := c.Peers[0].Figure("cpu"); !ok || f != (Figure{40, 38, 45}) {
		t.Errorf("ours: %v", f)
	}
	if f, ok := c.Peers[1].Figure("cpu"); !ok || f != (Figure{20.75, 19, 22.5}) {
		t.Errorf("two runs: %v", f)
	}
	if ratio, ok := c.Ratio("cpu", c.Peers[1]); !ok || math.Abs(ratio-40/20.75) > 1e-9 {
		t.Errorf("ratio %g", ratio)
	}
	if _, ok := c.Ratio("rate", c.Peers[1]); ok {
		t.Error("a ratio to what was not measured")
	}
}

func TestNumbersHaveThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0412: "0.0412", 0.5: "0.500", 1.234: "1.23", 38.14: "38.1", 100: "100", 1234.5: "1,234", 4_100_000: "4,100,000", -12345.6: "-12,346",
	} {
		if got := Number(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
}

func TestTheTableHasWhatWasMeasured(t *testing.T) {
	var b strings.Builder
	twoPeers().WriteTable(&b)
	for _, want := range []string{"64 writers", "40.0 (38.0 to 45.0)", "1.93×", "25,040"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "not measured") {
		t.Errorf("a row without figures in\n%s", b.String())
	}
}

func TestJSONComesBack(t *testing.T) {
	var b bytes.Buffer
	if err := twoPeers().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	p := back.Scenarios[0].Cases[0].Peers[0]
	if len(p.Runs) != 3 || p.Runs[1]["cpu"] != 38 || len(p.Latencies["ack"]) == 0 {
		t.Errorf("%+v", p)
	}
}

func TestThePageNeedsNothingAndEscapesEverything(t *testing.T) {
	var b bytes.Buffer
	if err := twoPeers().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, bad := range []string{"http://", "https://", "<script", "<link", "<raw>", "<1>", "NaN", "Inf"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if n := strings.Count(text, "<svg"); n != 3 {
		t.Errorf("%d plots, want latency, rate and memory", n)
	}
	for _, want := range []string{"memory &lt;only&gt;", `class="peer1 raw"`, "<h4>CPU a set, µs <small>less is better</small></h4>", "1.93×"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q on the page", want)
		}
	}
	for i, part := range strings.Split(text, "<svg")[1:] {
		svg := "<svg" + part[:strings.Index(part, "</svg>")+len("</svg>")]
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("plot %d is not well-formed: %v\n%s", i, err, svg)
			}
		}
	}
}

func TestAReportWithoutFiguresIsStillAPage(t *testing.T) {
	r := &Report{Scenarios: []Scenario{{Name: "set", Cases: []*Case{{Name: "x", Peers: []*Peer{{Name: "dormouse", Faults: []string{"gone"}}}}}}}}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil || !strings.Contains(b.String(), "gone") {
		t.Errorf("%v", err)
	}
	if len(r.Faults()) != 1 {
		t.Errorf("%v", r.Faults())
	}
}
