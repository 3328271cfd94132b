package channel

import (
	"cmp"
	"math"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/persistence"
)

// DeleteMessage removes a stored message with its reactions, as if it had expired, and from what clients that
// come back are told; from that also one which was not stored. Nobody is told.
//
// Errors: ErrMessageNotFound if it is neither stored nor kept for those who come back, or a fault.
func (c *Channel) DeleteMessage(s Step, cmd *DeleteMessage, fx *Effects) error {
	key := messageKey(cmd.ID)
	value, err := c.rd.Get(key)
	if err != nil {
		return c.fault("read a message", err)
	}
	var row messageRow
	if value != nil {
		if row, err = decodeMessage(value); err != nil {
			return c.fault("read a message", err)
		}
	}
	if err := c.readReplay(s); err != nil {
		return err
	}
	kept := c.lastAbout(cmd.ID)
	if (value == nil || expired(row.expires, s.At)) && kept < 0 {
		return ErrMessageNotFound
	}
	if _, err := c.lastID(); err != nil { // or its id might be given out again
		return err
	}
	if value != nil {
		before, all := *fx, math.MaxInt
		if _, err := c.dropMessage(cmd.ID, row.event, &all, fx); err != nil {
			fx.forget(before)
			return err
		}
		if row.expires != 0 {
			fx.delete(expiryKey(row.expires, cmd.ID))
		}
	}
	c.withdraw(kept, fx)
	fx.Sync = true // or it would be there again after a crash
	return nil
}

// Delete removes everything that the channel keeps: entries, messages, schedules, deduplication ids, and members
// that are away. Subscriptions stay. Observers read each entry cleared, and backends hear of it where the entry's
// last writer asked for that; of what had expired they hear as ever. A client that comes back gets a snapshot.
//
// Ids go on rising, but what a reader remembers of the history before means nothing any more: the rows are of
// another epoch.
//
// Errors: a fault.
func (c *Channel) Delete(s Step, cmd *Delete, fx *Effects) error {
	if _, err := c.lastID(); err != nil {
		return err
	}
	if err := c.readReplay(s); err != nil {
		return err
	}
	if err := c.readMembers(); err != nil {
		return err
	}
	if err := c.readLedger(); err != nil {
		return err
	}
	type kept struct {
		key string
		entryRow
	}
	var entries []kept
	var schedules []ulid.ULID
	var bad error
	err := c.rd.Scan(tableEntries, "", false, func(row string, value []byte) bool {
		var e entryRow
		if e, bad = decodeEntry(value); bad == nil {
			entries = append(entries, kept{row[len(tableEntries):], e})
		}
		return bad == nil
	})
	if err = cmp.Or(err, bad); err != nil {
		return c.fault("read the entries", err)
	}
	err = c.rd.Scan(tableSchedules, "", false, func(key string, _ []byte) bool {
		var id ulid.ULID
		if id, bad = splitID(key, len(tableSchedules)); bad == nil {
			schedules = append(schedules, id)
		}
		return bad == nil
	})
	if err = cmp.Or(err, bad); err != nil {
		return c.fault("read the schedules", err)
	}

	// From here on nothing fails.
	for i := range entries {
		e := &entries[i]
		if expired(e.expires, s.At) {
			c.expire(s, c.watcher(e.key), &e.entryRow, fx) // who is to be told of that is not told otherwise
			continue
		}
		c.showBefore(e.key, &e.entryRow, fx)
		m := newMessage(KindStorageUpdated)
		m.Channel, m.Key, m.Seq = c.name, e.key, s.Seq
		c.tell(s, m, c.observers(c.watcher(e.key)), nil, fx)
		if e.flags&flagEmit != 0 {
			gone := entryRow{origin: cmd.Sender.origin(&Meta{})}
			c.emitEntry(e.key, &gone, e.data, false, fx)
		}
	}
	c.snapshots = nil // they are whole
	c.ids.waiting, c.ids.waits = ulid.ULID{}, true
	c.endGraces(c.members.away(), fx) // their rows go
	c.unseal(fx)
	if c.replay != nil {
		c.replay.items, c.replay.size = nil, 0 // what was deleted must not come back from here
	}
	for _, id := range schedules {
		fx.Writes = append(fx.Writes, persistence.Unlist(c.app, listingKey(id)))
	}
	fx.Erase, fx.Sync = true, true
	fx.SetDue(time.Time{})
	c.due, c.dueIsRead = 0, true
	c.forgetHere(s, fx)
	c.forgetLedger(s, fx)
	return nil
}
