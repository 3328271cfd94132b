package channel

import (
	"cmp"
	"time"

	"github.com/oklog/ulid/v2"
)

// storeMessage writes a published message's row, the one it is found by among those of its event, and the one
// that makes it expire.
func (c *Channel) storeMessage(m *Message, cmd *Publish, expires int64, fx *Effects) {
	row := messageRow{expires: expires, event: m.Event, data: m.Data, origin: cmd.Sender.origin(m.Meta)}
	fx.put(messageKey(m.ID), row.encode())
	fx.put(eventKey(m.Event, m.ID), nil)
	if expires != 0 {
		fx.put(expiryKey(expires, m.ID), []byte(m.Event))
		c.wakeAt(expires, fx)
	}
}

// ListMessages reads a page of stored messages, oldest first unless cmd.Reverse.
//
// A connection sees what was published since it subscribed, which is what it was delivered, and whatever
// is not older than its grant's historyStart. An asker without a connection sees everything.
//
// Errors: ErrNotSubscribed, or a fault.
// Source: Hotsock docs, Message Storage and Client HTTP API, listMessages.
func (c *Channel) ListMessages(s Step, cmd *ListMessages, fx *Effects) error {
	from := tableMessages
	if cmd.ConnectionID != "" {
		sub := c.byConnection[cmd.ConnectionID]
		if sub == nil {
			return ErrNotSubscribed
		}
		from = sub.visibleFrom()
	}
	if !cmd.After.IsZero() {
		from = max(from, behind(cmd.After))
	}
	to := ""
	if !cmd.Before.IsZero() {
		if to = messageKey(cmd.Before); to <= from {
			fx.Result = &Messages{}
			return nil
		}
	}
	page := &Messages{}
	size := 0
	err := c.scanMessages(cmd, from, to, func(id ulid.ULID, row *messageRow) bool {
		if expired(row.expires, s.At) {
			return true
		}
		if full(len(page.Items), cmd.Limit, size+len(row.data), cmd.Bytes) {
			page.More = true
			return false
		}
		size += len(row.data)
		m := newMessage(KindPublished)
		m.ID, m.Event, m.Channel, m.Data = id, row.event, c.name, row.data
		m.Meta.UID, m.Meta.UMD = row.uid, row.umd
		page.Items = append(page.Items, m)
		return true
	})
	if err != nil {
		return c.fault("list the messages", err)
	}
	if err := c.addReactions(page, cmd); err != nil {
		return err
	}
	fx.Result = page
	return nil
}

// scanMessages visits the messages that cmd asks for whose rows' keys are from <= key < to, "" being the end of
// their table. Those of one event are found by the rows that they have for it, however rare they are.
func (c *Channel) scanMessages(cmd *ListMessages, from, to string, visit func(ulid.ULID, *messageRow) bool) error {
	var bad error
	message := func(id ulid.ULID, value []byte) bool {
		var row messageRow
		row, bad = decodeMessage(value)
		return bad == nil && visit(id, &row)
	}
	if cmd.Event == "" {
		err := c.rd.Scan(from, to, cmd.Reverse, func(key string, value []byte) bool {
			var id ulid.ULID
			id, bad = splitID(key, len(tableMessages))
			return bad == nil && message(id, value)
		})
		return cmp.Or(err, bad)
	}
	of := eventPrefix(cmd.Event)
	if from = of + from[len(tableMessages):]; to != "" {
		to = of + to[len(tableMessages):]
	} else {
		to = of + "\xff" // after the year 10889
	}
	err := c.rd.Scan(from, to, cmd.Reverse, func(key string, _ []byte) bool {
		var id ulid.ULID
		var value []byte
		if id, bad = splitID(key, len(of)); bad == nil {
			value, bad = c.rd.Get(messageKey(id))
		}
		return bad == nil && (value == nil || message(id, value))
	})
	return cmp.Or(err, bad)
}

// visibleFrom returns the first key of a message that the subscription may see.
func (s *Subscription) visibleFrom() string {
	from := behind(s.StartID)
	if s.Grant == nil {
		return from
	}
	start, ok := s.Grant.HistoryStart()
	if !ok {
		return from
	}
	var opened ulid.ULID
	if opened.SetTime(millisFrom(start)) != nil {
		return from // after the year 10889
	}
	return min(from, messageKey(opened))
}

// behind returns the first key of the message table that is greater than id's.
func behind(id ulid.ULID) string { return messageKey(id) + "\x00" }

// millisFrom returns the first whole millisecond that is not before t, 0 for anything before 1970.
func millisFrom(t time.Time) uint64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return uint64(max(ms, 0))
}
