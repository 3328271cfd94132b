package channel

import (
	"encoding/binary"
	"slices"
	"strings"

	"dormouse/persistence"
)

// Where members have a grace, each that is here has a row, from the first of its subscriptions to the last. When a
// process dies without a word, these rows are what is left of its subscriptions: whoever finds them in a channel
// that has just been made knows that its members were connected, and gives them the grace of a connection that
// broke, from now on.
//
// So that they are found, a channel with such rows is listed in the store; a start looks there, and calls Due.
//
// Without a grace nothing of this is written: who joins costs no disk.

// A hereRow is a uid that is subscribed.
type hereRow struct {
	since uint64 // its place among the members
	umd   []byte // nil: null
}

func hereKey(uid string) string { return tableHere + uid }

func (r *hereRow) encode() []byte {
	b := make([]byte, 0, 1+uvarintSize(r.since)+sized(len(r.umd)))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, r.since)
	return appendBytes(b, r.umd)
}

func decodeHere(value []byte) (r hereRow, err error) {
	d := decode(value)
	r.since = d.uvarint()
	r.umd = d.bytes()
	return r, d.end("member")
}

// HereListings is where channels with members that would be missed are listed, in the place of an app, which has no
// such name.
const HereListings = "!members"

// hereListing is the channel's key there. No app's id has a zero byte.
func (c *Channel) hereListing() string { return c.app + "\x00" + c.name }

// ListedHere returns the channel that a key among HereListings names; ok is false if it is none.
func ListedHere(key string) (app, name string, ok bool) { return strings.Cut(key, "\x00") }

// note writes down that m is here, if that is not known, or if m has changed. full: nothing can be written.
func (c *Channel) note(m *member, changed, full bool, fx *Effects) {
	ms := c.members
	switch {
	case c.o.LeaveGrace <= 0 || m.here && !changed:
		return
	case full:
		ms.unsettled = true
		return
	}
	row := hereRow{since: m.since, umd: m.UMD}
	fx.put(hereKey(m.UID), row.encode())
	if m.here {
		return
	}
	m.here = true
	if ms.here++; ms.here == 1 {
		fx.Writes = append(fx.Writes, persistence.List(HereListings, c.hereListing(), nil))
	}
}

// unnote takes that back.
func (c *Channel) unnote(m *member, fx *Effects) {
	if !m.here {
		return
	}
	m.here = false
	fx.delete(hereKey(m.UID))
	if c.members.here--; c.members.here == 0 {
		fx.Writes = append(fx.Writes, persistence.Unlist(HereListings, c.hereListing()))
	}
}

// settle makes the rows say who is here: members whose subscriptions died with a process have a grace from now on,
// but for joiner, who is just coming back; and what could not be written before is. readDue must have succeeded
// before. Nothing fails.
func (c *Channel) settle(s Step, joiner string, fx *Effects) {
	ms := c.members
	if ms == nil || !ms.unsettled {
		return
	}
	ms.unsettled = false
	for _, uid := range ms.ghosts {
		if m := ms.byUID[uid]; m == nil || !m.here {
			fx.delete(hereKey(uid))
			fx.delete(memberKey(uid)) // its timer will find nothing
		}
	}
	if ms.ghosts != nil && ms.here == 0 {
		fx.Writes = append(fx.Writes, persistence.Unlist(HereListings, c.hereListing()))
	}
	ms.ghosts = nil
	for _, m := range ms.order {
		switch {
		case len(m.subs) > 0:
			c.note(m, false, false, fx)
		case m.here && m.UID != joiner:
			c.unnote(m, fx)
			c.expect(s, m, fx)
		}
	}
}

// readHere takes up who was here when a channel was forgotten.
func (ms *members) readHere(uid string, r *hereRow) {
	m := ms.byUID[uid]
	if m == nil {
		m = ms.add(uid, r.since)
	}
	if len(m.subs) == 0 {
		ms.set(m, r.umd)
	}
	m.here = true
	ms.here++
}

// isGhost says that a row is of somebody who has left for good, and is not back.
func (ms *members) isGhost(uid string) bool {
	return ms.byUID[uid] == nil && slices.Contains(ms.ghosts, uid)
}

// unlike says whether there is a member of whom the rows say something else than is so.
func (ms *members) unlike(grace bool) bool {
	for _, m := range ms.order {
		if m.here != (len(m.subs) > 0) && (m.here || grace && len(m.subs) > 0) {
			return true
		}
	}
	return false
}

// forgetHere says that the rows of who is here are erased with all others. They are written again by the Due that it
// asks for.
func (c *Channel) forgetHere(s Step, fx *Effects) {
	ms := c.members
	if ms == nil {
		return
	}
	if ms.here > 0 {
		fx.Writes = append(fx.Writes, persistence.Unlist(HereListings, c.hereListing()))
		c.wakeAt(s.At.UnixMilli(), fx)
	}
	for _, m := range ms.order {
		m.here = false
	}
	ms.here, ms.ghosts = 0, nil
	ms.unsettled = ms.unlike(c.o.LeaveGrace > 0)
}
