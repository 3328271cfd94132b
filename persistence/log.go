package persistence

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// A write-ahead entry is one turn of an actor: the changes that its commands made to logged rows, in order,
// each change apart from the next, so that a reader can follow the actor change by change.
//
//	version/1 crc/4 changes, due, size
//	per change: writes; per write: op/1, key [, value]
//
// Counts and lengths are uvarints. crc is CRC-32C over the number of the first change (which is in the
// key) and all that follows the crc: an entry under a wrong number does not pass. due is the actor's due
// time after the turn in ns, zero for none; size is what its logged rows measure after it. A change whose
// writes were all to direct rows, events or spent ids is there, with no writes in it.
const entryVersion = 1

// entryRoom is what a log leaves in front for an entry's head.
const entryRoom = 1 + 4 + 3*binary.MaxVarintLen64

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendLogged adds one write of a change to an entry's body.
func appendLogged(b []byte, w Write) []byte {
	b = appendString(append(b, byte(w.Op)), w.Key)
	if w.Op == Put {
		b = append(binary.AppendUvarint(b, uint64(len(w.Value))), w.Value...)
	}
	return b
}

// sealEntry writes the head in front of the body, which is log[entryRoom:], and returns the entry.
func sealEntry(log []byte, first, changes uint64, due int64, size uint64) []byte {
	var room [entryRoom]byte
	head := append(room[:0], entryVersion, 0, 0, 0, 0)
	head = binary.AppendUvarint(head, changes)
	head = binary.AppendUvarint(head, uint64(due))
	head = binary.AppendUvarint(head, size)
	entry := log[entryRoom-len(head):]
	copy(entry, head)
	binary.BigEndian.PutUint32(entry[1:], checksum(first, entry[5:]))
	return entry
}

// checksum is the CRC of first, as eight bytes big-endian, and of b behind it. The eight go through the table one by
// one: handed to the library they would have to be memory of their own, for each turn.
func checksum(first uint64, b []byte) uint32 {
	sum := ^uint32(0)
	for shift := 56; shift >= 0; shift -= 8 {
		sum = castagnoli[byte(sum)^byte(first>>shift)] ^ sum>>8
	}
	return crc32.Update(^sum, castagnoli, b)
}

// An entry is a write-ahead entry, opened.
type entry struct {
	first   uint64 // number of the first change
	changes uint64 // at least one, except in the last entry of an actor: a new due time alone
	due     int64
	size    uint64
	body    []byte
}

// openEntry checks an entry and reads its head. It keeps a part of value.
func openEntry(first uint64, value []byte) (e entry, err error) {
	d := decoder{b: value}
	if v := d.byte(); v != entryVersion {
		return e, fmt.Errorf("%w: entry %d has version %d", ErrCorrupt, first, v)
	}
	sum := d.uint32()
	if d.bad || sum != checksum(first, d.b) {
		return e, fmt.Errorf("%w: entry %d has a wrong checksum", ErrCorrupt, first)
	}
	e = entry{first: first, changes: d.uvarint(), due: int64(d.uvarint()), size: d.uvarint(), body: d.b}
	if d.bad {
		return e, fmt.Errorf("%w: entry %d has no whole head", ErrCorrupt, first)
	}
	return e, nil
}

// each visits the entry's writes in order. key and value are parts of the entry.
func (e *entry) each(visit func(seq uint64, op Op, key, value []byte)) error {
	d := decoder{b: e.body}
	for n := range e.changes {
		writes := d.uvarint()
		if d.bad {
			break
		}
		for range writes {
			op, key := Op(d.byte()), d.bytes()
			var value []byte
			if op == Put {
				value = d.bytes()
			}
			if d.bad || len(key) == 0 || op != Put && op != Delete {
				return fmt.Errorf("%w: entry %d does not decode", ErrCorrupt, e.first)
			}
			visit(e.first+n, op, key, value)
		}
	}
	if d.bad || len(d.b) != 0 {
		return fmt.Errorf("%w: entry %d does not decode", ErrCorrupt, e.first)
	}
	return nil
}
