package trend

import (
	"math"
	"slices"
)

// A Trend is the line through a series.
type Trend struct {
	Slope     float64 // of y for each 1 of x
	Low, High float64 // the slope's 95 % interval; if it contains 0, no trend is to be seen
	Level     float64 // the median of y
	Intercept float64 // y of the line where x is 0
	P         float64 // how likely a series without a trend seems to have as much of one: 0 to 1
}

// Fewest is how many points a trend needs.
const Fewest = 8

// z is how many standard deviations 95 % of a normal distribution lie within.
const z = 1.959963984540054

// Of is the trend of points, in the order of their x, no two of which are the same.
// ok says that there is one: at least [Fewest] points.
//
// Sources: Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968; Hamed and Rao, "A modified
// Mann-Kendall trend test for autocorrelated data", 1998.
func Of(x, y []float64) (t Trend, ok bool) {
	n := len(y)
	if n < Fewest || len(x) != n {
		return t, false
	}
	slopes := make([]float64, 0, n*(n-1)/2)
	s := 0.0
	for i := range n {
		for j := i + 1; j < n; j++ {
			slopes = append(slopes, (y[j]-y[i])/(x[j]-x[i]))
			s += sign(y[j] - y[i])
		}
	}
	slices.Sort(slopes)
	t.Slope, t.Level = median(slopes), median(slices.Sorted(slices.Values(y)))
	rest := make([]float64, n)
	for i := range n {
		rest[i] = y[i] - t.Slope*x[i]
	}
	t.Intercept = median(slices.Sorted(slices.Values(rest)))
	deviation := math.Sqrt(variance(y) * correction(rest))

	t.Low, t.High = interval(slopes, z*deviation)
	t.P = 1
	if deviation > 0 && s != 0 {
		t.P = math.Erfc((math.Abs(s) - 1) / deviation / math.Sqrt2)
	}
	return t, true
}

// interval leaves out as many of the least slopes as of the greatest, so that about width of them are between.
func interval(sorted []float64, width float64) (low, high float64) {
	n := len(sorted)
	out := max(int(math.Round((float64(n)-width)/2))-1, 0)
	return sorted[out], sorted[n-1-out]
}

// variance is that of Mann and Kendall's statistic for a series without a trend, with its ties.
func variance(y []float64) float64 {
	of := func(n float64) float64 { return n * (n - 1) * (2*n + 5) }
	v, sorted := of(float64(len(y))), slices.Sorted(slices.Values(y))
	for len(sorted) > 0 {
		same := 1
		for same < len(sorted) && sorted[same] == sorted[0] {
			same++
		}
		v -= of(float64(same))
		sorted = sorted[same:]
	}
	return v / 18
}

// correction is by how much that variance is greater since figures are like the ones before them, 1 or more. rest is
// what the line leaves of the series.
//
// Hamed and Rao sum the autocorrelations at all lags that are not small by chance. Of 50 figures the far ones say
// nothing, and make a false trend of every fifth series in which neighbours are alike by 0.6. Here only the nearest is
// measured, and the others follow from it, as in a series in which each figure depends on the last alone: one in
// fifteen is false then.
func correction(rest []float64) float64 {
	n, like := float64(len(rest)), neighbours(rest)
	more, at := 0.0, 1.0
	for left := n - 1; left > 2; left-- {
		at *= like
		more += left * (left - 1) * (left - 2) * at
	}
	return 1 + 2*more/(n*(n-1)*(n-2))
}

// neighbours is how much figures are like the ones before them, 0 to 0.98: the autocorrelation of their ranks. What so
// few figures show is less than it is; the line that was taken away took some of it (Kendall's correction, with a trend).
func neighbours(rest []float64) float64 {
	n, ranks := float64(len(rest)), rank(rest)
	var both, all, last float64
	for _, v := range ranks {
		v -= (n + 1) / 2
		both, all, last = both+v*last, all+v*v, v
	}
	if all == 0 {
		return 0
	}
	like := both / all
	if like > z/math.Sqrt(n)/2 { // less may be nothing
		like = (n*like + 2) / (n - 4)
	}
	return min(max(like, 0), 0.98)
}

// rank replaces figures by their places in their order; those that are equal share the mean of theirs.
func rank(y []float64) []float64 {
	sorted := slices.Sorted(slices.Values(y))
	ranks := make([]float64, len(y))
	for i, v := range y {
		first, _ := slices.BinarySearch(sorted, v)
		last := first
		for last+1 < len(sorted) && sorted[last+1] == v {
			last++
		}
		ranks[i] = float64(first+last)/2 + 1
	}
	return ranks
}

// median is that of figures in their order.
func median(sorted []float64) float64 {
	mid := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[mid-1] + sorted[mid]) / 2
	}
	return sorted[mid]
}

func sign(v float64) float64 {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
