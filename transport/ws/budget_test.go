package ws

import (
	"io"
	"sync/atomic"
	"testing"

	"dormouse/bench/budget"
)

// What a delivery may allocate from here on: nothing, however many get it.
var budgets = []budget.Path{
	{
		Name: "deliver to 1,000", Allocs: 0.5, Bytes: 100, Ops: 200,
		Open: func(tb testing.TB) func() { return deliveries(tb, 1000) },
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

// deliveries returns a step that delivers a frame of 200 bytes to n connections, and waits until it has left for all.
func deliveries(tb testing.TB, n int) func() {
	var sent, want atomic.Int64
	told := make(chan struct{}, 1)
	r := start(tb, Options{Listener: Listener{Sent: func(frames, _, _ int) {
		if sent.Add(int64(frames)) >= want.Load() {
			select {
			case told <- struct{}{}:
			default:
			}
		}
	}}})
	all := make([]*Conn, n)
	for i := range all {
		p, rec := r.dial(tb)
		all[i] = rec.conn
		go func() {
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{p.Conn}, make([]byte, 512))
		}()
	}
	data := make([]byte, 200)
	return func() {
		goal := want.Add(int64(n))
		for _, c := range all {
			c.Deliver(data, false)
		}
		for sent.Load() < goal {
			<-told
		}
	}
}
