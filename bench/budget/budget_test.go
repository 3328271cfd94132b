package budget

import (
	"strings"
	"testing"
)

var kept []byte

// allocating is a step of n objects of 100 bytes, which are 112 each by their size class, on another goroutine.
func allocating(n int) func(testing.TB) func() {
	return func(tb testing.TB) func() {
		asked, done := make(chan struct{}), make(chan struct{})
		go func() {
			for range asked {
				for range n {
					kept = make([]byte, 100)
				}
				done <- struct{}{}
			}
		}()
		tb.Cleanup(func() { close(asked) })
		return func() {
			asked <- struct{}{}
			<-done
		}
	}
}

// What an operation sets off elsewhere is counted, to the object.
func TestMeasure(t *testing.T) {
	for _, n := range []int{0, 1, 7} {
		f := measure(1000, allocating(n)(t))
		if want := float64(n); f.allocs < want || f.allocs > want+0.5 || f.bytes < want*112 || f.bytes > want*112+50 {
			t.Errorf("%d objects of 112 bytes: %+v", n, f)
		}
	}
}

func TestOver(t *testing.T) {
	p := Path{Allocs: 2.5, Bytes: 200}
	for _, c := range []struct {
		figures
		says string
	}{
		{figures{2.5, 200}, ""},
		{figures{2.6, 100}, "2.60 allocations an operation, at most 2.5"},
		{figures{1, 201}, "201 bytes an operation, at most 200"},
	} {
		if got := p.over(c.figures); got != c.says {
			t.Errorf("%+v: %q", c.figures, got)
		}
	}
	if got := p.over(measure(1000, allocating(3)(t))); !strings.HasPrefix(got, "3.") {
		t.Errorf("three objects of two: %q", got)
	}
}

func TestBudget(t *testing.T) {
	Hold(t, []Path{{Name: "two objects", Allocs: 2.5, Bytes: 250, Open: allocating(2)}})
}

func BenchmarkBudget(b *testing.B) {
	Benchmark(b, []Path{{Name: "two objects", Allocs: 2.5, Bytes: 250, Open: allocating(2)}})
}
