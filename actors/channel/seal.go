package channel

import (
	"encoding/binary"

	"github.com/oklog/ulid/v2"
)

// Unsealed says that the channel keeps a replay that its row does not hold, so that Seal should be called
// before it is forgotten.
func (c *Channel) Unsealed() bool {
	r := c.replay
	return r != nil && (r.sealed == 0 || r.asked > 0 || r.sealed < r.left+c.o.ReplayFor.Milliseconds())
}

// Seal writes the replay into its row, so that clients can come back after sleep, or after a restart in
// order. A channel that is forgotten without it loses nothing but that. See replay for why it is true.
//
// Errors: a fault.
func (c *Channel) Seal(s Step, fx *Effects) error {
	if !c.Unsealed() {
		return nil
	}
	if err := c.readDue(); err != nil {
		return err
	}
	r, now := c.replay, s.At.UnixMilli()
	if r.over(now, c.o.ReplayFor) {
		c.replay = nil
		c.unseal(fx)
		return nil
	}
	r.trim(now, &c.o)
	left := r.left
	if r.asked > 0 {
		left = now
	}
	if r.sealed != 0 {
		fx.delete(timerKey(r.sealed, timerSeal, ""))
	}
	r.sealed = left + c.o.ReplayFor.Milliseconds()
	c.staleSeal = false
	fx.put(sealKey, r.encode(s.Generation, left))
	fx.put(timerKey(r.sealed, timerSeal, ""), nil)
	fx.Sync = true
	c.wakeAt(r.sealed, fx)
	return nil
}

// unseal removes the row, if there is one, since it will not be true any more. It must be gone from the disk
// before the next number is out, whatever the channel's durability.
func (c *Channel) unseal(fx *Effects) {
	switch {
	case c.replay != nil && c.replay.sealed != 0:
		fx.delete(timerKey(c.replay.sealed, timerSeal, ""))
		c.replay.sealed = 0
	case !c.staleSeal:
		return
	}
	c.staleSeal = false
	fx.delete(sealKey)
	fx.Sync = true
}

// readReplay takes up what an earlier Seal left. Whoever tells anything calls it first, since it can fail.
func (c *Channel) readReplay(s Step) error {
	if c.replayIsRead {
		return nil
	}
	value, err := c.rd.Get(sealKey)
	if err != nil {
		return c.fault("read what was told", err)
	}
	c.replayIsRead = true
	if value == nil {
		return nil
	}
	r, ok := decodeSeal(value, c.name, s.Generation)
	if ok {
		r.sealed = r.left + c.o.ReplayFor.Milliseconds()
		ok = s.At.UnixMilli() < r.sealed
	}
	if !ok {
		// Of another history, too old, or not readable: then nothing can be proven by it.
		c.staleSeal = true
		return nil
	}
	c.replay = r
	return nil
}

// sealDue removes a seal that has become too old.
func (c *Channel) sealDue(s Step, due int64, timer string, fx *Effects) {
	if c.replay == nil || c.replay.sealed != due {
		fx.delete(timer)
		if c.replay == nil {
			c.unseal(fx)
		}
		return
	}
	c.unseal(fx)
	if c.replay.over(s.At.UnixMilli(), c.o.ReplayFor) {
		c.replay = nil
	}
}

// sealable are the kinds of message that append has a form for: all that is ever told, so far.
var sealable = map[Kind]bool{
	KindPublished: true, KindStorageUpdated: true, KindReactionAdded: true, KindReactionRemoved: true,
}

// encode is version/1 secret/16 generation/8 left, head, count, and of each item what seals says. What an
// older kind of message than these has no form for is left out, with all before it.
func (r *replay) encode(generation uint64, left int64) []byte {
	items := r.items
	for i := len(items) - 1; i >= 0; i-- {
		if !sealable[items[i].m.Kind] {
			items = items[i+1:]
			break
		}
	}
	b := append(make([]byte, 0, 64+r.size), rowVersion)
	b = append(b, r.secret[:]...)
	b = binary.BigEndian.AppendUint64(b, generation)
	b = binary.AppendUvarint(b, uint64(left))
	b = binary.AppendUvarint(b, r.head)
	b = binary.AppendUvarint(b, uint64(len(items)))
	for i := range items {
		b = items[i].append(b)
	}
	return b
}

// append adds kind/1 meta/1 id/16 from/8 at, seq, and event, key, data, uid, umd, each with its length.
func (x *replayed) append(b []byte) []byte {
	m := x.m
	b = append(b, byte(m.Kind), 0)
	if m.Meta != nil {
		b[len(b)-1] = 1
	}
	b = append(append(b, m.ID[:]...), x.from[:]...)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(x.at)), m.Seq)
	b = appendBytes(appendBytes(appendBytes(b, m.Event), m.Key), m.Data)
	if m.Meta != nil {
		b = appendBytes(appendBytes(b, m.Meta.UID), m.Meta.UMD)
	}
	return b
}

// decodeSeal reads what encode wrote; false if it is not of this generation, or not readable.
func decodeSeal(value []byte, name string, generation uint64) (r *replay, ok bool) {
	d := decode(value)
	r = &replay{}
	d.fixed(r.secret[:])
	var of [8]byte
	d.fixed(of[:])
	r.left = d.millis()
	r.head = d.uvarint()
	n := d.uvarint()
	if d.bad || binary.BigEndian.Uint64(of[:]) != generation || n > uint64(len(d.b)) || n > r.head {
		return nil, false
	}
	r.items = make([]replayed, 0, n)
	for i := range n {
		m := newMessage(Kind(d.byte()))
		hasMeta := d.byte() == 1
		x := replayed{m: m}
		var id ulid.ULID
		d.fixed(id[:])
		d.fixed(x.from[:])
		x.at = d.millis()
		m.ID, m.Number, m.Channel = id, r.head-n+i+1, name
		m.Seq = d.uvarint()
		m.Event, m.Key, m.Data = view(d.bytes()), view(d.bytes()), d.bytes()
		x.size = replayedSize + len(m.Event) + len(m.Key) + len(m.Data)
		if hasMeta {
			m.Meta.UID, m.Meta.UMD = view(d.bytes()), d.bytes()
			x.size += len(m.Meta.UID) + len(m.Meta.UMD)
		} else {
			m.Meta = nil
		}
		r.items = append(r.items, x)
		r.size += x.size
	}
	return r, d.end("seal") == nil
}

// fixed fills p.
func (d *decoder) fixed(p []byte) {
	if len(d.b) < len(p) {
		d.bad = true
		return
	}
	copy(p, d.b)
	d.b = d.b[len(p):]
}
