package channel

import (
	"encoding/binary"
	"time"
)

// A channel can keep the last event that was published with CacheFor, for those who come: they read it right after
// they were told that they are subscribed, as if it was published to them alone. It is one row, which its next one
// replaces and a timer ends.
//
// Source: Pusher docs, Cache channels.

// A cachedRow is the event that is kept.
type cachedRow struct {
	expires int64  // unix ms
	seq     uint64 // of the publish
	event   string
	data    []byte // nil: null
}

// encode ends with the data, so that a message can share the value's memory.
func (r *cachedRow) encode() []byte {
	b := make([]byte, 0, 1+uvarintSize(uint64(r.expires))+uvarintSize(r.seq)+sized(len(r.event))+sized(len(r.data)))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(r.expires))
	b = binary.AppendUvarint(b, r.seq)
	b = appendBytes(b, r.event)
	return appendBytes(b, r.data)
}

func decodeCached(value []byte) (r cachedRow, err error) {
	d := decode(value)
	r.expires = d.millis()
	r.seq = d.uvarint()
	r.event = view(d.bytes())
	r.data = d.bytes()
	return r, d.end("cached event")
}

// readCached returns the row, expired or not; nil if there is none.
func (c *Channel) readCached() (*cachedRow, error) {
	value, err := c.rd.Get(rowCached)
	if err != nil || value == nil {
		return nil, c.fault("read the cached event", err)
	}
	row, err := decodeCached(value)
	return &row, c.fault("read the cached event", err)
}

// isThere says whether the event may still be told. There may be no row.
func (r *cachedRow) isThere(at time.Time) bool { return r != nil && !expired(r.expires, at) }

// cache keeps what cmd publishes, in the place of old. readDue must have succeeded before. Nothing fails.
func (c *Channel) cache(s Step, cmd *Publish, old *cachedRow, fx *Effects) {
	if old != nil {
		fx.delete(timerKey(old.expires, timerCached, ""))
	}
	row := cachedRow{expires: s.At.Add(cmd.CacheFor).UnixMilli(), seq: s.Seq, event: cmd.Event, data: cmd.Data}
	fx.put(rowCached, row.encode())
	fx.put(timerKey(row.expires, timerCached, ""), nil)
	c.wakeAt(row.expires, fx)
}

// cachedDue removes the event when its time is over.
func (c *Channel) cachedDue(due int64, timer string, fx *Effects) error {
	row, err := c.readCached()
	if err != nil {
		return err
	}
	if row != nil && row.expires == due {
		fx.delete(rowCached)
	}
	fx.delete(timer)
	return nil
}

// showCached tells a subscription what is kept, or that nothing is.
func (c *Channel) showCached(s Step, row *cachedRow, sub *Subscription, fx *Effects) {
	m := &Message{Kind: KindCacheMiss, Channel: c.name}
	if row.isThere(s.At) {
		m.Kind, m.Event, m.Data, m.Seq = KindPublished, row.event, row.data, row.seq
	}
	fx.answer(m, sub.Sink)
}

// GetCached reads what the channel keeps for those who come.
//
// Errors: a fault.
func (c *Channel) GetCached(s Step, _ *GetCached, fx *Effects) error {
	row, err := c.readCached()
	if err == nil && row.isThere(s.At) {
		fx.Result = &Cached{Event: row.event, Data: row.data, ExpiresAt: unixMilli(row.expires)}
	}
	return err
}
