package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// A DeadLetter is an event that an endpoint has not taken in all the time that it was given. It is kept
// until somebody replays or drops it, or until there are too many.
type DeadLetter struct {
	ID       uint64 // of the event; an event may have a letter for each endpoint
	Endpoint string
	App, Key string
	Value    []byte
	Reason   string // why the last attempt failed
	Attempts int    // since the last start of the server
	At       time.Time
}

const deadVersion = 1

func (d *DeadLetter) encode() []byte {
	b := make([]byte, 0, 32+len(d.App)+len(d.Key)+len(d.Reason)+len(d.Value))
	b = append(b, deadVersion)
	b = appendTime(b, nanosOf(d.At))
	b = binary.AppendUvarint(b, uint64(d.Attempts))
	b = appendString(appendString(appendString(b, d.App), d.Key), d.Reason)
	return append(b, d.Value...)
}

func decodeDeadLetter(key, value []byte) (d DeadLetter, err error) {
	if d.ID, d.Endpoint, err = splitEndpointKey(key); err != nil {
		return d, err
	}
	v := decoder{b: value}
	if v.byte() != deadVersion {
		v.bad = true
	}
	if at := v.take(8); at != nil {
		d.At = timeOf(decodeTime(at))
	}
	d.Attempts = int(v.uvarint())
	d.App, d.Key, d.Reason = v.string(), v.string(), v.string()
	if v.bad {
		return d, fmt.Errorf("%w: dead letter %x", ErrCorrupt, key)
	}
	d.Value = append([]byte(nil), v.b...)
	return d, nil
}

// DeadLen is the number of dead letters.
func (o *Outbox) DeadLen() int { return int(o.dead.Load()) }

// Dead lists up to limit dead letters behind the one of event after at endpoint, in order of their events
// and endpoints; 0 and "" are before the first.
//
// Errors: ErrCorrupt, ErrClosed, or the disk's.
func (o *Outbox) Dead(after uint64, endpoint string, limit int) (list []DeadLetter, err error) {
	if err := o.s.alive(); err != nil {
		return nil, err
	}
	it, err := o.s.db.NewIter(&pebble.IterOptions{
		LowerBound: append(appendEndpointKey(nil, spaceDead, after, endpoint), 0),
		UpperBound: []byte{spaceDead + 1},
	})
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok && len(list) < limit && err == nil; ok = it.Next() {
		var value []byte
		var d DeadLetter
		if value, err = it.ValueAndErr(); err == nil {
			d, err = decodeDeadLetter(it.Key(), value)
		}
		list = append(list, d)
	}
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return nil, err
	}
	return list, nil
}

// Letter returns the dead letter of event id at endpoint; ok is false if there is none.
//
// Errors: as of Dead.
func (o *Outbox) Letter(id uint64, endpoint string) (d DeadLetter, ok bool, err error) {
	if err := o.s.alive(); err != nil {
		return d, false, err
	}
	key := appendEndpointKey(nil, spaceDead, id, endpoint)
	value, err := o.s.get(key)
	if err != nil || value == nil {
		return d, false, err
	}
	d, err = decodeDeadLetter(key, value)
	return d, err == nil, err
}

// Remove takes dead letters out, and queues again, as new events at the end, the writes of kind Emit that
// come with them, all or none. It returns how many letters there were, once that is durable. Two calls at
// once do not count a letter twice.
//
// Errors: ErrReadOnly, ErrClosed, or the disk's.
func (o *Outbox) Remove(letters []Taken, again []Write) (n int, err error) {
	o.burials.Lock()
	defer o.burials.Unlock()
	if err := o.s.writable(); err != nil {
		return 0, err
	}
	t := turn{batch: o.s.db.NewBatch(), durability: Sync, emits: again}
	for i, l := range letters {
		key := appendEndpointKey(nil, spaceDead, l.ID, l.Endpoint)
		value, err := o.s.get(key)
		if err != nil {
			return 0, errors.Join(err, t.batch.Close())
		}
		if value == nil {
			if again != nil {
				t.emits[i].Op = 0 // gone meanwhile
			}
			continue
		}
		n++
		must(t.batch.Delete(key, nil))
	}
	kept := t.emits[:0]
	for _, w := range t.emits {
		if w.Op == Emit {
			must(w.validate(false))
			kept = append(kept, w)
			t.bytes += w.Size()
		}
	}
	t.emits = kept
	t.bytes += t.batch.Len()
	if err := o.s.commitAndWait(t); err != nil {
		return 0, err
	}
	o.dead.Add(-int64(n))
	return n, nil
}

// commitAndWait returns when t is durable.
//
// Errors: ErrClosed.
func (s *Store) commitAndWait(t turn) error {
	done := make(chan struct{})
	t.dueAt, t.done = math.MaxInt64, func() { close(done) }
	s.committer.add(t)
	select {
	case <-done:
		return nil
	case <-s.dead:
	case <-s.committer.done:
	}
	return ErrClosed
}
