package channel

import (
	"cmp"
	"time"

	"github.com/oklog/ulid/v2"
)

// storeMessage writes a published message's row, and the row that makes it expire.
func (c *Channel) storeMessage(m *Message, cmd *Publish, expires int64, fx *Effects) {
	row := messageRow{expires: expires, event: m.Event, data: orNil(m.Data), origin: cmd.Sender.origin(m.Meta)}
	fx.put(messageKey(m.ID), row.encode())
	if expires != 0 {
		fx.put(expiryKey(expires, m.ID), nil)
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
	var first ulid.ULID
	if cmd.ConnectionID != "" {
		sub := c.byConnection[cmd.ConnectionID]
		if sub == nil {
			return ErrNotSubscribed
		}
		first = sub.firstVisible()
	}
	if cmd.After != (ulid.ULID{}) {
		first = later(first, after(cmd.After))
	}
	to := ""
	if cmd.Before != (ulid.ULID{}) {
		if to = messageKey(cmd.Before); to <= messageKey(first) {
			fx.Result = &Messages{}
			return nil
		}
	}
	page := &Messages{}
	size := 0
	var bad error
	err := c.rd.Scan(messageKey(first), to, cmd.Reverse, func(key string, value []byte) bool {
		id, err := splitID(key, len(tableMessages))
		row, err2 := decodeMessage(value)
		if bad = cmp.Or(err, err2); bad != nil {
			return false
		}
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
	if err = cmp.Or(err, bad); err != nil {
		return c.fault("list the messages", err)
	}
	fx.Result = page
	return nil
}

// firstVisible returns the lowest id that the subscription may see.
func (s *Subscription) firstVisible() ulid.ULID {
	first := after(s.StartID)
	if s.Grant == nil {
		return first
	}
	if start, ok := s.Grant.HistoryStart(); ok {
		var opened ulid.ULID
		if ms := millisFrom(start); ms > 0 {
			_ = opened.SetTime(ms) // fails after the year 10889, which opens nothing
			if ms > ulid.MaxTime() {
				return first
			}
		}
		if opened.Compare(first) < 0 {
			return opened
		}
	}
	return first
}

// millisFrom returns the first whole millisecond that is not before t, 0 for anything before 1970.
func millisFrom(t time.Time) uint64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return uint64(max(ms, 0))
}

func later(a, b ulid.ULID) ulid.ULID {
	if a.Compare(b) < 0 {
		return b
	}
	return a
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
