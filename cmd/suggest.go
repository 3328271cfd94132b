package cmd

import "strings"

// suggest returns the candidate that a mistyped word most probably meant, or "" if none is near: at most a
// third of its letters may differ, and a swap of neighbours counts as one difference.
func suggest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+1
	for _, c := range candidates {
		d := distance(strings.ToLower(word), strings.ToLower(c))
		if d < bestDistance || d == bestDistance && best == "" && d <= len(c)/3 {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean is suggest as the end of a sentence.
func didYouMean(word string, candidates []string) string {
	if best := suggest(word, candidates); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}

// distance counts the insertions, deletions, changes and swaps of neighbours between a and b.
func distance(a, b string) int {
	// rows of the usual table: the one before last, the last, and this one
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		this := make([]int, len(b)+1)
		this[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			this[j] = min(last[j]+1, this[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				this[j] = min(this[j], before[j-2]+1)
			}
		}
		before, last = last, this
	}
	return last[len(b)]
}
