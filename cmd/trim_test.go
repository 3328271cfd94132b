package cmd

import (
	"testing"

	"dormouse/actors"
)

func TestTrimAfterACrowd(t *testing.T) {
	const mib = 1 << 20
	var tr trimmer
	var total uint64
	for i, step := range []struct {
		awake, connections int
		allocated, free    uint64 // since the step before, and now
		trim               bool
	}{
		{0, 0, 0, 0, false},
		{500, 400, 100 * mib, 0, false},
		{10, 0, 0, 100 * mib, false}, // nobody gives back the memory of a few
		{5000, 1000, 500 * mib, 0, false},
		{3000, 1000, 0, 200 * mib, false},
		{500, 1000, 0, 200 * mib, true}, // a quarter of the crowd is left
		{500, 1000, 50 * mib, 200 * mib, false},
		{500, 1000, 1 * mib, 200 * mib, true}, // the store has come to rest
		{500, 1000, 1 * mib, 200 * mib, false},
		{0, 1000, 0, 0, false},
		{0, 0, 0, 0, true},
		{0, 0, 1 * mib, 1 * mib, false}, // nothing came free meanwhile
		{0, 0, 0, 200 * mib, false},
		{4000, 0, 0, 0, false},
		{0, 0, 0, 0, true}, // a second crowd
	} {
		total += step.allocated
		s := actors.Stats{Awake: step.awake, Connections: step.connections}
		if got := tr.look(s, heap{total, step.free}); got != step.trim {
			t.Errorf("step %d: %+v: trim %v", i, step, got)
		}
	}
}
