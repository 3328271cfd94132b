package trend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(a, b, off float64) bool { return math.Abs(a-b) <= off }

func count(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

// Hollander and Wolfe, "Nonparametric Statistical Methods", example 9.1: seeded clouds, by year.
func TestTheSlopeOfTheTextbook(t *testing.T) {
	y := []float64{1.26, 1.27, 1.12, 1.16, 1.03}
	var slopes []float64
	for i := range y {
		for j := i + 1; j < len(y); j++ {
			slopes = append(slopes, (y[j]-y[i])/float64(j-i))
		}
	}
	slices.Sort(slopes)
	if got := median(slopes); !near(got, -0.05625, 1e-9) {
		t.Errorf("%g, want -0.05625", got)
	}
}

// Sen's own example of 1968, with its 93 % interval.
func TestTheIntervalOfSen(t *testing.T) {
	x, y := []float64{1, 2, 3, 4, 10, 12, 18}, []float64{9, 15, 19, 20, 45, 55, 78}
	var slopes []float64
	for i := range y {
		for j := i + 1; j < len(y); j++ {
			slopes = append(slopes, (y[j]-y[i])/(x[j]-x[i]))
		}
	}
	slices.Sort(slopes)
	low, high := interval(slopes, 1.8119*math.Sqrt(variance(y)))
	if m := median(slopes); m != 4 || !near(low, 3.71, 0.005) || !near(high, 4.38, 0.005) {
		t.Errorf("%g (%g to %g), want 4 (3.71 to 4.38)", m, low, high)
	}
}

// Kendall's tables: 5 figures have a variance of 16.67, and ties take from it.
func TestTheVarianceOfKendall(t *testing.T) {
	for _, c := range []struct {
		y    []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4, 5}, 50.0 / 3},
		{[]float64{3, 1, 3, 2, 3}, (5.*4*15 - 3*2*11) / 18},
		{[]float64{7, 7, 7, 7}, 0},
	} {
		if got := variance(c.y); !near(got, c.want, 1e-9) {
			t.Errorf("%v: %g, want %g", c.y, got, c.want)
		}
	}
}

func TestARankIsAPlace(t *testing.T) {
	if got := rank([]float64{30, 10, 20, 20}); !slices.Equal(got, []float64{4, 1, 2.5, 2.5}) {
		t.Errorf("%v", got)
	}
}

func TestALineIsItsOwnTrend(t *testing.T) {
	x := count(40)
	y := make([]float64, len(x))
	for i := range y {
		y[i] = 60 + 2.5*x[i]
	}
	got, ok := Of(x, y)
	if !ok || got.Slope != 2.5 || got.Low != 2.5 || got.High != 2.5 || got.Intercept != 60 || got.Level != 60+2.5*19.5 || got.P > 1e-6 {
		t.Errorf("%+v", got)
	}
}

func TestWhatNeverChangesHasNoTrend(t *testing.T) {
	got, ok := Of(count(20), make([]float64, 20))
	if !ok || got.Slope != 0 || got.Low != 0 || got.High != 0 || got.P != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAFewWildFiguresDoNotMoveATrend(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x, y := count(50), make([]float64, 50)
	for i := range y {
		y[i] = 60 + 0.1*x[i] + r.NormFloat64()/10
	}
	for _, i := range []int{3, 17, 40, 48} {
		y[i] += 500
	}
	if got, _ := Of(x, y); !near(got.Slope, 0.1, 0.01) || got.Low <= 0 || got.High > 0.2 {
		t.Errorf("%+v", got)
	}
}

// Of series without a trend one in twenty seems to have one, also when each figure is like the one before it; without
// the correction it would be every third of those.
func TestNoTrendIsSeenWhereThereIsNone(t *testing.T) {
	for _, like := range []float64{0, 0.6} {
		r := rand.New(rand.NewPCG(3, 4))
		const series, n = 400, 50
		outside, small, naive := 0, 0, 0
		for range series {
			x, y := count(n), make([]float64, n)
			for i := range y {
				y[i] = r.NormFloat64()
				if i > 0 {
					y[i] += like * y[i-1]
				}
			}
			got, ok := Of(x, y)
			if !ok {
				t.Fatal("no trend")
			}
			if got.Low > 0 || got.High < 0 {
				outside++
			}
			if got.P < 0.05 {
				small++
			}
			if sum := statistic(y); math.Abs(sum) > z*math.Sqrt(variance(y)) {
				naive++
			}
		}
		t.Logf("alike by %g: %d of %d outside, %d by p, %d without the correction", like, outside, series, small, naive)
		if outside > series/8 || small > series/8 {
			t.Errorf("alike by %g: %d of %d seem to have a trend, %d by p", like, outside, series, small)
		}
		if like > 0 && naive < 3*outside {
			t.Errorf("alike by %g: %d of %d without the correction, %d with it", like, naive, series, outside)
		}
	}
}

func statistic(y []float64) (s float64) {
	for i := range y {
		for j := i + 1; j < len(y); j++ {
			s += sign(y[j] - y[i])
		}
	}
	return s
}

func TestATrendIsSeenWhereThereIsOne(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	x, y := count(50), make([]float64, 50)
	for i := range y {
		y[i] = 60 + 0.05*x[i] + 0.3*r.NormFloat64()
	}
	if got, _ := Of(x, y); got.Low <= 0 || got.Low > 0.05 || got.High < 0.05 || got.P > 0.001 {
		t.Errorf("%+v", got)
	}
}

func TestAFewPointsAreNoTrend(t *testing.T) {
	if _, ok := Of(count(Fewest-1), count(Fewest-1)); ok {
		t.Errorf("%d points have one", Fewest-1)
	}
	if _, ok := Of(count(Fewest), count(Fewest)); !ok {
		t.Errorf("%d points have none", Fewest)
	}
}
