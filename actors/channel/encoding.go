package channel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"unsafe"
)

// rowVersion is the first byte of every value. A row of another version is a fault: it was written by a
// later program.
const rowVersion = 1

var errRow = errors.New("the row is not readable by this version")

// encode ends with the data, so that a message can share the value's memory.
func (e *entryRow) encode() []byte {
	b := make([]byte, 0, 2+uvarintSize(e.version)+uvarintSize(uint64(e.expires))+sized(len(e.data))+e.origin.size())
	b = append(b, rowVersion, e.flags)
	b = binary.AppendUvarint(b, e.version)
	b = binary.AppendUvarint(b, uint64(e.expires))
	b = e.origin.append(b)
	return appendBytes(b, e.data)
}

func decodeEntry(value []byte) (e entryRow, err error) {
	d := decode(value)
	e.flags = d.byte()
	e.version = d.uvarint()
	e.expires = d.millis()
	e.origin = d.origin()
	e.data = d.bytes()
	return e, d.end("entry")
}

func (m *messageRow) encode() []byte {
	b := make([]byte, 0, 1+uvarintSize(uint64(m.expires))+sized(len(m.event))+sized(len(m.data))+m.origin.size())
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(m.expires))
	b = appendBytes(b, m.event)
	b = m.origin.append(b)
	return appendBytes(b, m.data)
}

func decodeMessage(value []byte) (m messageRow, err error) {
	d := decode(value)
	m.expires = d.millis()
	m.event = view(d.bytes())
	m.origin = d.origin()
	m.data = d.bytes()
	return m, d.end("message")
}

func (r *dedupRow) encode() []byte {
	b := make([]byte, 0, 1+uvarintSize(uint64(r.until))+sized(len(r.id)))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(r.until))
	if r.schedule.IsZero() {
		return appendBytes(b, r.id[:])
	}
	b = binary.AppendUvarint(b, uint64(len(r.id)+len(r.schedule)))
	return append(append(b, r.id[:]...), r.schedule[:]...)
}

func decodeDedup(value []byte) (r dedupRow, err error) {
	d := decode(value)
	r.until = d.millis()
	ids := d.bytes()
	n := copy(r.id[:], ids)
	if len(ids) != n && copy(r.schedule[:], ids[n:]) != len(ids)-n || len(ids)%len(r.id) != 0 || n == 0 {
		d.bad = true
	}
	return r, d.end("deduplication")
}

func (r *reactionRow) encode() []byte {
	b := make([]byte, 0, 2+sized(len(r.id))+r.origin.size())
	b = append(b, rowVersion, r.flags)
	b = appendBytes(b, r.id[:])
	return r.origin.append(b)
}

func decodeReaction(value []byte) (r reactionRow, err error) {
	d := decode(value)
	r.flags = d.byte()
	if copy(r.id[:], d.bytes()) != len(r.id) {
		d.bad = true
	}
	r.origin = d.origin()
	return r, d.end("reaction")
}

func (r countsRow) encode() []byte {
	size := 1
	for i := range r {
		size += sized(len(r[i].Reaction)) + uvarintSize(uint64(r[i].Count))
	}
	b := append(make([]byte, 0, size), rowVersion)
	for i := range r {
		b = binary.AppendUvarint(appendBytes(b, r[i].Reaction), uint64(r[i].Count))
	}
	return b
}

func decodeCounts(value []byte) (r countsRow, err error) {
	d := decode(value)
	for !d.bad && len(d.b) > 0 {
		k := ReactionCount{Reaction: view(d.bytes())}
		n := d.uvarint()
		if n == 0 || n > math.MaxInt32 {
			d.bad = true
		}
		k.Count = int(n)
		r = append(r, k)
	}
	return r, d.end("counts")
}

func (o *origin) size() int {
	return sized(len(o.uid)) + sized(len(o.umd)) + sized(len(o.connectionID)) + sized(len(o.trigger)) +
		sized(len(o.sourceIP)) + sized(len(o.userAgent)) + sized(len(o.requestID))
}

func (o *origin) append(b []byte) []byte {
	b = appendBytes(b, o.uid)
	b = appendBytes(b, o.umd)
	b = appendBytes(b, o.connectionID)
	b = appendBytes(b, o.trigger)
	b = appendBytes(b, o.sourceIP)
	b = appendBytes(b, o.userAgent)
	return appendBytes(b, o.requestID)
}

func appendBytes[B ~[]byte | ~string](b []byte, v B) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}

func uvarintSize(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// sized is the encoded size of n bytes and their length.
func sized(n int) int { return n + uvarintSize(uint64(n)) }

// A decoder cuts a value into its parts, which share the value's memory: values never change. After the
// first fault it returns zero values, and end tells.
type decoder struct {
	b   []byte
	bad bool
}

func decode(value []byte) decoder {
	d := decoder{b: value}
	if d.byte() != rowVersion {
		d.bad = true
	}
	return d
}

func (d *decoder) byte() byte {
	if d.bad || len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) millis() int64 {
	v := d.uvarint()
	if v > 1<<62 {
		d.bad = true
	}
	return int64(v)
}

// bytes returns the next part, nil if it is empty.
func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) origin() origin {
	return origin{
		uid:          view(d.bytes()),
		umd:          d.bytes(),
		connectionID: view(d.bytes()),
		trigger:      Trigger(view(d.bytes())),
		sourceIP:     view(d.bytes()),
		userAgent:    view(d.bytes()),
		requestID:    view(d.bytes()),
	}
}

func (d *decoder) end(what string) error {
	if d.bad || len(d.b) != 0 {
		return fmt.Errorf("%s row: %w", what, errRow)
	}
	return nil
}

// view returns b as a string that shares its memory. b must never change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
