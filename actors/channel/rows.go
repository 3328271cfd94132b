package channel

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"time"
	"unsafe"

	"github.com/oklog/ulid/v2"
)

// The tables of a channel's rows. A row's key begins with its table. Tables below 0x80 are small and
// often rewritten: they go through the log and the snapshot of their actor. Those from 0x80 on grow
// without bound and are written once: they are written in place.
//
//	'e'  storage key                               -> entryRow
//	'd'  deduplication id                          -> dedupRow
//	't'  unix ms (8 bytes), timer kind, its key    -> nothing
//	0x80 ULID (16 bytes)                           -> messageRow
//	0x81 unix ms (8 bytes), ULID (16 bytes)        -> nothing
//
// Numbers in keys are big-endian, so that 't' and 0x81 are in order of time: what is due next is the
// first row of one of them, and nothing has to be rebuilt when a channel wakes.
const (
	tableEntries  = "e"
	tableDedup    = "d"
	tableTimers   = "t"
	tableMessages = "\x80"
	tableExpiries = "\x81"
)

// The timer kinds: the table of the row that ends when the timer is due.
const (
	timerEntry byte = 'e'
	timerDedup byte = 'd'
)

func timerKey(due int64, kind byte, key string) string {
	b := make([]byte, 0, 10+len(key))
	b = append(b, tableTimers...)
	b = binary.BigEndian.AppendUint64(b, uint64(due))
	b = append(b, kind)
	return string(append(b, key...))
}

func messageKey(id ulid.ULID) string { return tableMessages + view(id[:]) }

func expiryKey(due int64, id ulid.ULID) string {
	b := make([]byte, 0, 25)
	b = append(b, tableExpiries...)
	b = binary.BigEndian.AppendUint64(b, uint64(due))
	return string(append(b, id[:]...))
}

// dueOf returns the time in a timer's or an expiry's key, in unix ms.
func dueOf(key string) (int64, error) {
	if len(key) < 9 {
		return 0, fmt.Errorf("timer row %q: %w", key, errRow)
	}
	var b [8]byte
	copy(b[:], key[1:])
	return int64(binary.BigEndian.Uint64(b[:])), nil
}

// splitTimer returns what a timer's key says.
func splitTimer(key string) (due int64, kind byte, of string, err error) {
	if len(key) < 10 {
		return 0, 0, "", fmt.Errorf("timer row %q: %w", key, errRow)
	}
	due, err = dueOf(key)
	return due, key[9], key[10:], err
}

// splitID returns the ULID that a message's or an expiry's key ends with.
func splitID(key string, before int) (id ulid.ULID, err error) {
	if len(key) != before+len(id) {
		return id, fmt.Errorf("message row %q: %w", key, errRow)
	}
	copy(id[:], key[before:])
	return id, nil
}

// rowVersion is the first byte of every value. A row of another version is a fault: it was written by a
// later program.
const rowVersion = 1

var errRow = errors.New("the row is not readable by this version")

// The flags of an entry.
const (
	flagEmit   = 1 << iota // backends are told when it expires
	flagNotify             // observers are told when it expires
)

// origin is what a row keeps of who wrote it: of the server, connectionID, uid and umd are empty.
type origin struct {
	uid          string
	umd          []byte // nil: null
	connectionID string
	trigger      Trigger
	sourceIP     string
	userAgent    string
	requestID    string
}

// An entryRow is one key of the channel's storage.
type entryRow struct {
	flags   byte
	version uint64 // the seq of its last change
	expires int64  // unix ms, 0: never
	data    []byte
	origin
}

// A messageRow is one stored message.
type messageRow struct {
	expires int64 // unix ms, 0: never
	event   string
	data    []byte // nil: null
	origin
}

// A dedupRow remembers the first message with a deduplication id.
type dedupRow struct {
	until int64 // unix ms
	id    ulid.ULID
}

// expired says whether something with this deadline is gone at a time: from its deadline on.
func expired(expires int64, at time.Time) bool { return expires != 0 && at.UnixMilli() >= expires }

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
	return appendBytes(b, r.id[:])
}

func decodeDedup(value []byte) (r dedupRow, err error) {
	d := decode(value)
	r.until = d.millis()
	if copy(r.id[:], d.bytes()) != len(r.id) {
		d.bad = true
	}
	return r, d.end("deduplication")
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
