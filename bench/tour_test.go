package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dormouse/bench/peers"
	"dormouse/bench/scenario"
)

// Who interrupts the tour has the case that was measured meanwhile, if it knows how to end early; and hears of what was
// wrong with it.
func TestATourThatIsInterruptedKeepsWhatThereIs(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	all := peers.All("")
	if err := all[peers.Plain].Build(t.Context(), root, dir); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		says         string // by what it ends
		ends         func(ctx context.Context, s *scenario.Stand) error
		runs, faults int // of the case, unless both are 0: there is none
	}{
		"it ends early":           {"in all: rate 7", func(_ context.Context, s *scenario.Stand) error { s.Sample.Values["rate"] = 7; return nil }, 1, 0},
		"it loses what it has":    {"", func(ctx context.Context, _ *scenario.Stand) error { return ctx.Err() }, 0, 0},
		"something has not come":  {"in all: failed: gws: not all arrived", func(context.Context, *scenario.Stand) error { return errors.New("not all arrived") }, 0, 1},
		"its answer was cut off ": {"", func(ctx context.Context, _ *scenario.Stand) error { return errors.Join(errors.New("read"), ctx.Err()) }, 0, 0},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var log strings.Builder
		tour := &tour{log: &log, all: all, dir: dir, settings: settings{out: t.TempDir()}}
		st := step{Case: scenario.Case{Name: "x", Metrics: []scenario.Metric{{ID: "rate", Label: "rate"}}, Run: func(ctx context.Context, s *scenario.Stand) error {
			s.Size.Say("half of it")
			s.Sample.Profiles = map[string][]byte{"cpu": {1}}
			cancel()
			return c.ends(ctx, s)
		}}, peers: []string{peers.Plain, peers.Joined}, runs: 3}
		tour.schedule = newSchedule([]step{st}, scenario.Size{}, time.Now())
		got, err := tour.measure(ctx, "y", st)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if want := c.runs+c.faults > 0; (got != nil) != want {
			t.Errorf("%s: %+v", name, got)
		} else if want && (len(got.Peers) != 1 || len(got.Peers[0].Runs) != c.runs || len(got.Peers[0].Faults) != c.faults) {
			t.Errorf("%s: %+v", name, got.Peers)
		}
		if text := log.String(); !strings.Contains(text, "y: x, gws, run 1 of 3\n  half of it\n") || !strings.Contains(text, c.says) {
			t.Errorf("%s: it says\n%s", name, text)
		}
		if _, err := os.Stat(filepath.Join(tour.out, "y-x-gws-cpu.pprof")); (err == nil) != (c.runs > 0) {
			t.Errorf("%s: its profile: %v", name, err)
		}
	}
}
