package cmd

import (
	"testing"

	"dormouse/actors"
)

func TestTrimAfterACrowd(t *testing.T) {
	var tr trimmer
	for i, step := range []struct {
		awake, connections int
		trim               bool
	}{
		{0, 0, false},
		{500, 400, false},
		{10, 0, false}, // nobody gives back the memory of a few
		{5000, 1000, false},
		{3000, 1000, false},
		{500, 1000, true}, // a quarter of the crowd is left
		{500, 1000, false},
		{0, 1000, false},
		{0, 0, true},
		{0, 0, false},
		{4000, 0, false},
		{0, 0, true}, // a second crowd
	} {
		if got := tr.look(actors.Stats{Awake: step.awake, Connections: step.connections}); got != step.trim {
			t.Errorf("step %d: %d awake, %d connected: trim %v, want %v", i, step.awake, step.connections, got, step.trim)
		}
	}
}
