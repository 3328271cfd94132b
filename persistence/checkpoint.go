package persistence

import (
	"math"

	"github.com/cockroachdb/pebble/v2"
)

// A checkpoint writes the rows that changed since the last one to their places, and removes the entries
// that carried those changes, in the batch of the turn that made it due. That turn then needs no entry of
// its own. Only changed rows are written, so it can never cost more than the entries did; it costs less
// the more often the same rows change.
//
// The obvious way, to write the state as one value, costs as much as the state is big, for every
// checkpoint; and an actor of 100,000 rows would have to be read whole to wake it.

// checkpointDue says whether a tail of living entries is long enough. A long tail lets a hot row be written
// once for many changes, and is felt when the actor wakes, since all of it is read then. A tail as long as
// the state of a big actor was tried: where many rows change there is little to be saved by it, and four
// times the least made a wake three times as dear.
func (r *Rows) checkpointDue(tail int) bool {
	return r.frozen == nil && tail >= r.s.o.CheckpointBytes
}

// tidy leaves a checkpoint behind if that makes the next wake much cheaper, in a commit of its own, which
// nobody waits for: without it there are the entries. An actor that is held whole reads its rows when it
// wakes, and gains if its tail is much longer than they are; any other gains the tail.
func (r *Rows) tidy() {
	if r.tail < max(r.s.o.CheckpointBytes/tidyTail, 1) || r.whole && uint64(r.tail) < 2*r.size {
		return
	}
	if r.turn != nil || r.frozen != nil || r.s.Congested() || r.s.writable() != nil {
		return
	}
	t := r.begin()
	r.checkpoint(t.batch)
	r.ticket++
	r.turn = nil
	r.s.committer.add(turn{
		batch: t.batch, rows: r, ticket: r.ticket, dueAt: math.MaxInt64, durability: None, bytes: t.batch.Len(),
	})
	t.recycle()
}

// tidyTail is the share of Options.CheckpointBytes from which a tail is long for an actor at rest.
const tidyTail = 16

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
