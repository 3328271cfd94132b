package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// A Position is how far a client has read: what KindSubscribed told it as Epoch, and the greatest Number
// that it read since.
type Position struct {
	Epoch string
	Seq   uint64
}

// A Resumption is what KindSubscribed tells a subscription that reads numbers.
type Resumption struct {
	Position
	// Returned: the client came back with a position, and Recovered says how that went. true: the next
	// Missed messages are exactly what it has not read after that position, and what follows is live.
	// false: it may have missed something, and what follows is as for anybody who comes for the first time.
	Returned, Recovered bool
	Missed              int
	// Snapshot is how many entries follow, which alone have no number. Only when all of them have come is the client
	// at Position.
	Snapshot int
}

// A stream is one client's reading of a channel, over all the connections that it takes.
type stream [8]byte

var noStream stream

const (
	secretSize = 16
	macSize    = 8
)

// An epoch is what a client holds of a channel's numbering, and brings back: its stream, the number that it
// began at, and a mark that only this numbering can have made for it.
//
// The mark is what keeps a client from asking for more than it could have read before its connection was
// cut: it covers who the client is, where it began, and which keys it observes. If its token says another
// thing by now, its state has holes that no replay fills, and it needs the snapshot.
type epoch struct {
	stream stream
	floor  uint64
}

// text is stream/8 floor/8 mark/8 in URL-safe base64: 32 characters.
func (e epoch) text(r *replay, sub *Subscription) string {
	var b [32]byte
	body := binary.BigEndian.AppendUint64(append(b[:0], e.stream[:]...), e.floor)
	return base64.RawURLEncoding.EncodeToString(append(body, r.mark(body, sub)...))
}

// mark returns what proves body.
func (r *replay) mark(body []byte, sub *Subscription) []byte {
	h := hmac.New(sha256.New, r.secret[:])
	b := appendBytes(appendBytes(make([]byte, 0, 256), body), sub.UID)
	if sub.Grant != nil {
		b = sub.Grant.AppendObserves(b)
	}
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// parseEpoch reads an epoch that r gave to sub, or to one that had the same rights.
func (r *replay) parseEpoch(text string, sub *Subscription) (e epoch, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != 16+macSize || !hmac.Equal(b[16:], r.mark(b[:16], sub)) {
		return e, false
	}
	copy(e.stream[:], b)
	e.floor = binary.BigEndian.Uint64(b[8:])
	return e, true
}

// missed returns what the client of sub has not read after the position that it brought, and what it has
// been reading. ok is false if that cannot be told for sure.
func (c *Channel) missed(after *Position, sub *Subscription) (items []replayed, e epoch, ok bool) {
	r := c.replay
	if after == nil || r == nil {
		return nil, e, false
	}
	if e, ok = r.parseEpoch(after.Epoch, sub); !ok || after.Seq < e.floor {
		return nil, e, false
	}
	items, ok = r.after(after.Seq)
	return items, e, ok
}

// replay tells a subscription what it missed, and returns how much that was.
func (sub *Subscription) replay(items []replayed, fx *Effects) (n int) {
	for i := range items {
		m := items[i].m
		if m.Kind == KindStorageUpdated && !sub.observes(m.Key) || items[i].from == sub.stream {
			continue
		}
		fx.answerSub(m, sub)
		n++
	}
	return n
}

// resumption makes sub a reader of numbers, and says what it is told. Nothing can fail here.
func (c *Channel) resumption(s Step, after *Position, e epoch, recovered bool, sub *Subscription) *Resumption {
	c.ask(s)
	told := &Resumption{Returned: after != nil, Recovered: recovered}
	told.Seq = c.replay.head
	if recovered {
		told.Seq = after.Seq
	} else {
		for e.stream == noStream {
			s.Entropy(e.stream[:])
		}
		e.floor = c.replay.head
	}
	sub.stream = e.stream
	told.Epoch = e.text(c.replay, sub)
	return told
}
