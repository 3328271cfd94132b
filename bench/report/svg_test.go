package report

import (
	"slices"
	"testing"
)

func TestAnAxisHasRoundTicksRoundItsValues(t *testing.T) {
	for name, c := range map[string]struct {
		log      bool
		min, max float64
		want     []float64
	}{
		"from nothing in a few steps":                {false, 30, 87, []float64{0, 20, 40, 60, 80, 100}},
		"whatever its size":                          {false, 0, 2_400_000, []float64{0, 500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000}},
		"nothing at all":                             {false, 0, 0, []float64{0, 1}},
		"few decades have 2 and 5 too":               {true, 3, 40, []float64{2, 5, 10, 20, 50}},
		"many have powers of ten":                    {true, 0.03, 900, []float64{0.1, 1, 10, 100, 1000}},
		"one value":                                  {true, 7, 7, []float64{5, 10, 20}},
		"six decades, and what is below at the edge": {true, 1e-12, 1e3, []float64{1e-3, 1e-2, 1e-1, 1, 10, 100, 1000}},
	} {
		p := &plot{logY: c.log}
		p.add(line{points: []dot{{y: c.min}, {y: c.max}}})
		got := p.fit()
		near := func(a, b float64) bool { return a == b || b != 0 && a/b > 0.999 && a/b < 1.001 }
		if !slices.EqualFunc(got, c.want, near) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		for _, v := range []float64{c.min, c.max} {
			if y := p.y(v); y < top-0.01 || y > height-bottom+0.01 {
				t.Errorf("%s: %g is drawn at %g", name, v, y)
			}
		}
	}
}
