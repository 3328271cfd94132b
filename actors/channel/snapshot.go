package channel

import (
	"cmp"
	"slices"
	"time"
)

// A snapshot is what a new subscription has not yet been told of the entries that it observes: those behind after, as
// they were when it subscribed. They are told in parts, since a channel may have any number of them and everybody else
// on it would wait; other commands come in between.
//
// The subscription is one from the first part on, and hears every change at once. What keeps that exact is one rule:
// an entry that is changed before its part has come is told as it was, then the change. So whatever happens, the
// subscription is told each entry as it was when it subscribed, once, and behind that every later change of it. A part
// leaves out what was changed since, which its version shows.
//
// Two other ways were to keep changes back until the snapshot is whole, which is a queue for each subscription with a
// bound and an end of its own, and to let the part tell the newer value, by which a change would come behind messages
// that were published after it.
type snapshot struct {
	connection string
	join       uint64 // of the subscription
	after      string // the key that was looked at last
	seq        uint64 // what was written since has this version or a higher one
	at         int64  // what had expired at this time, unix ms, is no part of it
}

const (
	// snapshotEntries is how many entries one part of a snapshot looks at, unless Options says otherwise.
	snapshotEntries = 1000
	// snapshotBytes of data end a part, too.
	snapshotBytes = 1 << 20
)

// ShowRest goes on with the snapshot of a subscription. It comes from [Effects.Next] alone. If it fails, the
// subscription has a hole that nothing fills: its connection must be closed.
type ShowRest struct {
	Sink       Sink // of the subscription
	connection string
	join       uint64
}

// ShowRest tells a subscription the next part of its snapshot. It does nothing for one that has ended.
//
// Errors: a fault.
func (c *Channel) ShowRest(_ Step, cmd *ShowRest, fx *Effects) error {
	i := slices.IndexFunc(c.snapshots, func(sn snapshot) bool { return sn.connection == cmd.connection && sn.join == cmd.join })
	if i < 0 {
		return nil
	}
	before := *fx
	next := c.snapshots[i]
	_, more, err := c.show(&next, c.byConnection[cmd.connection], false, fx)
	if err != nil {
		fx.forget(before)
		return err
	}
	c.snapshots = slices.Clone(c.snapshots) // a Mark has the old ones
	if more {
		c.snapshots[i] = next
		fx.Next = cmd
	} else {
		c.snapshots = slices.Delete(c.snapshots, i, i+1)
	}
	return nil
}

// begin tells sub the first part of its snapshot, and returns what is left, if more. n is how many entries the whole has
// if count, else how many were told.
func (c *Channel) begin(s Step, sub *Subscription, count bool, fx *Effects) (rest snapshot, n int, more bool, err error) {
	if !sub.observesAny() {
		return rest, 0, false, nil
	}
	rest = snapshot{connection: sub.ConnectionID, join: sub.Join, seq: s.Seq, at: s.At.UnixMilli()}
	n, more, err = c.show(&rest, sub, count, fx)
	return rest, n, more, err
}

// show tells sub the next part of sn. With count it looks on, and n are also the entries that are left.
func (c *Channel) show(sn *snapshot, sub *Subscription, count bool, fx *Effects) (n int, more bool, err error) {
	// One variable, since each that the function below changes is an allocation, and every subscribe comes by here.
	var p struct {
		snapshot         // as it was
		visited, size, n int
		last             string
		more             bool
		bad              error
	}
	p.snapshot, p.last = *sn, sn.after
	err = c.scanKeys(sub.Grant.ObserveRanges(), sn.after, func(row string, value []byte) bool {
		if p.visited == c.o.SnapshotEntries || p.size >= snapshotBytes {
			if p.more = true; !count {
				return false
			}
		}
		key := row[len(tableEntries):]
		if !p.more {
			p.visited++
			p.last = key
		}
		if !sub.observes(key) {
			return true
		}
		var e entryRow
		if e, p.bad = decodeEntry(value); p.bad != nil {
			return false
		}
		if p.has(&e) {
			p.n++
			if !p.more {
				p.size += len(e.data)
				c.showEntry(key, &e, sub, fx)
			}
		}
		return true
	})
	sn.after = p.last
	return p.n, p.more, c.fault("read the entries for a snapshot", cmp.Or(err, p.bad))
}

// has says whether an entry is as it was when the subscription began, and was there then.
func (sn *snapshot) has(e *entryRow) bool {
	return e.version < sn.seq && !expired(e.expires, time.UnixMilli(sn.at))
}

func (c *Channel) showEntry(key string, e *entryRow, sub *Subscription, fx *Effects) {
	m := newMessage(KindStorageUpdated)
	m.Channel, m.Key, m.Data, m.Seq = c.name, key, e.data, e.version
	m.Meta.UID, m.Meta.UMD = e.uid, e.umd
	fx.answerSub(m, sub)
}

// showBefore tells an entry that is about to be changed, or to go, to those whose snapshots have not come to it.
func (c *Channel) showBefore(key string, old *entryRow, fx *Effects) {
	for i := range c.snapshots {
		sn := &c.snapshots[i]
		if key > sn.after && sn.has(old) {
			if sub := c.byConnection[sn.connection]; sub.observes(key) {
				c.showEntry(key, old, sub, fx)
			}
		}
	}
}

// endSnapshot forgets the snapshot of a connection that is subscribed no more.
func (c *Channel) endSnapshot(connection string) {
	if len(c.snapshots) > 0 {
		c.snapshots = slices.DeleteFunc(slices.Clone(c.snapshots), func(sn snapshot) bool { return sn.connection == connection })
	}
}
