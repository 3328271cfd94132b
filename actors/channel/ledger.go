package channel

import (
	"encoding/binary"
	"maps"
	"slices"

	"dormouse/persistence"
)

// A ledger is what lets backends hear that a channel was left when a process died without a word. Occurrences come in
// pairs: who was told that a channel is occupied, or a member there, is told in the end that it is not. So both have a
// row for as long as they are there, written together with the occurrence. When a channel that was just made finds
// rows of those who are not subscribed, they were connected to a process that is dead; they have Options.LedgerGrace to
// come back, of which nobody hears anything, and then they have left.
//
// It is about backends alone. To subscribers a channel that was made anew is empty, whatever the ledger says, and who
// joins is new.
//
// So that it is found, a channel with such rows is listed in the store; a start looks there, and calls Due. Where
// nobody listens to occurrences nothing is written.
type ledger struct {
	isRead    bool
	unsettled bool                // the rows are not what they should be; see settleLedger
	occupied  bool                // the channel has its row
	until     int64               // who is in a row and does not come back has left then, unix ms; 0: all of them are here
	uids      map[string]struct{} // of members that have rows
}

// OccupiedListings is where channels with a ledger are listed, in the place of an app, which has no such name.
const OccupiedListings = "!occupied"

// occupiedListing is the channel's key there.
func (c *Channel) occupiedListing() string { return string(appendBytes(nil, c.app)) + c.name }

// ListedOccupied returns the channel that a key among OccupiedListings names; ok is false if it is none.
func ListedOccupied(key string) (app, name string, ok bool) {
	n, size := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
	if size <= 0 || n > uint64(len(key)-size) {
		return "", "", false
	}
	return key[size : size+int(n)], key[size+int(n):], true
}

// encodeLedger is of the channel's row, which says until.
func encodeLedger(until int64) []byte {
	return binary.AppendUvarint([]byte{rowVersion}, uint64(until))
}

func decodeLedger(value []byte) (until int64, err error) {
	d := decode(value)
	until = d.millis()
	return until, d.end("ledger")
}

// readLedger takes up what an earlier Channel has written. Whoever changes who is subscribed calls it first, since it
// can fail.
func (c *Channel) readLedger() error {
	if !c.o.Occurrences || c.ledger.isRead {
		return nil
	}
	l := ledger{isRead: true}
	err := c.scanMembers(tableLedger, func(uid string, value []byte) (err error) {
		if uid != "" {
			l.add(uid)
			return nil
		}
		l.occupied = true
		l.until, err = decodeLedger(value)
		return err
	})
	if err != nil {
		return c.fault("read the ledger", err)
	}
	c.ledger = l
	c.ledger.unsettled = l.until == 0 && (l.occupied && c.roster.Len() == 0 || len(c.missing()) > 0)
	return nil
}

func (l *ledger) add(uid string) {
	if l.uids == nil {
		l.uids = map[string]struct{}{}
	}
	l.uids[uid] = struct{}{}
}

// missing returns the members that have rows and are not here.
func (c *Channel) missing() (uids []string) {
	for _, uid := range slices.Sorted(maps.Keys(c.ledger.uids)) {
		if c.members == nil || c.members.byUID[uid] == nil {
			uids = append(uids, uid)
		}
	}
	return uids
}

// settleLedger lets the time begin of those who were here when a process died, or writes down anew who is here.
// readDue must have succeeded before. Nothing fails.
func (c *Channel) settleLedger(s Step, fx *Effects) {
	l := &c.ledger
	l.unsettled = false
	if !l.occupied && len(l.uids) == 0 {
		if c.roster.Len() > 0 && !fx.NoEvents {
			c.enlist(fx)
			for _, uid := range slices.Sorted(maps.Keys(c.byUID())) {
				c.enlistMember(uid, fx)
			}
		}
		return
	}
	l.until = s.At.Add(c.o.LedgerGrace).UnixMilli()
	l.occupied = false // its row is another one
	c.enlist(fx)
	fx.put(timerKey(l.until, timerLedger, ""), nil)
	c.wakeAt(l.until, fx)
}

func (c *Channel) byUID() map[string]*member {
	if c.members == nil {
		return nil
	}
	return c.members.byUID
}

// enlist writes the channel's row, if it has none.
func (c *Channel) enlist(fx *Effects) {
	if l := &c.ledger; !l.occupied {
		l.occupied = true
		fx.put(tableLedger, encodeLedger(l.until))
		fx.Writes = append(fx.Writes, persistence.List(OccupiedListings, c.occupiedListing(), nil))
	}
}

func (c *Channel) unlist(fx *Effects) {
	if l := &c.ledger; l.occupied {
		l.occupied = false
		fx.delete(tableLedger)
		fx.Writes = append(fx.Writes, persistence.Unlist(OccupiedListings, c.occupiedListing()))
	}
}

func (c *Channel) enlistMember(uid string, fx *Effects) {
	c.ledger.add(uid)
	fx.put(tableLedger+uid, []byte{rowVersion})
}

// occupy says that a subscription was added. full: no rows can be written, and who is in none is not missed should
// the process die. readDue must have succeeded before if the ledger is unsettled. Nothing fails.
func (c *Channel) occupy(s Step, full bool, fx *Effects) {
	l := &c.ledger
	if !c.o.Occurrences {
		return
	}
	if l.unsettled && !full {
		c.settleLedger(s, fx)
	}
	if c.roster.Len() > 1 || l.until != 0 {
		return // it was occupied
	}
	c.occur(OccurChannelOccupied, "", fx)
	if !full && !fx.NoEvents {
		c.enlist(fx)
	}
}

// occupyMember says that kind was told of a member. full: a row that should go stays, and backends hear of it when
// its time is over.
func (c *Channel) occupyMember(kind Kind, uid string, full bool, fx *Effects) {
	if !c.o.Occurrences {
		return
	}
	_, known := c.ledger.uids[uid]
	switch kind {
	case KindMemberAdded:
		if known && c.ledger.until != 0 {
			return // it is back in time
		}
		c.occur(OccurMemberAdded, uid, fx)
		if !full && !fx.NoEvents {
			c.enlist(fx)
			c.enlistMember(uid, fx)
		}
	case KindMemberRemoved:
		if known && full {
			c.ledger.isRead = false
			return
		}
		c.occur(OccurMemberRemoved, uid, fx)
		if known {
			delete(c.ledger.uids, uid)
			fx.delete(tableLedger + uid)
		}
	}
}

// vacate says that a subscription was removed. full is as in occupyMember, and all else as in occupy.
func (c *Channel) vacate(s Step, full bool, fx *Effects) {
	l := &c.ledger
	switch {
	case !c.o.Occurrences:
		return
	case full && l.occupied:
		l.isRead = false
		fx.CallAgain(s.At.Add(c.o.LedgerGrace))
		return
	case l.unsettled && !full:
		c.settleLedger(s, fx)
	}
	switch {
	case c.roster.Len() > 0 || l.until != 0:
		return // ledgerDue tells, if nobody has come by then
	}
	c.occur(OccurChannelVacated, "", fx)
	c.unlist(fx)
}

// ledgerDue lets those go who have not come back. readLedger must have succeeded before. Nothing fails.
func (c *Channel) ledgerDue(s Step, fx *Effects) {
	l := &c.ledger
	if l.until == 0 || s.At.UnixMilli() < l.until {
		return
	}
	for _, uid := range c.missing() {
		c.occupyMember(KindMemberRemoved, uid, false, fx)
	}
	l.until = 0
	if c.roster.Len() == 0 {
		c.occur(OccurChannelVacated, "", fx)
		c.unlist(fx)
		return
	}
	fx.put(tableLedger, encodeLedger(0))
}

// forgetLedger says that its rows are erased with all others. They are written again by the Due that it asks for.
func (c *Channel) forgetLedger(s Step, fx *Effects) {
	if l := c.ledger; c.o.Occurrences && l.occupied {
		fx.Writes = append(fx.Writes, persistence.Unlist(OccupiedListings, c.occupiedListing()))
		c.ledger = ledger{isRead: true, unsettled: c.roster.Len() > 0}
		if c.ledger.unsettled {
			c.wakeAt(s.At.UnixMilli(), fx)
		}
	}
}
