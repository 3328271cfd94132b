package actors

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestGateLetsOutInOrder drives a gate with turns that write and turns that do not, and commits that land
// late, and looks at what leaves when.
func TestGateLetsOutInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g gate
		var commit, durable uint64
		var said, left []int
		waitsFor := map[int]uint64{}
		inTurn := []int{}
		leave := func(o *output) {
			n := o.result.(int)
			if waitsFor[n] > durable {
				t.Fatalf("output %d waits for commit %d and left at %d", n, waitsFor[n], durable)
			}
			left = append(left, n)
		}
		for i := range rapid.IntRange(1, 3000).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				g.hold(output{result: i})
				said = append(said, i)
				inTurn = append(inTurn, i)
			case 2:
				if rapid.Bool().Draw(t, "the turn wrote") {
					commit++
				}
				for _, n := range inTurn {
					waitsFor[n] = commit
				}
				inTurn = inTurn[:0]
				g.seal(commit)
				g.release(durable, leave)
				// What waits for nothing has left.
				for _, n := range said[len(left):] {
					if w, sealed := waitsFor[n]; sealed && w <= durable {
						t.Fatalf("output %d waits for commit %d, which is durable", n, w)
					}
				}
			case 3:
				if durable < commit {
					durable = rapid.Uint64Range(durable, commit).Draw(t, "durable")
				}
				g.release(durable, leave)
			}
		}
		g.seal(commit)
		durable = commit
		for _, n := range inTurn {
			waitsFor[n] = commit
		}
		g.release(durable, leave)
		if !slices.Equal(said, left) {
			t.Fatalf("said %v, left %v", said, left)
		}
		if !g.open() {
			t.Fatal("everything left and the gate is not open")
		}
	})
}
