package channel

import (
	"cmp"
	"encoding/binary"
)

// A member whose last connection broke stays for Options.LeaveGrace: if its uid subscribes again in time, nobody
// hears that it was away. Such a member has a row, with a timer of its own, so that its time ends whether the
// channel sleeps or the server is killed meanwhile.
//
// Who comes back in time writes nothing: the row stays until it is due, and is then found to be of somebody who
// is there. So a row says: unless this uid is subscribed, it leaves at that time.

// A memberRow is a uid whose last subscription broke.
type memberRow struct {
	until int64  // unix ms
	since uint64 // its place among the members
	umd   []byte // nil: null
}

func memberKey(uid string) string { return tableMembers + uid }

func (r *memberRow) encode() []byte {
	b := make([]byte, 0, 1+uvarintSize(uint64(r.until))+uvarintSize(r.since)+sized(len(r.umd)))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(r.until))
	b = binary.AppendUvarint(b, r.since)
	return appendBytes(b, r.umd)
}

func decodeMember(value []byte) (r memberRow, err error) {
	d := decode(value)
	r.until = d.millis()
	r.since = d.uvarint()
	r.umd = d.bytes()
	return r, d.end("member")
}

// readMembers takes up who was away when the channel was forgotten. Every command on members calls it first,
// since it can fail.
func (c *Channel) readMembers() error {
	if c.members == nil || c.membersAreRead {
		return nil
	}
	type kept struct {
		uid string
		memberRow
	}
	var away []kept
	err := c.scanMembers(tableMembers, func(uid string, value []byte) error {
		r, err := decodeMember(value)
		away = append(away, kept{uid, r})
		return err
	})
	if err != nil {
		return c.fault("read who is away", err)
	}
	type present struct {
		uid string
		hereRow
	}
	var here []present
	err = c.scanMembers(tableHere, func(uid string, value []byte) error {
		r, err := decodeHere(value)
		here = append(here, present{uid, r})
		return err
	})
	if err != nil {
		return c.fault("read who is here", err)
	}
	// Who comes from now on stands behind those who were here.
	for i := range away {
		if !c.members.isGhost(away[i].uid) {
			c.members.keep(away[i].uid, &away[i].memberRow)
		}
		c.joins = max(c.joins, away[i].since)
	}
	for i := range here {
		if !c.members.isGhost(here[i].uid) {
			c.members.readHere(here[i].uid, &here[i].hereRow)
		}
		c.joins = max(c.joins, here[i].since)
	}
	c.members.unsettled = c.members.ghosts != nil || c.members.unlike(c.o.LeaveGrace > 0)
	c.membersAreRead = true
	return nil
}

// scanMembers visits the rows of a table by uid, until visit fails.
func (c *Channel) scanMembers(table string, visit func(uid string, value []byte) error) error {
	var bad error
	err := c.rd.Scan(table, "", false, func(key string, value []byte) bool {
		bad = visit(key[len(table):], value)
		return bad == nil
	})
	return cmp.Or(err, bad)
}

// keepsMember says whether the end of sub leaves its member away.
func (c *Channel) keepsMember(cmd *Unsubscribe, sub *Subscription) bool {
	return c.members != nil && c.o.LeaveGrace > 0 && cmd.Lost && !cmd.Full && len(c.members.byUID[sub.UID].subs) == 1
}

// keepMember ends a member's last subscription and keeps it. Nobody is told. readDue must have succeeded before.
func (c *Channel) keepMember(s Step, sub *Subscription, fx *Effects) {
	m := c.members.byUID[sub.UID]
	m.subs = nil
	c.unnote(m, fx)
	c.expect(s, m, fx)
}

// expect gives m, who has no subscription, its grace.
func (c *Channel) expect(s Step, m *member, fx *Effects) {
	if m.until != 0 {
		fx.delete(timerKey(m.until, timerMember, m.UID))
	}
	m.until = s.At.Add(c.o.LeaveGrace).UnixMilli()
	row := memberRow{until: m.until, since: m.since, umd: m.UMD}
	fx.put(memberKey(m.UID), row.encode())
	fx.put(timerKey(m.until, timerMember, m.UID), nil)
	c.wakeAt(m.until, fx)
}

// dropGrace removes a member's row, if it has one.
func (c *Channel) dropGrace(m *member, fx *Effects) {
	if m.until != 0 {
		fx.delete(memberKey(m.UID))
		fx.delete(timerKey(m.until, timerMember, m.UID))
		m.until = 0
	}
}

// graceDue removes the row of a member whose time is over, and returns that member; nil: the timer is of nobody.
func (c *Channel) graceDue(due int64, timer, uid string, fx *Effects) (*member, error) {
	fx.delete(timer)
	value, err := c.rd.Get(memberKey(uid))
	if err != nil || value == nil {
		return nil, c.fault("read who is away", err)
	}
	row, err := decodeMember(value)
	if err != nil {
		return nil, c.fault("read who is away", err)
	}
	if row.until != due || c.members == nil {
		return nil, nil
	}
	fx.delete(memberKey(uid))
	return c.members.byUID[uid], nil
}

// endGraces lets those go who have not come back. Nothing fails.
func (c *Channel) endGraces(over []*member, fx *Effects) {
	for _, m := range over {
		m.until = 0
		if len(m.subs) == 0 {
			kind, gone := c.members.remove(m)
			c.tellMembers(kind, gone, c.roster, nil, fx)
		}
	}
}

// away returns the members that have rows.
func (ms *members) away() (list []*member) {
	if ms == nil {
		return nil
	}
	for _, m := range ms.order {
		if m.until != 0 {
			list = append(list, m)
		}
	}
	return list
}

// keep takes up a row: of a member that is here, or of one that is away.
func (ms *members) keep(uid string, r *memberRow) {
	m := ms.byUID[uid]
	if m == nil {
		m = ms.add(uid, r.since)
		ms.set(m, r.umd)
	}
	m.until = r.until
}
