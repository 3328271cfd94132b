package channel

import (
	"cmp"

	"github.com/oklog/ulid/v2"
)

// ids gives out message ids. Each is greater than every id that the channel gave out before:
//
//   - while it is awake, or restored, by the last one: within a millisecond, or when the clock stands, it
//     is counted up;
//   - across sleep and restart, for stored messages by the last row of their table;
//   - and for the others, which left no row, by the Step's Stamp: it is never before an earlier one, on
//     this node and over restarts, and who went to sleep wakes in a later millisecond.
type ids struct {
	last   ulid.ULID // of all that were given out
	isRead bool      // … and of those in rows
}

// lastID returns the highest id so far, zero if there was none.
func (c *Channel) lastID() (ulid.ULID, error) {
	if c.ids.isRead {
		return c.ids.last, nil
	}
	var last ulid.ULID
	var bad error
	err := c.rd.Scan(tableMessages, "", true, func(key string, _ []byte) bool {
		last, bad = splitID(key, len(tableMessages))
		return false
	})
	if err = cmp.Or(err, bad); err != nil {
		return last, c.fault("read the last message id", err)
	}
	if last.Compare(c.ids.last) > 0 {
		c.ids.last = last
	}
	c.ids.isRead = true
	return c.ids.last, nil
}

// nextID gives out an id. lastID must have succeeded before.
func (c *Channel) nextID(s Step) ulid.ULID {
	ms := ulid.Timestamp(s.Stamp)
	last := &c.ids.last
	if ms > last.Time() {
		_ = last.SetTime(ms) // fails after the year 10889
		s.Entropy(last[6:])
		return *last
	}
	*last = after(*last)
	return *last
}

// after returns the id that follows id.
func after(id ulid.ULID) ulid.ULID {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id
}
