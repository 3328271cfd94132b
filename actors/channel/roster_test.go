package channel

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func (r Roster) list() []*Subscription { return slices.Collect(r.All()) }

// TestRosterIsAList compares a roster, and every older one, with a plain list.
func TestRosterIsAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []*Subscription
		var r Roster
		join := uint64(0)
		type past struct {
			r    Roster
			list []*Subscription
		}
		var history []past
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch what := rapid.SampledFrom([]string{"join", "join", "leave", "replace", "flood", "drain"}).Draw(t, "what"); {
			case what == "join" || what == "flood":
				n := 1
				if what == "flood" {
					n = rapid.IntRange(1, 3*rosterChunk).Draw(t, "n")
				}
				for range n {
					join++
					s := &Subscription{Join: join}
					list, r = append(slices.Clone(list), s), r.With(s)
				}
			case len(list) == 0:
			case what == "replace":
				at := rapid.IntRange(0, len(list)-1).Draw(t, "at")
				next := &Subscription{Join: list[at].Join}
				r = r.Replace(list[at], next)
				list = slices.Clone(list)
				list[at] = next
			default:
				n := 1
				if what == "drain" {
					n = rapid.IntRange(1, len(list)).Draw(t, "n")
				}
				at := rapid.IntRange(0, len(list)-n).Draw(t, "at")
				for _, s := range list[at : at+n] {
					r = r.Without(s)
				}
				list = slices.Delete(slices.Clone(list), at, at+n)
			}
			history = append(history, past{r, list})
			if r.Len() != len(list) {
				t.Fatalf("step %d: %d of %d", i, r.Len(), len(list))
			}
		}
		for i, p := range history {
			if !slices.Equal(p.r.list(), p.list) {
				t.Fatalf("after step %d: another list", i)
			}
			for _, c := range p.r.chunks {
				if len(c) == 0 || len(c) > rosterChunk {
					t.Fatalf("a chunk of %d", len(c))
				}
			}
		}
		odd := r.where(func(s *Subscription) bool { return s.Join%2 == 1 })
		for s := range odd.All() {
			if s.Join%2 == 0 {
				t.Fatal("kept an even one")
			}
		}
		even := r.where(func(s *Subscription) bool { return s.Join%2 == 0 })
		if odd.Len()+even.Len() != r.Len() {
			t.Fatalf("%d and %d of %d", odd.Len(), even.Len(), r.Len())
		}
	})
}

// TestFewWhoStayKeepFewChunks: of many who came, one in a hundred stays.
func TestFewWhoStayKeepFewChunks(t *testing.T) {
	const n = 20_000
	var r Roster
	var all []*Subscription
	for i := range n {
		s := &Subscription{Join: uint64(i + 1)}
		all, r = append(all, s), r.With(s)
	}
	for i, s := range all {
		if i%100 != 0 {
			r = r.Without(s)
		}
	}
	if got, most := len(r.chunks), 4*n/100/rosterChunk+1; got > most {
		t.Errorf("%d chunks for %d subscriptions, at most %d", got, r.Len(), most)
	}
}

func BenchmarkLeave(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var r Roster
			var all []*Subscription
			for i := range n {
				s := &Subscription{Join: uint64(i + 1)}
				all, r = append(all, s), r.With(s)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				_ = r.Without(all[i*7919%n])
				i++
			}
		})
	}
}
