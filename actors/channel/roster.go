package channel

import (
	"cmp"
	"iter"
	"slices"

	"dormouse/claims"
)

// A Subscription is one connection on one channel. It never changes: what changes is replaced in the
// roster, so that an older roster still shows what was.
type Subscription struct {
	ConnectionID string
	Sink         Sink
	UID          string
	UMD          []byte // nil: null
	Alias        string
	Grant        *claims.ChannelGrant
	Counted      bool     // it is part of subscriptionsCount
	Join         uint64   // 1, 2, 3 … within its channel and wake: its place in the roster
	Order        uint64   // from the same numbers: Join, or higher since its umd changed
	Numbered     bool     // it reads numbers and versions
	StartID      [16]byte // the channel's last message id when it began: it sees what came after

	stream stream // of a Numbered one
	since  uint64 // the Join of its uid's first subscription: the member's place in the list
}

// rosterChunk is how many subscriptions share one copy: leaving copies one chunk and the list of
// chunks, so that 100,000 leavers cost 100,000 small copies and not 100,000 whole ones.
const rosterChunk = 256

// A Roster is an immutable list of subscriptions in order of joining. With and Without return a new one
// and leave the old as it was, so that a delivery which waits for its commit keeps the audience of the
// moment it was decided. The zero value is empty.
//
// No chunk is empty, and Join rises from one subscription to the next, within chunks and across them:
// a subscription is found by two binary searches.
type Roster struct {
	chunks [][]*Subscription
	n      int
}

// Len returns how many subscriptions there are.
func (r Roster) Len() int { return r.n }

// All yields the subscriptions in order of joining.
func (r Roster) All() iter.Seq[*Subscription] {
	return func(yield func(*Subscription) bool) {
		for _, c := range r.chunks {
			for _, s := range c {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// With returns the roster with s at its end. s.Join must be above all that are in it, if anything is ever
// to be replaced or removed.
func (r Roster) With(s *Subscription) Roster {
	last := len(r.chunks) - 1
	if last < 0 || len(r.chunks[last]) >= rosterChunk {
		chunks := make([][]*Subscription, last+1, last+2)
		copy(chunks, r.chunks)
		return Roster{chunks: append(chunks, []*Subscription{s}), n: r.n + 1}
	}
	c := make([]*Subscription, len(r.chunks[last])+1)
	copy(c, r.chunks[last])
	c[len(c)-1] = s
	chunks := slices.Clone(r.chunks)
	chunks[last] = c
	return Roster{chunks: chunks, n: r.n + 1}
}

// Replace returns the roster with next in old's place. old must be in it, and next.Join be old.Join.
func (r Roster) Replace(old, next *Subscription) Roster {
	i, j := r.find(old)
	chunks := slices.Clone(r.chunks)
	chunks[i] = slices.Clone(chunks[i])
	chunks[i][j] = next
	return Roster{chunks: chunks, n: r.n}
}

// Without returns the roster without s, which must be in it.
func (r Roster) Without(s *Subscription) Roster {
	i, j := r.find(s)
	c := r.chunks[i]
	left := slices.Concat(c[:j], c[j+1:])
	from := i
	if i > 0 && len(r.chunks[i-1])+len(left) <= rosterChunk/2 {
		// Two chunks that have shrunk become one: otherwise a few old subscriptions would keep a chunk
		// each, and the list of chunks would grow as long as the roster.
		from--
		left = slices.Concat(r.chunks[from], left)
	}
	chunks := make([][]*Subscription, 0, len(r.chunks))
	chunks = append(chunks, r.chunks[:from]...)
	if len(left) > 0 {
		chunks = append(chunks, left)
	}
	return Roster{chunks: append(chunks, r.chunks[i+1:]...), n: r.n - 1}
}

// find returns where s is.
func (r Roster) find(s *Subscription) (chunk, at int) {
	chunk, _ = slices.BinarySearchFunc(r.chunks, s.Join, func(c []*Subscription, join uint64) int {
		return cmp.Compare(c[len(c)-1].Join, join)
	})
	if chunk < len(r.chunks) {
		c := r.chunks[chunk]
		at, ok := slices.BinarySearchFunc(c, s.Join, func(t *Subscription, join uint64) int {
			return cmp.Compare(t.Join, join)
		})
		if ok && c[at] == s {
			return chunk, at
		}
	}
	panic("channel: the subscription is not in the roster")
}

// where returns the subscriptions that keep says yes to: r itself if they are all.
func (r Roster) where(keep func(*Subscription) bool) Roster {
	var kept []*Subscription
	for s := range r.All() {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	if len(kept) == r.n {
		return r
	}
	return Roster{chunks: slices.Collect(slices.Chunk(kept, rosterChunk)), n: len(kept)}
}
