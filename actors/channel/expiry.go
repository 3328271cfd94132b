package channel

import (
	"cmp"
	"time"
)

// dueRows bounds how many rows one Due removes, and how many reactions besides: what is due at once may be
// the work of a year.
const dueRows = 256

// Due does what is due at s.At, in the order in which it became so: either it runs one schedule, with a *Ran
// as its result, or it removes what has expired: entries, stored messages with their reactions, deduplication
// ids, and members that were cut off and did not come back, of whom it tells; before all that, members whose
// subscriptions died with a process get their grace. A schedule
// has a Due of its own because it is a change like any other command: it sees what was written before it, and
// takes a number of its own.
//
// What has expired could not be read any more before; Due frees its room, and tells of entries: observers
// if the entry or Options asks for it, by KindStorageUpdated with nil Data and nil Meta, and backends if
// the entry's last writer did. It does a bounded amount of work, and asks by SetDue to be called again: at
// once if there is more, else when the next thing is due. Calling it early, or twice, does no harm.
//
// Errors: a fault.
func (c *Channel) Due(s Step, fx *Effects) error {
	if err := c.readReplay(s); err != nil {
		return err
	}
	if err := c.readMembers(); err != nil {
		return err
	}
	if c.members != nil && c.members.unsettled {
		if err := c.readDue(); err != nil {
			return err
		}
		c.settle(s, "", fx)
		fx.SetDue(unixMilli(c.due)) // what is due comes in another step, which reads what this one wrote
		return nil
	}
	if err := c.readLedger(); err != nil {
		return err
	}
	if c.ledger.unsettled {
		if err := c.readDue(); err != nil {
			return err
		}
		c.settleLedger(s, fx)
		fx.SetDue(unixMilli(c.due))
		return nil
	}
	before, mark := *fx, c.Mark()
	left := dueRows
	timers, nextTimer, err := c.dueRows(tableTimers, s.At, &left)
	if err != nil {
		return err
	}
	runs := len(timers) == 1 && isSchedule(timers[0].key)
	if runs {
		left = 0
	}
	expiries, nextExpiry, err := c.dueRows(tableExpiries, s.At, &left)
	if err != nil {
		return err
	}
	if runs {
		due, isRead := c.due, c.dueIsRead
		c.due, c.dueIsRead = earlier(nextTimer, nextExpiry), true
		if err := c.runSchedule(s, timers[0].key, fx); err != nil {
			c.due, c.dueIsRead = due, isRead
			return err
		}
		c.countDue(s, fx)
		fx.SetDue(unixMilli(c.due))
		return nil
	}
	var over []*member // whose time to come back is over
	ledger := false    // that of those in the ledger is
	for _, timer := range timers {
		m, err := c.timerDue(s, timer.key, fx)
		if err != nil {
			fx.forget(before)
			c.untell(&mark)
			return err
		}
		ledger = ledger || timer.key[9] == timerLedger
		if m != nil {
			over = append(over, m)
		}
	}
	reactions := dueRows
	for _, expiry := range expiries {
		gone, err := c.messageDue(expiry, &reactions, fx)
		if err != nil {
			fx.forget(before)
			c.untell(&mark)
			return err
		}
		if !gone {
			nextExpiry, _ = dueOf(expiry.key) // it was read before
			break
		}
	}
	c.endGraces(over, fx)
	if ledger {
		c.ledgerDue(s, fx)
	}
	c.countDue(s, fx)
	c.due, c.dueIsRead = earlier(nextTimer, nextExpiry), true
	fx.SetDue(unixMilli(c.due))
	return nil
}

// timerDue does what a timer that is due was set for, but for what endGraces does with a member.
func (c *Channel) timerDue(s Step, timer string, fx *Effects) (*member, error) {
	due, kind, key, err := splitTimer(timer)
	if err != nil {
		return nil, c.fault("read a timer", err)
	}
	switch kind {
	case timerEntry:
		value, e, err := c.entry(tableEntries + key)
		if err != nil {
			return nil, err
		}
		if value != nil && e.expires == due {
			c.expire(s, c.watcher(key), &e, fx)
			return nil, nil
		}
	case timerDedup:
		row, err := c.firstCopy(key)
		if err != nil {
			return nil, err
		}
		if row != nil && row.until == due {
			fx.delete(tableDedup + key)
		}
	case timerSeal:
		c.sealDue(s, due, timer, fx)
		return nil, nil
	case timerCached:
		return nil, c.cachedDue(due, timer, fx)
	case timerLedger: // ledgerDue does the rest
	case timerMember:
		return c.graceDue(due, timer, key, fx)
	default:
		return nil, c.fault("read a timer", errRow)
	}
	fx.delete(timer)
	return nil, nil
}

// messageDue removes a message with its reactions, of which it removes at most *left; false: it is not done.
func (c *Channel) messageDue(expiry dueRow, left *int, fx *Effects) (bool, error) {
	id, err := splitID(expiry.key, 9)
	if err != nil {
		return false, c.fault("expire a message", err)
	}
	gone, err := c.dropMessage(id, view(expiry.value), left, fx)
	if gone && err == nil {
		fx.delete(expiry.key)
	}
	return gone, err
}

// expire removes an entry that has expired and tells who is to be told.
func (c *Channel) expire(s Step, w *watcher, e *entryRow, fx *Effects) {
	fx.delete(w.row)
	c.dropTimer(w, e, fx)
	c.showBefore(w.key(), e, fx)
	if c.o.NotifyExpiry || e.flags&flagNotify != 0 {
		m := &Message{Kind: KindStorageUpdated, Channel: c.name, Key: w.key(), Seq: s.Seq}
		c.tell(s, m, c.observers(w), nil, fx)
	}
	if e.flags&flagEmit != 0 {
		gone := *e
		gone.data = nil
		c.emitEntry(w.key(), &gone, e.data, true, fx)
	}
}

// isSchedule says whether a timer is a schedule's.
func isSchedule(timer string) bool {
	return timer[0] == tableTimers[0] && len(timer) > 9 && timer[9] == timerSchedule
}

// A dueRow is a timer's row, or a message's expiry.
type dueRow struct {
	key   string
	value []byte
}

// dueRows returns the rows of a table in order of time that are due, at most *left of them and either one
// schedule or none, and when the first of the others is; 0 if there is no other.
func (c *Channel) dueRows(table string, at time.Time, left *int) (rows []dueRow, next int64, err error) {
	var bad error
	now := at.UnixMilli()
	err = c.rd.Scan(table, "", false, func(key string, value []byte) bool {
		var due int64
		if due, bad = dueOf(key); bad != nil {
			return false
		}
		if due > now || *left == 0 || len(rows) > 0 && isSchedule(key) {
			next = due
			return false
		}
		*left--
		rows = append(rows, dueRow{key, value})
		if isSchedule(key) {
			*left = 0
		}
		return true
	})
	return rows, next, c.fault("read what is due", cmp.Or(err, bad))
}

// FirstDue reads when the channel wants its next Due; the zero time: never. It is for a channel that wakes
// without having been told.
func (c *Channel) FirstDue() (time.Time, error) {
	c.dueIsRead = false
	err := c.readDue()
	return unixMilli(c.due), err
}

// readDue makes c.due known. Whoever sets a timer calls it first, since it can fail.
func (c *Channel) readDue() error {
	if c.dueIsRead {
		return nil
	}
	none := 0
	_, timer, err := c.dueRows(tableTimers, time.Time{}, &none)
	if err != nil {
		return err
	}
	_, expiry, err := c.dueRows(tableExpiries, time.Time{}, &none)
	if err != nil {
		return err
	}
	c.due, c.dueIsRead = earlier(timer, expiry), true
	return nil
}

// wakeAt sees to it that Due is called at a time, in unix ms. Nothing takes it back: a timer that is moved
// or dropped before it is due costs one Due that finds nothing, where keeping the exact time would cost a
// read at each write of an entry that is renewed all the time.
func (c *Channel) wakeAt(due int64, fx *Effects) {
	if c.due == 0 || due < c.due {
		c.due = due
		fx.SetDue(unixMilli(due))
	}
}

// earlier returns the earlier of two times in unix ms, where 0 is never.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
