package channel

import (
	"iter"

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
	Order        uint64   // 1, 2, 3 … within its channel and wake, by joining or last change of umd
	StartID      [16]byte // the channel's last message id when it began: it sees what came after
}

// rosterChunk is how many subscriptions share one copy: leaving copies one chunk and the list of
// chunks, so that 100,000 leavers cost 100,000 small copies and not 100,000 whole ones.
const rosterChunk = 256

// A Roster is an immutable list of subscriptions in order of joining. With and Without return a new one
// and leave the old as it was, so that a delivery which waits for its commit keeps the audience of the
// moment it was decided. The zero value is empty.
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

// With returns the roster with s at its end.
func (r Roster) With(s *Subscription) Roster {
	last := len(r.chunks) - 1
	if last < 0 || len(r.chunks[last]) >= rosterChunk {
		chunks := make([][]*Subscription, last+1, last+2)
		copy(chunks, r.chunks)
		return Roster{append(chunks, []*Subscription{s}), r.n + 1}
	}
	chunks := make([][]*Subscription, last+1)
	copy(chunks, r.chunks)
	c := make([]*Subscription, len(chunks[last])+1, max(2*len(chunks[last]), 4))
	copy(c, chunks[last])
	c[len(c)-1] = s
	chunks[last] = c
	return Roster{chunks, r.n + 1}
}

// Replace returns the roster with next in old's place. old must be in it.
func (r Roster) Replace(old, next *Subscription) Roster {
	chunks := make([][]*Subscription, len(r.chunks))
	copy(chunks, r.chunks)
	for i, c := range chunks {
		for j, s := range c {
			if s == old {
				c = append([]*Subscription(nil), c...)
				c[j] = next
				chunks[i] = c
				return Roster{chunks, r.n}
			}
		}
	}
	panic("channel: Replace of a subscription that is not in the roster")
}

// Without returns the roster without s, which must be in it.
func (r Roster) Without(s *Subscription) Roster {
	for i, c := range r.chunks {
		for j := range c {
			if c[j] != s {
				continue
			}
			chunks := make([][]*Subscription, 0, len(r.chunks))
			chunks = append(chunks, r.chunks[:i]...)
			if len(c) > 1 {
				next := make([]*Subscription, 0, len(c)-1)
				next = append(append(next, c[:j]...), c[j+1:]...)
				chunks = append(chunks, next)
			}
			return Roster{append(chunks, r.chunks[i+1:]...), r.n - 1}
		}
	}
	panic("channel: Without a subscription that is not in the roster")
}
