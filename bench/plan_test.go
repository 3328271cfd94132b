package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/scenario"
)

func TestPeersAreChosen(t *testing.T) {
	candidates := []string{"ours", "telling", "second", "third"}
	for name, c := range map[string]struct {
		named   []string
		full    bool
		beside  int
		missing string
		want    []string
	}{
		"a short tour takes the most telling":                   {want: []string{"ours", "telling"}},
		"or the next, if that is not there":                     {missing: "telling", want: []string{"ours", "second"}},
		"more of them, if the case says so":                     {beside: 2, want: []string{"ours", "telling", "second"}},
		"of those that are there":                               {beside: 2, missing: "telling", want: []string{"ours", "second", "third"}},
		"a long one takes all":                                  {full: true, want: candidates},
		"all that are there":                                    {full: true, missing: "second", want: []string{"ours", "telling", "third"}},
		"ours runs beside those that are named":                 {named: []string{"third"}, want: []string{"ours", "third"}},
		"alone, if it is named alone":                           {named: []string{"ours"}, want: []string{"ours"}},
		"in the long tour too":                                  {named: []string{"third", "second"}, full: true, want: []string{"ours", "second", "third"}},
		"a case without any that is named is left out":          {named: []string{"elsewhere"}},
		"and so is one whose named peer is not there":           {named: []string{"third"}, missing: "third"},
		"but not if another that is named takes part in it too": {named: []string{"third", "ours"}, missing: "third", want: []string{"ours"}},
	} {
		s := &settings{peers: c.named}
		s.size.Full = c.full
		got, err := s.choose(scenario.Case{Peers: candidates, Beside: c.beside}, func(name string) (bool, error) { return name != c.missing, nil })
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	broken := errors.New("does not compile")
	if _, err := (&settings{}).choose(scenario.Case{Peers: candidates}, func(string) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsNotThereIsLeftOutAndSaid(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no npm
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	const server = "/bin/true" // nothing is built
	tour := &tour{log: io.Discard, all: peers.All(server), settings: settings{size: full, scenarios: []scenario.Scenario{
		{Name: "one", Cases: func(scenario.Size) []scenario.Case {
			return []scenario.Case{{Name: "x", Peers: []string{peers.Ours, peers.SocketIO}}, {Name: "y", Peers: []string{peers.Ours, peers.SocketIO}}}
		}},
	}}}
	steps, missing, err := tour.plan(t.Context())
	if err != nil || len(steps) != 2 || !slices.Equal(steps[1].peers, []string{peers.Ours}) {
		t.Errorf("%v, %v", steps, err)
	}
	if len(missing) != 1 || missing[0].Peer != peers.SocketIO || missing[0].Part == "" || missing[0].Install == "" {
		t.Errorf("%+v", missing)
	}
	tour.settings.peers = []string{peers.SocketIO}
	if _, missing, err := tour.plan(t.Context()); !errors.Is(err, errNothing) || len(missing) != 1 {
		t.Errorf("nobody is left: %v, %v", missing, err)
	}
}

// An hour has its own spread in it: nobody wants three of them, unless it is said.
func TestALongCaseIsRunOnce(t *testing.T) {
	for _, c := range []struct {
		once, repeat bool
		want         int
	}{{false, false, 3}, {true, false, 1}, {true, true, 3}} {
		s := &settings{runs: 3, repeat: c.repeat}
		if got := s.runsOf(scenario.Case{Once: c.once}); got != c.want {
			t.Errorf("%+v: %d runs", c, got)
		}
	}
}

// The tour that everybody runs first takes a bit more than two minutes, and than three on a machine where each
// measurement takes a second longer than its window.
func TestTheShortTourIsShort(t *testing.T) {
	s, err := parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	var steps []step
	for i, sc := range s.scenarios {
		for _, c := range sc.Cases(s.size) {
			chosen, err := s.choose(c, func(string) (bool, error) { return true, nil })
			if err != nil {
				t.Fatal(err)
			}
			steps = append(steps, step{i, c, chosen, s.runsOf(c)})
		}
	}
	if d := newSchedule(steps, s.size, time.Now()); d.left > 3*time.Minute+10*time.Second {
		t.Errorf("%d measurements take %s: a short tour needs smaller cases, or fewer", d.total, d.left)
	}
}

func TestTheTimeLeftFollowsTheMachine(t *testing.T) {
	quick, slow := scenario.Case{Name: "quick"}, scenario.Case{Name: "slow", Takes: 50 * time.Second}
	steps := []step{{Case: quick, peers: []string{"a", "b"}, runs: 10}, {Case: slow, peers: []string{"a"}, runs: 10}}
	began := time.Unix(1e9, 0)
	s := newSchedule(steps, scenario.Size{Window: 4 * time.Second}, began)
	const all = 20*5*time.Second + 10*55*time.Second
	if s.total != 30 || s.remaining(began) != all {
		t.Fatalf("%d measurements in %s, want 30 in %s", s.total, s.remaining(began), all)
	}
	for i := range 10 {
		if n := s.next(); n != i+1 {
			t.Fatalf("measurement %d is numbered %d", i+1, n)
		}
		s.finished(slow)
	}
	if left := s.remaining(began.Add(550 * time.Second)); left != 100*time.Second {
		t.Errorf("as quick as expected: %s left", left)
	}
	if left := s.remaining(began.Add(1105 * time.Second)); left != 200*time.Second {
		t.Errorf("half as quick: %s left", left)
	}
	if text := minutes(125*time.Second + 600*time.Millisecond); text != "2:06" {
		t.Errorf("%s", text)
	}
}

func TestWhatCanBeChosenIsListed(t *testing.T) {
	var b strings.Builder
	s := &settings{scenarios: scenario.All, size: short, root: ".."}
	if err := s.writeList(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, sc := range scenario.All {
		if !strings.Contains(b.String(), "  "+sc.Name+": "+sc.About) {
			t.Errorf("no scenario %s in\n%s", sc.Name, b.String())
		}
	}
	for name, p := range peers.All("") {
		if !strings.Contains(b.String(), "  "+name+": "+p.About+"\n    an acknowledged set: "+p.Durability) {
			t.Errorf("no peer %s in\n%s", name, b.String())
		}
	}
}
