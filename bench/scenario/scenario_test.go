package scenario

import (
	"strings"
	"testing"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

func TestPayloadsAreFoundWhereverTheyStand(t *testing.T) {
	var s stamp
	for _, head := range []string{`{"a":1,"data":`, `{"a":1,"data":`, `{"longer":12345,"data":`, `{"data":`} {
		for _, n := range []int{0, 7, 99_999_999} {
			data := appendPayload(nil, n)
			if len(data) != payloadSize {
				t.Fatalf("a payload of %d bytes", len(data))
			}
			if got, ok := s.read([]byte(head + string(data) + `,"meta":{}}`)); !ok || got != n {
				t.Fatalf("read %d, %t from %d behind %s", got, ok, n, head)
			}
		}
	}
	for _, text := range []string{"", `{"n":"`, `{"n":"1234567x"}`, `{"event":"hotsock.pong"}`} {
		if _, ok := s.read([]byte(text)); ok {
			t.Errorf("found one in %q", text)
		}
	}
}

func TestASubscriberThatMissesSomethingEndsTheRun(t *testing.T) {
	for name, numbers := range map[string][]int{"a gap": {0, 2}, "a repeat": {0, 0}, "out of order": {1, 0}} {
		s := &Stand{Sample: newSample()}
		r := &publishing{stand: s, subscribers: 1, depth: 1, stopped: true, delivery: load.NewLatency()}
		h := &hearer{from: &publisher{run: r, sent: 3}}
		for _, n := range numbers {
			h.frame(&client{stand: s}, peers.Message, appendPayload(nil, n), 1)
		}
		if s.err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func TestAnObserverThatMissesSomethingEndsTheRun(t *testing.T) {
	s := &Stand{Sample: newSample()}
	r := &sets{stand: s, writers: 2, observed: load.NewLatency()}
	w := []*setWriter{{sets: r, index: 0, sent: 3}, {sets: r, index: 1, sent: 3}}
	o := &setObserver{writers: w, seen: make([]sequence, 2)}
	for _, n := range []int{0, 1, 3, 2} { // two writers, each in its own order
		o.frame(&client{stand: s}, peers.Message, appendPayload(nil, n), 1)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	o.frame(&client{stand: s}, peers.Message, appendPayload(nil, 6), 1)
	if s.err == nil {
		t.Fatal("the first writer's third set was skipped, and it passed")
	}
}

func TestNothingCountsOutsideTheWindow(t *testing.T) {
	w := window{}
	w.add(5, 1) // before it is open
	w = window{from: 10, to: 20, series: load.NewSeries(10, 10, 10)}
	w.add(9, 1)
	w.add(10, 2)
	w.add(19, 3)
	w.add(20, 4)
	if w.units != 5 {
		t.Fatalf("%d units", w.units)
	}
}

// A server that stalls over the window's end has delayed all that was due in it.
func TestALatencyCountsByWhenItWasDue(t *testing.T) {
	s := &Stand{Sample: newSample(), window: window{from: 1000, to: 2000, series: load.NewSeries(1000, 1000, 10)}}
	r := &publishing{stand: s, subscribers: 1, perSecond: 1, delivery: load.NewLatency()}
	p := &publisher{run: r, sent: 4}
	h := &hearer{from: p}
	for n, due := range []int64{900, 1100, 1900, 2100} {
		p.at[n], p.left[n] = due, 1
		h.frame(&client{stand: s}, peers.Message, appendPayload(nil, n), due+int64(time.Second))
	}
	if s.err != nil || r.delivery.Count() != 2 || r.delivery.At(0) < 999 {
		t.Errorf("%d latencies from %g ms, %v; want the two that were due in the window", r.delivery.Count(), r.delivery.At(0), s.err)
	}
	if s.window.units != 0 {
		t.Errorf("%d deliveries in the window, all came later", s.window.units)
	}
}

// JSON has no such numbers: one of them would cost the report of a whole tour.
func TestARatioToNothingIsNoFigure(t *testing.T) {
	s, zero := newSample(), 0.0
	s.set(timesQuiet, 1/zero)
	s.set(setRate, zero/zero)
	s.set(cpuPerSet, 2)
	if len(s.Values) != 1 || s.Values[cpuPerSet.ID] != 2 {
		t.Errorf("%v", s.Values)
	}
}

func TestEveryScenarioDescribesItself(t *testing.T) {
	names := map[string]bool{}
	for _, s := range All {
		if names[s.Name] || s.Name == "" || !strings.HasSuffix(s.About, ".") {
			t.Errorf("scenario %q: %q", s.Name, s.About)
		}
		names[s.Name] = true
		all := peers.All("")
		cases, last := map[string]bool{}, Case{}
		for _, c := range s.Cases(Size{Window: time.Second, Idle: 1000, Sleeping: 1000}) {
			if c.Peers[0] != peers.Ours {
				t.Errorf("%s, %s: %s stands first", s.Name, c.Name, c.Peers[0])
			}
			if c.Beside >= len(c.Peers) {
				t.Errorf("%s, %s: %d peers beside ours, of %v", s.Name, c.Name, c.Beside, c.Peers)
			}
			for _, p := range c.Peers {
				if all[p] == nil {
					t.Errorf("%s, %s: no peer %s", s.Name, c.Name, p)
				}
			}
			if cases[c.Name] {
				t.Errorf("%s: two cases %s", s.Name, c.Name)
			}
			if c.Group != "" && (c.Axis == "" || c.X <= 0 || c.Group == last.Group && c.X <= last.X) {
				t.Errorf("%s, %s: X %g of %q in %q, behind %g", s.Name, c.Name, c.X, c.Axis, c.Group, last.X)
			}
			cases[c.Name], last = true, c
			ids := map[string]bool{}
			for _, m := range c.Metrics {
				if ids[m.ID] || m.Label == "" {
					t.Errorf("%s, %s: metric %q %q", s.Name, c.Name, m.ID, m.Label)
				}
				ids[m.ID] = true
			}
		}
	}
}
