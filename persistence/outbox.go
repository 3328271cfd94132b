package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// An Outbox holds the events for backends that were not handed over yet. They are written in the batch of
// what caused them, so that neither is there without the other.
type Outbox struct {
	s       *Store
	last    uint64        // the last id given; the commit goroutine owns it
	visible atomic.Uint64 // the last id whose commit is done
	floor   atomic.Uint64 // no event has this id or a lesser one
	length  atomic.Int64
	ready   chan struct{}
}

// An Event is one entry of the outbox.
type Event struct {
	ID    uint64 // in commit order; never used twice
	App   string
	Key   string // ordering key
	Value []byte
}

func openOutbox(s *Store) (*Outbox, error) {
	o := &Outbox{s: s, ready: make(chan struct{}, 1)}
	last, err := s.get([]byte(rowLastEvent))
	if err != nil || last == nil {
		return o, err
	}
	if len(last) != 8 {
		return nil, fmt.Errorf("%w: last event %x", ErrCorrupt, last)
	}
	o.last = binary.BigEndian.Uint64(last)
	o.visible.Store(o.last)
	it, err := o.iterator(0)
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		o.length.Add(1)
	}
	if o.length.Load() > 0 {
		o.ready <- struct{}{}
	}
	return o, errors.Join(it.Error(), it.Close())
}

func (o *Outbox) iterator(after uint64) (*pebble.Iterator, error) {
	return o.s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendEventKey(nil, after+1),
		UpperBound: appendEventKey(nil, o.visible.Load()+1),
	})
}

// number gives the events of turns their ids, in commit order, and adds them to the batch.
func (o *Outbox) number(b *pebble.Batch, turns []turn) {
	before := o.last
	var room [16]byte
	var body []byte
	for i := range turns {
		t := &turns[i]
		for _, w := range t.emits {
			o.last++
			body = append(appendString(appendString(body[:0], w.App), w.Key), w.Value...)
			must(b.Set(appendEventKey(room[:0], o.last), body, nil))
		}
		if len(t.emits) > 0 {
			t.event = o.last
		}
	}
	if o.last != before {
		o.length.Add(int64(o.last - before))
		must(b.Set([]byte(rowLastEvent), binary.BigEndian.AppendUint64(room[:0], o.last), nil))
	}
}

// open lets events up to id be seen.
func (o *Outbox) open(id uint64) {
	o.visible.Store(id)
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// Next lists up to limit events whose id is greater than after, in commit order. Only events whose commit
// is as durable as it asked to be are seen: none can be handed over and then be lost with its cause.
//
// Errors: ErrCorrupt, ErrClosed, or the disk's.
func (o *Outbox) Next(after uint64, limit int) ([]Event, error) {
	if err := o.s.alive(); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, nil
	}
	floor := o.floor.Load()
	it, err := o.iterator(max(after, floor))
	if err != nil {
		return nil, err
	}
	list, err := readEvents(it, limit)
	if err = errors.Join(err, it.Error(), it.Close()); err != nil {
		return nil, err
	}
	if after <= floor && len(list) > 0 {
		// Ids only grow, so that no event can come to be before the first one seen.
		o.floor.CompareAndSwap(floor, list[0].ID-1)
	}
	return list, nil
}

func readEvents(it *pebble.Iterator, limit int) (list []Event, err error) {
	for ok := it.First(); ok && len(list) < limit; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		e, err := decodeEvent(it.Key(), value)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func decodeEvent(key, value []byte) (Event, error) {
	k, v := decoder{b: key}, decoder{b: value}
	k.byte()
	e := Event{ID: k.uint64(), App: v.string(), Key: v.string()}
	if k.bad || len(k.b) > 0 || v.bad {
		return e, fmt.Errorf("%w: event %x", ErrCorrupt, key)
	}
	e.Value = append(make([]byte, 0, len(v.b)), v.b...)
	return e, nil
}

// Done forgets events that Next has listed, each once. It does not wait: a crash shortly after may bring
// them back, since hand-over is at least once.
func (o *Outbox) Done(ids ...uint64) {
	if len(ids) == 0 || o.s.alive() != nil {
		return
	}
	t := turn{batch: o.s.db.NewBatch(), dueAt: math.MaxInt64, durability: Async}
	for _, id := range ids {
		must(t.batch.Delete(appendEventKey(nil, id), nil))
	}
	t.bytes = t.batch.Len()
	o.length.Add(-int64(len(ids)))
	o.s.committer.add(t)
}

// Len is the number of events not yet done, those that Next does not show yet included.
func (o *Outbox) Len() int { return int(o.length.Load()) }

// Ready receives a value when Next may show more than before, and at first if the outbox is not empty. It
// holds one value: who reads it should take all there is.
func (o *Outbox) Ready() <-chan struct{} { return o.ready }

// Outbox is the store's queue of events for backends.
func (s *Store) Outbox() *Outbox { return s.outbox }
