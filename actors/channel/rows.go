package channel

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// The tables of a channel's rows. A row's key begins with its table. Tables below 0x80 are small and
// often rewritten: they go through the log and the snapshot of their actor. Those from 0x80 on grow
// without bound and are written once: they are written in place.
//
//	'e'  storage key                               -> entryRow
//	'd'  deduplication id                          -> dedupRow
//	'p'  uid                                       -> memberRow, of who was cut off lately
//	'h'  uid                                       -> hereRow, of who is here, if there is a grace
//	'c'                                            -> cachedRow, of a channel that keeps an event for those who come
//	'o'                                            -> ledgerRow, of a channel that is occupied; see ledger.go
//	'o'  uid                                       -> nothing but a version, of a member there
//	's'                                            -> how many schedules there are, a uvarint; none: no row
//	't'  unix ms (8 bytes), timer kind, its key    -> nothing
//	0x80 ULID (16 bytes)                           -> messageRow
//	0x81 unix ms (8 bytes), ULID (16 bytes)        -> the message's event
//	0x82 ULID (16 bytes)                           -> scheduleRow
//	0x83 ULID of a message, reaction, '#', uid     -> reactionRow
//	0x84 ULID of a message                         -> countsRow, if it has reactions
//	0x85 ULID of a message that is scheduled       -> nothing; if it was given out already
//	0x86 length of event (2 bytes), event, ULID    -> nothing, of each stored message
//	0xa0                                           -> the replay of a channel at rest, see replay.go
//
// Numbers in keys are big-endian, so that 't' and 0x81 are in order of time: what is due next is the
// first row of one of them, and nothing has to be rebuilt when a channel wakes.
const (
	tableEntries  = "e"
	tableDedup    = "d"
	tableTimers   = "t"
	tableMembers  = "p"
	tableHere     = "h"
	tableLedger   = "o"
	rowCached     = "c"
	tableMessages = "\x80"
	tableExpiries = "\x81"

	tableSchedules   = "\x82"
	rowScheduleCount = "s"
	// Of a message, what was reacted; both go with it.
	tableReactions = "\x83"
	tableCounts    = "\x84"
	tableEager     = "\x85"
	tableEvents    = "\x86"
	tableSeals     = "\xa0"
)

// The timer kinds: the table of the row that ends when the timer is due.
const (
	timerEntry byte = 'e'
	timerDedup byte = 'd'

	timerSchedule byte = 's' // its key is the schedule's id
	timerMember   byte = 'p'
	timerSeal     byte = 'z'
	timerCached   byte = 'c'
	timerLedger   byte = 'o'
)

// sealKey is the one row of its table.
const sealKey = tableSeals

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

// reactionKey is of one user's reaction. No reaction has a '#' in it.
func reactionKey(id ulid.ULID, reaction, uid string) string {
	return tableReactions + view(id[:]) + reaction + "#" + uid
}

// reactionPrefix and reactionEnd bound the reactions to a message.
func reactionPrefix(id ulid.ULID) string { return tableReactions + view(id[:]) }
func reactionEnd(id ulid.ULID) string {
	next := after(id)
	return tableReactions + view(next[:])
}

// splitReaction returns the reaction in its key.
func splitReaction(key string) (string, error) {
	head := len(tableReactions) + len(ulid.ULID{})
	if len(key) > head {
		if reaction, _, ok := strings.Cut(key[head:], "#"); ok {
			return reaction, nil
		}
	}
	return "", fmt.Errorf("reaction row %q: %w", key, errRow)
}

func countsKey(id ulid.ULID) string { return tableCounts + view(id[:]) }

// eventPrefix is what the keys of the messages with an event begin with. No event's is the beginning of
// another's.
func eventPrefix(event string) string { return view(eventPrefixBytes(event)) }

// eventPrefixBytes leaves room for an id.
func eventPrefixBytes(event string) []byte {
	b := make([]byte, 0, 3+len(event)+len(ulid.ULID{}))
	b = append(b, tableEvents...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(event)))
	return append(b, event...)
}

func eventKey(event string, id ulid.ULID) string {
	return view(append(eventPrefixBytes(event), id[:]...))
}

func eagerKey(id ulid.ULID) string { return tableEager + view(id[:]) }

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

// The flags of an entry, the first also of a reaction.
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
	until    int64     // unix ms
	id       ulid.ULID // zero: a schedule's message, which has none yet
	schedule ulid.ULID // zero: it was not scheduled
}

// A reactionRow is one user's reaction to one message.
type reactionRow struct {
	flags byte      // flagEmit: backends were told, and are told when it is removed
	id    ulid.ULID // when it was added, too
	origin
}

// A countsRow is what a message has of each reaction, in the order in which they were first added. By is
// not part of it.
type countsRow []ReactionCount

// expired says whether something with this deadline is gone at a time: from its deadline on.
func expired(expires int64, at time.Time) bool { return expires != 0 && at.UnixMilli() >= expires }
