package claims

import (
	"iter"
	"slices"
	"strings"
)

// table holds what the keys of one JSON object say, T for each, by the names they match.
//
// Both halves stay sorted from the most specific to the least, so that a walk over the matches of a
// name meets first what wins. Exact keys are looked up, patterns are all tried.
type table[T any] struct {
	exact    []rule[T] // by key
	patterns []rule[T] // by Pattern.Compare
}

type rule[T any] struct {
	Pattern
	says T
}

func (t *table[T]) add(p Pattern, says T) {
	if p.IsExact() {
		t.exact = append(t.exact, rule[T]{p, says})
	} else {
		t.patterns = append(t.patterns, rule[T]{p, says})
	}
}

// sort ends a series of adds.
func (t *table[T]) sort() {
	compare := func(a, b rule[T]) int { return a.Compare(b.Pattern) }
	slices.SortFunc(t.exact, compare)
	slices.SortFunc(t.patterns, compare)
	t.exact, t.patterns = slices.Clip(t.exact), slices.Clip(t.patterns)
}

// find returns what the exact key name says, nil if there is none.
func (t *table[T]) find(name string) *T {
	i, ok := slices.BinarySearchFunc(t.exact, name, func(r rule[T], name string) int {
		return strings.Compare(r.key, name)
	})
	if !ok {
		return nil
	}
	return &t.exact[i].says
}

// matching yields what the keys that match name say, the most specific first.
func (t *table[T]) matching(name string) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		if says := t.find(name); says != nil && !yield(says) {
			return
		}
		for i := range t.patterns {
			if t.patterns[i].Match(name) && !yield(&t.patterns[i].says) {
				return
			}
		}
	}
}

// all yields every rule, the most specific first.
func (t *table[T]) all() iter.Seq[*rule[T]] {
	return func(yield func(*rule[T]) bool) {
		for i := range t.exact {
			if !yield(&t.exact[i]) {
				return
			}
		}
		for i := range t.patterns {
			if !yield(&t.patterns[i]) {
				return
			}
		}
	}
}
