package channel

import "github.com/oklog/ulid/v2"

// Publish sends a message to all who are subscribed: to the sending connection itself only if cmd.Echo.
// Its id is greater than that of every message before it. It is stored if cmd.Store says so, and kept for those who
// come if cmd.CacheFor does. A copy of
// a message that had the same deduplication id within Options.DedupWindow is dropped, as if it had been
// sent; the answer has the first one's id.
//
// cmd.Data belongs to the message from here on.
//
// Errors: ErrNotSubscribed, ErrDataTooLarge, ErrInvalidStore, or a fault.
// Source: Hotsock docs, Client Messages, Server Messages and Message Storage.
func (c *Channel) Publish(s Step, cmd *Publish, fx *Effects) error {
	if err := c.o.checkData(cmd.Data); err != nil {
		return err
	}
	sub := c.byConnection[cmd.ConnectionID]
	if cmd.Subscribed && sub == nil {
		return ErrNotSubscribed
	}
	if _, err := c.lastID(); err != nil {
		return err
	}
	if err := c.readReplay(s); err != nil {
		return err
	}
	var expires int64
	if cmd.Store != 0 {
		var err error
		if expires, err = deadline(s.At, cmd.Store); err != nil {
			return err
		}
	}
	var first *dedupRow
	if cmd.DeduplicationID != "" {
		var err error
		if first, err = c.firstCopy(cmd.DeduplicationID); err != nil {
			return err
		}
		if first != nil && !expired(first.until, s.At) {
			cmd.answer(first.id, 0, fx)
			return nil
		}
	}
	if expires != 0 || cmd.DeduplicationID != "" || cmd.CacheFor > 0 {
		if err := c.readDue(); err != nil {
			return err
		}
	}
	var cached *cachedRow
	if cmd.CacheFor > 0 {
		var err error
		if cached, err = c.readCached(); err != nil {
			return err
		}
	}

	// From here on nothing fails.
	m := newMessage(KindPublished)
	m.ID = c.nextID(s)
	m.Event, m.Channel, m.Data = cmd.Event, c.name, orNil(cmd.Data)
	*m.Meta = author(&cmd.Sender, sub, cmd.Server)
	if cmd.DeduplicationID != "" {
		c.rememberCopy(s, cmd.DeduplicationID, m.ID, ulid.ULID{}, first, fx)
		m.Seq = s.Seq
	}
	if cmd.CacheFor > 0 {
		c.cache(s, cmd, cached, fx)
		m.Seq = s.Seq
	}
	c.send(s, cmd, m, expires, sub, fx)
	cmd.answer(m.ID, m.Seq, fx)
	return nil
}

// send stores and tells a message that has all but its Seq, and its Meta even if cmd.Server. sub is the
// sending connection's, nil if it has none. Nothing fails.
func (c *Channel) send(s Step, cmd *Publish, m *Message, expires int64, sub *Subscription, fx *Effects) {
	if cmd.Store != 0 {
		c.storeMessage(m, cmd, expires, fx)
		m.Seq = s.Seq
	}
	if cmd.Emit {
		c.emitMessage(m, cmd, fx)
	}
	if cmd.Server {
		m.Meta = nil
	}
	var except *Subscription
	if !cmd.Echo {
		except = sub
	}
	c.tell(s, m, c.roster, except, fx)
}

// answer answers an asker without a sink.
func (cmd *Publish) answer(id ulid.ULID, seq uint64, fx *Effects) {
	if cmd.Sink == nil {
		fx.Result = &Published{ID: id, Seq: seq}
	}
}

// firstCopy returns the row of a deduplication id, nil if there is none.
func (c *Channel) firstCopy(id string) (*dedupRow, error) {
	value, err := c.rd.Get(tableDedup + id)
	if err != nil || value == nil {
		return nil, c.fault("read a deduplication id", err)
	}
	row, err := decodeDedup(value)
	return &row, c.fault("read a deduplication id", err)
}

// rememberCopy notes that id was the first with a deduplication id, or schedule, if it is to come. old is the
// row of an earlier one whose window has passed, or nil.
func (c *Channel) rememberCopy(s Step, dedup string, id, schedule ulid.ULID, old *dedupRow, fx *Effects) {
	if old != nil {
		fx.delete(timerKey(old.until, timerDedup, dedup))
	}
	row := dedupRow{until: s.At.Add(c.o.DedupWindow).UnixMilli(), id: id, schedule: schedule}
	fx.put(tableDedup+dedup, row.encode())
	fx.put(timerKey(row.until, timerDedup, dedup), nil)
	c.wakeAt(row.until, fx)
}

// newMessage returns a message with an empty Meta: one allocation for both.
func newMessage(kind Kind) *Message {
	m := &struct {
		Message
		meta Meta
	}{}
	m.Kind, m.Meta = kind, &m.meta
	return &m.Message
}

// author returns who a command's author is to others: the subscription, if there is one, else the
// connection, and nobody if it is the server.
func author(from *Sender, sub *Subscription, server bool) Meta {
	switch {
	case server:
		return Meta{}
	case sub != nil:
		return Meta{UID: sub.UID, UMD: sub.UMD}
	}
	return Meta{UID: from.UID, UMD: orNil(from.UMD)}
}

// origin returns what a row keeps of the sender.
func (from *Sender) origin(by *Meta) origin {
	return origin{
		uid:          by.UID,
		umd:          by.UMD,
		connectionID: from.ConnectionID,
		trigger:      from.Trigger,
		sourceIP:     from.SourceIP,
		userAgent:    from.UserAgent,
		requestID:    from.RequestID,
	}
}
