package channel

import (
	"cmp"
	"encoding/binary"
	"time"

	"github.com/oklog/ulid/v2"
)

// ids gives out message ids. Each is greater than every id that the channel gave out before:
//
//   - while it is awake, or restored, by the last one: within a millisecond, or when the clock stands, it
//     is counted up;
//   - across sleep and restart, for stored messages by the last row of their table;
//   - and for the others, which left no row, by the Step's Stamp: it is never before an earlier one, on
//     this node and over restarts, and who went to sleep wakes in a later millisecond.
//
// # Eager ids
//
// The message of a schedule may have its id long before it is sent. Whatever is sent until then, however
// late that is, must be before it, or a client that pages by the last id which it has would never find it.
// So ids wait: while an eager id is in the way, what the Stamp would give is given out below it instead, and
// is in order among its like by the Stamp, too. The 80 bits behind the milliseconds are therefore
//
//	eager:     slot/21  1/1  random/58
//	in its way: slot/21  0/1  Stamp in ms/43  counted up/15
//
// where the slot numbers the eager ids of one millisecond, in the order in which they will be sent. They
// wait in a table of their own, of which only the first is remembered.
//
// There is one exception. When stamps are ahead of the clock, after a crash or when that was set back, an
// eager id for the time between them is later than its message will be, and one that is made afterwards for
// an earlier message comes behind it.
type ids struct {
	last   ulid.ULID // of all that were given out
	isRead bool      // … and of those in rows

	waiting ulid.ULID // the first eager id after last whose message was not sent yet; zero: there is none
	waits   bool      // waiting is known
}

const (
	slotBits  = 21
	stampBits = 43 // until the year 2248
	countBits = 15
)

// lastID returns the highest id so far, zero if there was none. After it nextID may be called.
func (c *Channel) lastID() (ulid.ULID, error) {
	if c.ids.isRead && c.ids.waits {
		return c.ids.last, nil
	}
	if err := c.readLast(); err != nil {
		return ulid.ULID{}, err
	}
	return c.ids.last, c.readWaiting()
}

func (c *Channel) readLast() error {
	if c.ids.isRead {
		return nil
	}
	var last ulid.ULID
	var bad error
	err := c.rd.Scan(tableMessages, "", true, func(key string, _ []byte) bool {
		last, bad = splitID(key, len(tableMessages))
		return false
	})
	if err = cmp.Or(err, bad); err != nil {
		return c.fault("read the last message id", err)
	}
	if last.Compare(c.ids.last) > 0 {
		c.ids.last = last
	}
	c.ids.isRead = true
	return nil
}

// readWaiting makes ids.waiting known. A channel without schedules pays one look-up for it when it wakes.
func (c *Channel) readWaiting() error {
	if c.ids.waits {
		return nil
	}
	var first ulid.ULID
	n, err := c.scheduleCount()
	if err == nil && n > 0 {
		var bad error
		err = c.rd.Scan(eagerKey(c.ids.last)+"\x00", "", false, func(key string, _ []byte) bool {
			first, bad = splitID(key, len(tableEager))
			return false
		})
		err = c.fault("read the eager ids", cmp.Or(err, bad))
	}
	if err == nil {
		c.ids.waiting, c.ids.waits = first, true
	}
	return err
}

// nextID gives out an id. lastID must have succeeded before.
func (c *Channel) nextID(s Step) ulid.ULID {
	ms := ulid.Timestamp(s.Stamp)
	last := &c.ids.last
	switch w := c.ids.waiting; {
	case !w.IsZero() && ms >= w.Time():
		if id := inTheWayOf(w, ms); last.Compare(id) < 0 {
			*last = id
		} else {
			*last = after(*last)
		}
	case ms > last.Time():
		_ = last.SetTime(ms) // fails after the year 10889
		s.Entropy(last[6:])
	default:
		*last = after(*last)
	}
	return *last
}

// eagerID returns the id of a message that is to be sent at due. lastID must have succeeded before.
func (c *Channel) eagerID(s Step, due time.Time) (id ulid.ULID, err error) {
	// Behind whatever was given out, remembered or not.
	ms := max(ulid.Timestamp(due), ulid.Timestamp(s.Stamp)+1, c.ids.last.Time()+1)
	_ = id.SetTime(ms) // fails after the year 10889
	var next ulid.ULID
	_ = next.SetTime(ms + 1)
	var bad error
	var slot uint64
	err = c.rd.Scan(eagerKey(id), eagerKey(next), true, func(key string, _ []byte) bool {
		var before ulid.ULID
		if before, bad = splitID(key, len(tableEager)); bad == nil {
			slot = min(slotOf(before)+1, 1<<slotBits-1)
		}
		return false
	})
	if err = cmp.Or(err, bad); err != nil {
		return id, c.fault("read the eager ids", err)
	}
	s.Entropy(id[8:])
	setTail(&id, slot, 1<<58|binary.BigEndian.Uint64(id[8:])&(1<<58-1))
	return id, nil
}

// inTheWayOf returns the first id of a Stamp, in ms, that comes before an eager one.
func inTheWayOf(w ulid.ULID, ms uint64) ulid.ULID {
	setTail(&w, slotOf(w), ms&(1<<stampBits-1)<<countBits)
	return w
}

// slotOf returns the slot of an eager id.
func slotOf(id ulid.ULID) uint64 {
	return uint64(binary.BigEndian.Uint16(id[6:]))<<5 | uint64(id[8]>>3)
}

// setTail sets what follows an id's milliseconds: its slot, and 59 bits.
func setTail(id *ulid.ULID, slot, rest uint64) {
	binary.BigEndian.PutUint16(id[6:], uint16(slot>>5))
	binary.BigEndian.PutUint64(id[8:], slot<<59|rest)
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

// freshID returns an id of that time, which nothing orders among others of the same millisecond.
func freshID(s Step, at time.Time) (id ulid.ULID) {
	_ = id.SetTime(ulid.Timestamp(at)) // fails after the year 10889
	s.Entropy(id[6:])
	return id
}
