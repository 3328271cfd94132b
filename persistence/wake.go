package persistence

import (
	"bytes"
	"fmt"
	"slices"
	"unsafe"

	"github.com/cockroachdb/pebble/v2"
)

// Rows wakes the rows of one actor. Nothing is made on disk before their first Commit. At most one Rows
// of an address may be awake at a time; who calls this sees to that. It reads the disk, and waits for the
// commits of an earlier Rows of the same address to be readable.
//
// The cost is one look-up of the name and one stretch of reading: meta, the living entries, and the rows
// if they are small. It does not grow with the number of rows of a big actor.
//
// Errors: ErrInvalid, ErrCorrupt, ErrClosed, or the disk's.
func (s *Store) Rows(a Address) (*Rows, error) {
	if err := a.validate(); err != nil {
		return nil, err
	}
	if err := s.alive(); err != nil {
		return nil, err
	}
	if err := s.awaitLeaver(a); err != nil {
		return nil, err
	}
	r := &Rows{s: s, address: a, whole: true}
	id, err := s.lookUp(a)
	if err == nil && id != 0 {
		r.id, r.created = id, true
		err = r.load()
	}
	if err != nil {
		return nil, fmt.Errorf("wake %v: %w", a, err)
	}
	return r, nil
}

// load reads the actor from its range.
func (r *Rows) load() error {
	var low, high [actorHead + 2]byte
	it, err := r.s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendMetaKey(low[:0], r.id),
		UpperBound: append(append(appendActor(high[:0], r.id), partRow), Direct),
	})
	if err != nil {
		return err
	}
	err = r.loadFrom(it)
	if closed := it.Close(); err == nil {
		err = closed
	}
	return err
}

func (r *Rows) loadFrom(it *pebble.Iterator) error {
	m, err := readMeta(it, r.id)
	if err != nil {
		return err
	}
	if m.address != r.address {
		return fmt.Errorf("%w: id %d belongs to %v", ErrCorrupt, r.id, m.address)
	}
	r.epoch, r.seq, r.snapshot, r.due, r.size = m.epoch, m.snapshot, m.snapshot, m.due, m.size
	err = readEntries(it, r.id, m.snapshot, func(e *entry, length int) error {
		r.seq += e.changes
		r.due, r.size = e.due, e.size
		r.tail += length
		e.body = slices.Clone(e.body)
		return e.each(r.replay)
	})
	if err != nil {
		return err
	}
	r.sealed, r.dueDisk = r.seq, r.due
	r.whole = r.size <= uint64(r.s.o.ResidentBytes)
	if !r.whole {
		return it.Error()
	}
	return r.loadRows(it)
}

// replay brings back one write of an entry. A row may lie beneath it; loadRows finds out. key and value are
// kept, and with them their entry: what stays for a row that has changed since is bounded by the tail.
func (r *Rows) replay(seq uint64, op Op, key, value []byte) {
	w := row{value: value, mark: seq<<rowShift | rowStored}
	if op == Delete {
		w = row{mark: w.mark | rowGone}
	}
	r.rows.Set(view(key), w)
}

// view returns b as a string that shares its memory. b must never change.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// loadRows reads the logged rows beneath the entries.
func (r *Rows) loadRows(it *pebble.Iterator) error {
	for ; it.Valid(); it.Next() {
		_, part, key, err := splitActorKey(it.Key())
		if err != nil {
			return err
		}
		if part != partRow {
			return fmt.Errorf("%w: key %x lies among the rows", ErrCorrupt, it.Key())
		}
		if _, newer := r.rows.Get(view(key)); newer {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		kept := append(append(make([]byte, 0, len(key)+len(value)), key...), value...)
		r.rows.Set(view(kept[:len(key)]), row{value: kept[len(key):]})
	}
	return it.Error()
}

// readMeta positions it, which is bounded to the actor id, at the meta and reads it.
func readMeta(it *pebble.Iterator, id uint64) (m meta, err error) {
	var room [actorHead + 1]byte
	key := appendMetaKey(room[:0], id)
	if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
		if err := it.Error(); err != nil {
			return m, err
		}
		return m, fmt.Errorf("%w: id %d has no meta", ErrCorrupt, id)
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return m, err
	}
	return decodeMeta(value)
}

// readEntries visits the living entries of the actor id and leaves it behind the last of them. A hole in
// their numbers is an error: what is missing was said to be on disk.
func readEntries(it *pebble.Iterator, id, snapshot uint64, visit func(e *entry, length int) error) error {
	var room [actorHead + 9]byte
	last := snapshot
	ended := false
	for ok := it.SeekGE(appendEntryKey(room[:0], id, snapshot+1)); ok; ok = it.Next() {
		_, part, rest, err := splitActorKey(it.Key())
		if err != nil || part != partEntry {
			return err
		}
		d := decoder{b: rest}
		first := d.uint64()
		if d.bad || len(d.b) > 0 || first != last+1 || ended {
			return fmt.Errorf("%w: entry %d follows change %d", ErrCorrupt, first, last)
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		e, err := openEntry(first, value)
		if err != nil {
			return err
		}
		if err := visit(&e, len(e.body)+entryFloor); err != nil {
			return err
		}
		last += e.changes
		ended = e.changes == 0
	}
	return it.Error()
}
