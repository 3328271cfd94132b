package main

import (
	"errors"
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
		missing string
		want    []string
	}{
		"a short tour takes the most telling":                   {want: []string{"ours", "telling"}},
		"or the next, if that is not there":                     {missing: "telling", want: []string{"ours", "second"}},
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
		got, err := s.choose(candidates, func(name string) (bool, error) { return name != c.missing, nil })
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	broken := errors.New("does not compile")
	if _, err := (&settings{}).choose(candidates, func(string) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestTheTimeLeftFollowsTheMachine(t *testing.T) {
	quick, slow := scenario.Case{Name: "quick"}, scenario.Case{Name: "slow", Takes: 50 * time.Second}
	steps := []step{{Case: quick, peers: []string{"a", "b"}}, {Case: slow, peers: []string{"a"}}}
	began := time.Unix(1e9, 0)
	s := newSchedule(steps, 10, scenario.Size{Window: 4 * time.Second}, began)
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
