package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What speaks to a server over the wire cannot flatter it.
func TestNothingOfTheServerIsImported(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-test", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.Lines(string(out)) {
		name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
		name = strings.TrimSuffix(name, ".test")
		if strings.HasPrefix(name, "dormouse") && name != "dormouse/bench" && !strings.HasPrefix(name, "dormouse/bench/") {
			t.Errorf("bench depends on %s", name)
		}
	}
}

func TestFlags(t *testing.T) {
	s, err := parse(nil)
	if err != nil || s.runs != 1 || len(s.scenarios) != len(scenarioNames()) || s.size.Window > 3*time.Second {
		t.Errorf("the short tour: %+v, %v", s.size, err)
	}
	s, err = parse([]string{"-full", "-scenario", "idle, set", "-seconds", "0.5", "-connections", "500", "-profile"})
	if err != nil {
		t.Fatal(err)
	}
	if s.runs != 3 || s.size.Window != 500*time.Millisecond || s.size.Idle != 500 || s.size.Sleeping != 100_000 || !s.size.Profile {
		t.Errorf("%d runs of %+v", s.runs, s.size)
	}
	if len(s.scenarios) != 2 || s.scenarios[0].Name != "idle" || s.scenarios[1].Name != "set" {
		t.Errorf("%d scenarios", len(s.scenarios))
	}
	if s.size.Soak != 10*time.Minute || s.repeat {
		t.Errorf("%s of soak, repeated: %t", s.size.Soak, s.repeat)
	}
	if s, err = parse([]string{"-soak", "1h", "-runs", "2"}); err != nil || s.size.Soak != time.Hour || !s.repeat {
		t.Errorf("%s of soak, repeated: %t, %v", s.size.Soak, s.repeat, err)
	}
	for _, length := range []string{"1s", "-1h", "13h"} {
		if _, err := parse([]string{"-soak", length}); err == nil || !strings.Contains(err.Error(), "2s to 12h") {
			t.Errorf("-soak %s: %v", length, err)
		}
	}
	s, err = parse([]string{"-peer", "joined, gws"})
	if err != nil || len(s.peers) != 2 || s.peers[0] != "joined" {
		t.Errorf("%v, %v", s.peers, err)
	}
	if s, err = parse([]string{"-peer", "all"}); err != nil || len(s.peers) != len(peerNames()) || s.peers[0] != "dormouse" {
		t.Errorf("%v, %v", s.peers, err)
	}
	if _, err := parse([]string{"-peer", "joint"}); err == nil || !strings.Contains(err.Error(), "joint: there are dormouse, ") {
		t.Errorf("an unknown peer: %v", err)
	}
	if s, err = parse([]string{"-out", "x", "-compare", "a.json", "b.json"}); err != nil || len(s.compare) != 2 || s.compare[1] != "b.json" {
		t.Errorf("%v, %v", s.compare, err)
	}
	if _, err := parse([]string{"-compare", "a.json"}); err == nil || !strings.Contains(err.Error(), "takes two files") {
		t.Errorf("one file to compare: %v", err)
	}
	if _, err := parse([]string{"fanout"}); err == nil || !strings.Contains(err.Error(), "-h") {
		t.Errorf("a word that is no flag: %v", err)
	}
	if _, err := parse([]string{"-scenario", "fan"}); err == nil || !strings.Contains(err.Error(), "fanout") {
		t.Errorf("an unknown scenario: %v", err)
	}
}

func TestASyncTakesTime(t *testing.T) {
	if d, err := syncTime(t.TempDir()); err != nil || d <= 0 {
		t.Errorf("%v, %v", d, err)
	}
}
