package persistence

import (
	"fmt"
	"testing"

	"dormouse/bench/budget"
)

// What a commit may allocate, of a turn with one row that was there before.
var budgets = []budget.Path{
	{
		Name: "commit a turn", Allocs: 2.5, Bytes: 290,
		Open: func(tb testing.TB) func() { return commits(tb, 1) },
	},
	{
		Name: "commit 64 turns together", Allocs: 67, Bytes: 13500, Ops: 200,
		Open: func(tb testing.TB) func() { return commits(tb, 64) },
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

// commits returns a step in which each of n actors writes a row and commits it, and which waits until all are on disk.
func commits(tb testing.TB, n int) func() {
	s := benchDisk(tb, nil)
	actors := make([]*Rows, n)
	for i := range actors {
		actors[i] = wake(tb, s, Address{"app", "channel", fmt.Sprint(i)})
		tb.Cleanup(actors[i].Close)
	}
	done := make(chan struct{}, n)
	durable := func() { done <- struct{}{} }
	write := []Write{PutRow("ekey", value200)}
	return func() {
		for _, r := range actors {
			if _, err := r.Apply(write); err != nil {
				tb.Fatal(err)
			}
			r.Commit(Sync, durable)
		}
		for range actors {
			<-done
		}
	}
}
