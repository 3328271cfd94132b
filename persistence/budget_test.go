package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"testing"

	"dormouse/bench/budget"
)

// What a commit may allocate, of a turn with one row that was there before.
var budgets = []budget.Path{
	{
		Name: "commit a turn", Allocs: 0.5, Bytes: 180,
		// Nothing: batches, and the memory of those that are committed together, are used again.
		Open: func(tb testing.TB) func() { return commits(tb, 1) },
	},
	{
		Name: "commit 64 turns together", Allocs: 3, Bytes: 10000, Ops: 200,
		// The same, and now and then the memory of a bigger write buffer.
		Open: func(tb testing.TB) func() { return commits(tb, 64) },
	},
}

// The checksum is that of the library over all bytes in one.
func TestChecksum(t *testing.T) {
	for _, first := range []uint64{0, 1, 0x0123456789abcdef, math.MaxUint64} {
		for _, body := range []string{"", "x", "a body of an entry"} {
			all := append(binary.BigEndian.AppendUint64(nil, first), body...)
			if got, want := checksum(first, []byte(body)), crc32.Checksum(all, castagnoli); got != want {
				t.Errorf("checksum(%d, %q) = %x, want %x", first, body, got, want)
			}
		}
	}
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
