package channel

import (
	"bytes"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// A replay is what a channel keeps so that a client whose connection was cut can be told what it missed.
//
// It numbers what the channel tells: every published message and every change of an entry takes the next
// number, stored or not, whoever hears of it. A client that asked reads these numbers, and comes back with
// the last one. The channel keeps the last few of what it told, in memory. Whoever comes back for what is
// all still there gets exactly that; everybody else gets a snapshot and is told so.
//
// A channel begins to number when the first client asks, and stops Options.ReplayFor after the last of them
// has left: a channel that nobody asks pays nothing.
//
// # What is true after sleep and after a crash
//
// Nothing on disk knows of a message that was not stored. So a number means something only together with
// the secret that the numbering began with, and that lives in memory. When the channel goes to sleep, or
// the server stops, the whole replay is written into one row, the seal; and that row is removed in the very
// commit that lets the next number out. Therefore, whenever the row is there, nothing was told since, and
// the numbering goes on where it stopped; after a crash, a restore of an older backup, or a deletion, it is
// not there or not of this history, and a new numbering begins, in which no old number passes.
//
// The obvious ways were to keep an unstored message in rows (then it is a stored one, with its sync), and
// to keep the channel awake until its replay has aged out (five minutes of memory for every channel that a
// reload has left, and nothing over a restart).
type replay struct {
	secret [secretSize]byte
	head   uint64     // the last number given
	items  []replayed // what is kept; the last one's number is head
	size   int        // of items, in bytes, about
	asked  int        // subscriptions that read numbers
	left   int64      // when the last of them ended, unix ms
	sealed int64      // the seal is in its row until then, unix ms; 0: it is not
}

// A replayed is one thing that was told.
type replayed struct {
	m    *Message
	at   int64  // unix ms
	from stream // of its author, if it was not told it; noStream: it is for all
	size int
}

// replayedSize is what a message counts for besides its bytes.
const replayedSize = 256

// tell gives m its number, keeps it, and delivers it to everybody in among but except. Everything that a
// client which was away must hear of later goes this way and not by fx.deliver alone. readReplay must have
// succeeded before.
func (c *Channel) tell(s Step, m *Message, among Roster, except *Subscription, fx *Effects) {
	if c.replay != nil || c.staleSeal {
		c.record(s, m, except, fx)
	}
	fx.deliver(m, among, except)
}

func (c *Channel) record(s Step, m *Message, except *Subscription, fx *Effects) {
	c.unseal(fx)
	r := c.replay
	if r == nil {
		return
	}
	now := s.At.UnixMilli()
	if r.over(now, c.o.ReplayFor) {
		c.replay = nil
		return
	}
	r.head++
	m.Number = r.head
	kept := replayed{m: m, at: now, size: replayedSize + len(m.Event) + len(m.Key) + len(m.Data)}
	if m.Meta != nil {
		kept.size += len(m.Meta.UID) + len(m.Meta.UMD)
	}
	if except != nil {
		kept.from = except.stream
	}
	r.items = append(r.items, kept)
	r.size += kept.size
	r.trim(now, &c.o)
}

// over says that nobody who could come back for it is expected any more.
func (r *replay) over(now int64, within time.Duration) bool {
	return r.asked == 0 && now-r.left > within.Milliseconds()
}

// untell takes back what was told since a Mark: a command failed after it.
func (c *Channel) untell(m *Mark) {
	c.replay, c.replayIsRead, c.staleSeal = nil, m.replayIsRead, m.staleSeal
	if m.replay != nil {
		was := m.was
		c.replay = &was
	}
}

// trim lets go of what is too old or too much.
func (r *replay) trim(now int64, o *Options) {
	n, oldest := 0, now-o.ReplayFor.Milliseconds()
	for n < len(r.items) && (len(r.items)-n > o.ReplayEntries || r.size > o.ReplayBytes || r.items[n].at < oldest) {
		r.size -= r.items[n].size
		n++
	}
	switch {
	case n == 0:
	case n == len(r.items):
		r.items = nil
	default:
		// What lies before the slice is let go of when append next moves it. It must not be cleared here:
		// a Mark may still refer to it.
		r.items = r.items[n:]
	}
}

// after returns what was told after number, if all of it is kept.
func (r *replay) after(number uint64) (items []replayed, ok bool) {
	if number > r.head || r.head-number > uint64(len(r.items)) {
		return nil, false
	}
	return r.items[len(r.items)-int(r.head-number):], true
}

// ask counts a subscription that reads numbers, and begins to number if it is the first.
func (c *Channel) ask(s Step) {
	if c.replay == nil {
		c.replay = &replay{}
		s.Entropy(c.replay.secret[:])
	}
	c.replay.asked++
}

// unask says that such a subscription has ended.
func (c *Channel) unask(s Step) {
	c.replay.asked--
	c.replay.left = s.At.UnixMilli()
}

// lastAbout returns the place of the last thing told that shows or names a message: itself, or a reaction to it;
// -1 if there is none. readReplay must have succeeded before.
func (c *Channel) lastAbout(id ulid.ULID) int {
	if c.replay == nil {
		return -1
	}
	reaction := appendReactionTo(nil, id)
	items := c.replay.items
	for i := len(items) - 1; i >= 0; i-- {
		switch m := items[i].m; m.Kind {
		case KindPublished:
			if m.ID == id {
				return i
			}
		case KindReactionAdded, KindReactionRemoved:
			if bytes.HasPrefix(m.Data, reaction) {
				return i
			}
		}
	}
	return -1
}

// withdraw lets go of what was told up to that place: who comes back for any of it gets a snapshot. Negative:
// nothing is let go.
func (c *Channel) withdraw(place int, fx *Effects) {
	if place < 0 {
		return
	}
	c.unseal(fx)
	r := c.replay
	for j := range r.items[:place+1] {
		r.size -= r.items[j].size
	}
	r.items = slices.Clone(r.items[place+1:])
}

// TrimReplay lets go of what is too old, and of all else if all. Who comes back later for what is gone gets
// a snapshot.
func (c *Channel) TrimReplay(at time.Time, all bool) {
	r := c.replay
	switch {
	case r == nil:
	case r.over(at.UnixMilli(), c.o.ReplayFor) && r.sealed == 0:
		c.replay = nil
	case all:
		r.items, r.size = nil, 0
	default:
		r.trim(at.UnixMilli(), &c.o)
		r.items = slices.Clip(slices.Clone(r.items))
	}
}

// ReplaySize returns how many bytes the channel keeps for those who come back, about.
func (c *Channel) ReplaySize() int {
	if c.replay == nil {
		return 0
	}
	return c.replay.size + replayedSize
}
