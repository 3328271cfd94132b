package channel

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
)

// The flags of a schedule.
const (
	scheduledSet    = 1 << iota // it writes an entry; else it publishes a message
	scheduledServer             // by the server
	scheduledEmit               // backends are told
	scheduledEcho               // of a message: its connection reads it too
	scheduledNotify             // of an entry: observers are told when it expires
)

// A scheduleRow is an operation that waits for its time, with everything that it needs then.
type scheduleRow struct {
	flags                byte
	due, created         int64 // unix ms
	store                int64 // seconds from when it is done; 0: not stored; -1: for ever
	name                 string
	expression, timezone string
	messageID            ulid.ULID // zero: given when it is done
	origin
	data []byte // nil: null
}

func (r *scheduleRow) has(flag byte) bool { return r.flags&flag != 0 }

func (r *scheduleRow) set(flag byte, on bool) {
	if on {
		r.flags |= flag
	}
}

func scheduleKey(id ulid.ULID) string { return tableSchedules + view(id[:]) }

// listingKey is a schedule's key among the app's listings. 's' is their table.
func listingKey(id ulid.ULID) string { return ScheduleListing + string(id[:]) }

func splitScheduleTimer(timer string) (due int64, id ulid.ULID, err error) {
	due, _, of, err := splitTimer(timer)
	if err == nil && len(of) != len(id) {
		err = fmt.Errorf("timer row %q: %w", timer, errRow)
	}
	copy(id[:], of)
	return due, id, err
}

func (r *scheduleRow) encode() []byte {
	b := r.head(make([]byte, 0, 128+len(r.data)+len(r.umd)))
	b = binary.AppendUvarint(b, uint64(r.store+1)) // -1 is one, too
	if r.messageID.IsZero() {
		b = appendBytes(b, "")
	} else {
		b = appendBytes(b, r.messageID[:])
	}
	b = r.origin.append(b)
	return appendBytes(b, r.data)
}

// head is what a row and a listing begin with.
func (r *scheduleRow) head(b []byte) []byte {
	b = append(b, rowVersion, r.flags)
	b = binary.AppendUvarint(b, uint64(r.due))
	b = binary.AppendUvarint(b, uint64(r.created))
	b = appendBytes(b, r.name)
	b = appendBytes(b, r.expression)
	return appendBytes(b, r.timezone)
}

func (d *decoder) scheduleHead() (r scheduleRow) {
	r.flags = d.byte()
	r.due = d.millis()
	r.created = d.millis()
	r.name = view(d.bytes())
	r.expression = view(d.bytes())
	r.timezone = view(d.bytes())
	return r
}

func decodeSchedule(value []byte) (scheduleRow, error) {
	d := decode(value)
	r := d.scheduleHead()
	r.store = d.millis() - 1
	if id := d.bytes(); copy(r.messageID[:], id) != len(id) || len(id)%len(r.messageID) != 0 {
		d.bad = true
	}
	r.origin = d.origin()
	r.data = d.bytes()
	return r, d.end("schedule")
}

// summary is a schedule's listing.
func (r *scheduleRow) summary(channel string) []byte {
	return appendBytes(r.head(make([]byte, 0, 96+len(channel))), channel)
}

func (r *scheduleRow) info(id ulid.ULID, channel string) ScheduleInfo {
	info := ScheduleInfo{
		ID: id, Channel: channel, Event: r.name, Due: unixMilli(r.due), CreatedAt: unixMilli(r.created),
		Expression: r.expression, Timezone: r.timezone, Store: r.store, Data: r.data,
	}
	if r.has(scheduledSet) {
		info.Event, info.Key = "", r.name
	}
	if !r.has(scheduledServer) {
		info.Meta = &Meta{UID: r.uid, UMD: r.umd}
	}
	return info
}

// ScheduleListing is what the keys of schedules begin with among an app's listings; then comes the 16 bytes of
// the schedule's id.
const ScheduleListing = "s"

// ListedSchedule reads a schedule's listing: everything but Store, Data and Meta.
//
// Errors: one that is not readable by this version.
func ListedSchedule(key string, value []byte) (*ScheduleInfo, error) {
	id, err := splitID(key, len(ScheduleListing))
	if err != nil {
		return nil, err
	}
	d := decode(value)
	r := d.scheduleHead()
	channel := view(d.bytes())
	if err := d.end("schedule listing"); err != nil {
		return nil, err
	}
	info := r.info(id, channel)
	info.Meta, info.Store = nil, 0
	return &info, nil
}

// A ScheduleInfo is one schedule as an asker reads it.
type ScheduleInfo struct {
	ID                   ulid.ULID
	Channel              string
	Event                string    // of a message; empty: it writes an entry
	Key                  string    // of an entry
	Due                  time.Time // next
	CreatedAt            time.Time
	Expression, Timezone string // as they were written
	Store                int64
	Data                 []byte // one compact JSON value; nil: null
	Meta                 *Meta  // nil: by the server
}
