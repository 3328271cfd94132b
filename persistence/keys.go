package persistence

import (
	"encoding/binary"
	"fmt"
)

// The layout of the store, in full. Numbers are big-endian, so that bytes sort as numbers do; lengths
// are uvarints before the part they measure, so that any bytes are legal in any name.
//
//	!name                                    → one of the store's own rows
//	a id/8 01                                → meta: address, epoch, number and size at the last checkpoint
//	a id/8 02 seq/8                          → write-ahead entry: one turn, from change seq on
//	a id/8 03 key                            → row; logged if key's first byte is below 0x80, else direct
//	d at/8 id/8                              → address; the one time at which the actor is due
//	e event/8                                → event in the outbox
//	l len app key                            → listing
//	n len app len kind name                  → id/8
//	o event/8 endpoint                       → nothing; this endpoint has the event, others do not yet
//	q event/8 endpoint                       → dead letter: an event that an endpoint never took
//	r len app kind id                        → at/8 until/8; a revocation, of a jti (kind j) or a uid (u)
//	s len app id                             → until/8; a spent id
//	x until/8 len app id                     → nothing; spent ids by time
//
// All of an actor is the one range from "a id" to "a id+1". Meta comes first and entries before rows, so
// that waking reads one stretch forwards: meta, then a jump over covered entries to the first living one,
// then, if the state is small, straight on through the logged rows. Direct rows lie behind all of that.
const (
	spaceStore    = '!'
	spaceActor    = 'a'
	spaceDue      = 'd'
	spaceEvent    = 'e'
	spaceListing  = 'l'
	spaceName     = 'n'
	spaceTaken    = 'o'
	spaceDead     = 'q'
	spaceRevoked  = 'r'
	spaceSpent    = 's'
	spaceSpentEnd = 'x'
)

// The parts of an actor's range.
const (
	partMeta  = 1
	partEntry = 2
	partRow   = 3
)

// The store's own rows.
const (
	rowFormat     = "!format"     // uvarint, formatVersion
	rowGeneration = "!generation" // 8 bytes; mixed into every epoch, new after a restore
	rowClock      = "!clock"      // 8 bytes, ns; see clock.go
	rowLastEvent  = "!last-event" // 8 bytes; ids of events are never used twice
)

// actorHead is the length of what every key of an actor begins with.
const actorHead = 1 + 8

func appendActor(b []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, spaceActor), id)
}

func appendMetaKey(b []byte, id uint64) []byte { return append(appendActor(b, id), partMeta) }

func appendEntryKey(b []byte, id, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(append(appendActor(b, id), partEntry), seq)
}

func appendRowKey(b []byte, id uint64, key string) []byte {
	return append(append(appendActor(b, id), partRow), key...)
}

// splitActorKey takes a key of the actors' space apart. rest is what follows the part.
func splitActorKey(k []byte) (id uint64, part byte, rest []byte, err error) {
	if len(k) < actorHead+1 || k[0] != spaceActor {
		return 0, 0, nil, fmt.Errorf("%w: key %x is no actor's", ErrCorrupt, k)
	}
	return binary.BigEndian.Uint64(k[1:]), k[actorHead], k[actorHead+1:], nil
}

func appendDueKey(b []byte, at int64, id uint64) []byte {
	b = appendTime(append(b, spaceDue), at)
	return binary.BigEndian.AppendUint64(b, id)
}

func splitDueKey(k []byte) (at int64, id uint64, err error) {
	if len(k) != 1+8+8 || k[0] != spaceDue {
		return 0, 0, fmt.Errorf("%w: key %x is no due time", ErrCorrupt, k)
	}
	return decodeTime(k[1:]), binary.BigEndian.Uint64(k[9:]), nil
}

func appendEventKey(b []byte, id uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, spaceEvent), id)
}

func appendListingKey(b []byte, app, key string) []byte {
	return append(appendString(append(b, spaceListing), app), key...)
}

// appendEndpointKey makes the key of what one endpoint has to do with one event, in spaceTaken or spaceDead.
func appendEndpointKey(b []byte, space byte, event uint64, endpoint string) []byte {
	return append(binary.BigEndian.AppendUint64(append(b, space), event), endpoint...)
}

// splitEndpointKey takes such a key apart.
func splitEndpointKey(k []byte) (event uint64, endpoint string, err error) {
	if len(k) < 1+8+1 {
		return 0, "", fmt.Errorf("%w: key %x names no event and endpoint", ErrCorrupt, k)
	}
	return binary.BigEndian.Uint64(k[1:]), string(k[9:]), nil
}

func appendNames(b []byte, app, kind string) []byte {
	return appendString(appendString(append(b, spaceName), app), kind)
}

func appendNameKey(b []byte, a Address) []byte {
	return append(appendNames(b, a.App, a.Kind), a.Name...)
}

func splitNameKey(k []byte) (a Address, err error) {
	d := decoder{b: k}
	if d.byte() != spaceName {
		d.bad = true
	}
	a.App, a.Kind = d.string(), d.string()
	a.Name = string(d.b)
	if d.bad {
		return Address{}, fmt.Errorf("%w: key %x is no name", ErrCorrupt, k)
	}
	return a, nil
}

func appendSpentKey(b []byte, app, id string) []byte {
	return append(appendString(append(b, spaceSpent), app), id...)
}

func appendSpentEndKey(b []byte, until int64, app, id string) []byte {
	b = appendTime(append(b, spaceSpentEnd), until)
	return append(appendString(b, app), id...)
}

// appendTime writes nanoseconds since 1970 so that bytes sort as times do, before 1970 too.
func appendTime(b []byte, at int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(at)^1<<63)
}

func decodeTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// afterPrefix returns the least key greater than every key that begins with prefix, which must not be all 0xff.
func afterPrefix(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := append([]byte(nil), prefix[:i+1]...)
			end[i]++
			return end
		}
	}
	panic("persistence: no key follows this prefix")
}
