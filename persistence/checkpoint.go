package persistence

import "github.com/cockroachdb/pebble/v2"

// A checkpoint writes the rows that changed since the last one to their places, and removes the entries
// that carried those changes, in the batch of the turn that made it due. That turn then needs no entry of
// its own. Only changed rows are written, so it can never cost more than the entries did; it costs less
// the more often the same rows change.
//
// The obvious way, to write the state as one value, costs as much as the state is big, for every
// checkpoint; and an actor of 100,000 rows would have to be read whole to wake it.

// checkpointDue says whether a tail of living entries is long enough. A tail as long as the state is big
// lets a hot row be written once for many changes; beyond a few times the least it would be felt when the
// actor wakes, since all of it is read then.
func (r *Rows) checkpointDue(tail int) bool {
	least := uint64(r.s.o.CheckpointBytes)
	if r.frozen != nil || uint64(tail) < least {
		return false
	}
	return uint64(tail) >= min(max(least, r.size), maxTail*least)
}

// maxTail bounds the tail, in units of Options.CheckpointBytes.
const maxTail = 4

func (r *Rows) checkpoint(b *pebble.Batch) {
	var room, roomEnd [64]byte
	var gone []string
	r.rows.Scan(func(key string, w row) bool {
		if w.number() <= r.snapshot {
			if w.gone() {
				gone = append(gone, key)
			}
			return true
		}
		k := appendRowKey(room[:0], r.id, key)
		switch {
		case !w.gone():
			must(b.Set(k, w.value, nil))
		default:
			must(b.Delete(k, nil))
			gone = append(gone, key)
		}
		return true
	})
	if r.sealed > r.snapshot || r.tail > 0 {
		// One more than was sealed: a due time alone may have left an entry there.
		from, to := appendEntryKey(room[:0], r.id, r.snapshot+1), appendEntryKey(roomEnd[:0], r.id, r.seq+2)
		must(b.DeleteRange(from, to, nil))
	}
	r.snapshot, r.sealed, r.tail = r.seq, r.seq, 0
	r.writeMeta(b, r.size)

	switch {
	case r.whole && r.size <= uint64(r.s.o.ResidentBytes):
		for _, key := range gone {
			r.rows.Delete(key)
		}
		if len(gone) > 0 {
			r.forgotten = r.ticket + 1
		}
		return
	case r.whole && r.applied.Load() < r.forgotten:
		// Too big to be held, but the disk may still show rows that an earlier checkpoint removes, and
		// nothing in memory would hide them: the next checkpoint comes soon.
		return
	}
	// Too big to be held: read from the disk as soon as this commit is there.
	held := r.rows
	r.frozen, r.frozenTicket = &held, r.ticket+1
	r.rows, r.whole = table{}, false
}
