package acceptance

import "testing"

// TestResumeIsJudged shows that the tests of resume would tell: a story that is right passes, and each way in
// which it can be wrong does not.
func TestResumeIsJudged(t *testing.T) {
	type step = func(story *tale, r *readerTale, s []deed)
	read := func(from, to int) step {
		return func(_ *tale, r *readerTale, s []deed) {
			for i := from; i < to; i++ {
				r.reads(s[i], uint64(i+1))
			}
		}
	}
	back := func(seq uint64, recovered bool) step {
		return func(_ *tale, r *readerTale, _ []deed) {
			r.comes(told{Epoch: "e", Seq: seq, Recovered: &recovered}, true)
		}
	}
	whole := func(story *tale, r *readerTale, _ []deed) { r.recoveredAll(r.asks()) }
	snapshot := func(values map[string]int) step {
		return func(_ *tale, r *readerTale, s []deed) {
			r.begins(told{Epoch: "e", Seq: uint64(len(s))}, values, r.asks())
		}
	}
	for _, c := range []struct {
		name  string
		right bool
		steps []step
	}{
		{"all in order", true, []step{read(0, 16), whole}},
		{"over a cut", true, []step{read(0, 5), back(5, true), read(5, 16), whole}},
		{"a snapshot in between", true, []step{read(0, 5), back(16, false), snapshot(map[string]int{"a.0": 5, "b.0": 7, "a.1": 5, "b.1": 7}), whole}},
		{"one left out", false, []step{read(0, 5), back(5, true), read(6, 16), whole}},
		{"one twice", false, []step{read(0, 5), back(5, true), read(4, 16), whole}},
		{"two changed places", false, []step{read(0, 4), read(6, 7), read(4, 6), read(7, 16), whole}},
		{"the end left out", false, []step{read(0, 5), back(5, true), read(5, 15), whole}},
		{"back at another place", false, []step{read(0, 5), back(6, true), read(5, 16), whole}},
		{"an old value in the snapshot", false, []step{read(0, 5), snapshot(map[string]int{"a.0": 1, "b.0": 7, "a.1": 5, "b.1": 7})}},
		{"a key left out of the snapshot", false, []step{snapshot(map[string]int{"a.0": 5, "b.0": 7, "a.1": 5})}},
		{"a value that nobody set", false, []step{snapshot(map[string]int{"a.0": 5, "b.0": 7, "a.1": 5, "b.1": 11})}},
		{"a number with two meanings", false, []step{read(0, 16), func(story *tale, _ *readerTale, s []deed) {
			other := newReaderTale(story, "another", false)
			other.reads(s[1], 1)
		}}},
		{"recovered after a kill", false, []step{read(0, 16), func(story *tale, _ *readerTale, _ []deed) { story.disconnected(true) }, back(16, true)}},
		{"no word on how it went", false, []step{func(_ *tale, r *readerTale, _ []deed) { r.comes(told{Epoch: "e"}, true) }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			story := newTale("c", 2)
			var s []deed
			for range 8 {
				for w := range 2 {
					d := story.does(w)
					story.acked(d)
					s = append(s, d)
				}
			}
			r := newReaderTale(story, "reader", false)
			for _, step := range c.steps {
				step(story, r, s)
			}
			if story.faultless() != c.right {
				t.Errorf("right: %v, faults: %q", c.right, story.faults)
			}
		})
	}
}
