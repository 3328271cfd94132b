package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// An Outbox holds the events for backends that were not handed over yet. They are written in the batch of
// what caused them, so that neither is there without the other.
//
// An event is one row, whoever is to have it. Where there are several endpoints, one that has the event
// while others do not leaves a mark beside it, so that after a restart it is not told again; the last one
// removes the row with its marks. So a lone endpoint never writes a mark, and the marks of several are as
// many as the events that a lagging one has still to get. Events that an endpoint never took are dead
// letters, in dead_letters.go.
type Outbox struct {
	s       *Store
	last    uint64        // the last id given; the commit goroutine owns it
	visible atomic.Uint64 // the last id whose commit is done
	floor   atomic.Uint64 // no event has this id or a lesser one
	length  atomic.Int64
	marked  atomic.Bool // there may be marks
	ready   chan struct{}

	burials sync.Mutex // held while letters are taken out
	dead    atomic.Int64
}

// An Event is one entry of the outbox.
type Event struct {
	ID    uint64 // in commit order; never used twice
	App   string
	Key   string // ordering key
	Value []byte
	Taken []string // endpoints that have it; nil: none
}

func openOutbox(s *Store) (*Outbox, error) {
	o := &Outbox{s: s, ready: make(chan struct{}, 1)}
	dead, err := o.count(spaceDead)
	if err != nil {
		return nil, err
	}
	o.dead.Store(dead)
	last, err := s.get([]byte(rowLastEvent))
	if err != nil || last == nil {
		return o, err
	}
	if len(last) != 8 {
		return nil, fmt.Errorf("%w: last event %x", ErrCorrupt, last)
	}
	o.last = binary.BigEndian.Uint64(last)
	o.visible.Store(o.last)
	length, err := o.count(spaceEvent)
	if err != nil {
		return nil, err
	}
	marks, err := o.count(spaceTaken)
	if err != nil {
		return nil, err
	}
	o.length.Store(length)
	o.marked.Store(marks > 0)
	if length > 0 {
		o.ready <- struct{}{}
	}
	return o, nil
}

func (o *Outbox) count(space byte) (n int64, err error) {
	it, err := o.s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{space}, UpperBound: []byte{space + 1}})
	if err != nil {
		return 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		n++
	}
	return n, errors.Join(it.Error(), it.Close())
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
	if err := o.readMarks(list); err != nil {
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

// readMarks says of each event who has it.
func (o *Outbox) readMarks(list []Event) error {
	if len(list) == 0 || !o.marked.Load() {
		return nil
	}
	it, err := o.s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendEndpointKey(nil, spaceTaken, list[0].ID, ""),
		UpperBound: appendEndpointKey(nil, spaceTaken, list[len(list)-1].ID+1, ""),
	})
	if err != nil {
		return err
	}
	i := 0
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		var id uint64
		var endpoint string
		id, endpoint, err = splitEndpointKey(it.Key())
		for i < len(list) && list[i].ID < id {
			i++
		}
		if i < len(list) && list[i].ID == id {
			list[i].Taken = append(list[i].Taken, endpoint)
		}
	}
	return errors.Join(err, it.Error(), it.Close())
}

// A Settlement is what has become of events that Next has listed.
type Settlement struct {
	Done  []uint64     // every endpoint has these, or will never: they are forgotten. Each once
	Taken []Taken      // one endpoint has these
	Dead  []DeadLetter // one endpoint has given up these, which are in Done or Taken too
	// Names are the endpoints that may have left marks on what is done.
	Names []string
}

// Taken says that an endpoint has an event which others do not have yet.
type Taken struct {
	ID       uint64
	Endpoint string
}

// Settle takes note of a settlement, all or nothing. It does not wait: a crash shortly after may bring
// events back, since hand-over is at least once; a dead letter is never without its settlement.
func (o *Outbox) Settle(x Settlement) {
	if len(x.Done)+len(x.Taken) == 0 || o.s.alive() != nil {
		return
	}
	t := turn{batch: o.s.db.NewBatch(), dueAt: math.MaxInt64, durability: Async}
	var room [64]byte
	if len(x.Taken) > 0 {
		o.marked.Store(true)
	}
	for _, m := range x.Taken {
		must(t.batch.Set(appendEndpointKey(room[:0], spaceTaken, m.ID, m.Endpoint), nil, nil))
	}
	for _, id := range x.Done {
		must(t.batch.Delete(appendEventKey(room[:0], id), nil))
		if !o.marked.Load() {
			continue
		}
		for _, name := range x.Names {
			must(t.batch.Delete(appendEndpointKey(room[:0], spaceTaken, id, name), nil))
		}
	}
	for i := range x.Dead {
		d := &x.Dead[i]
		must(t.batch.Set(appendEndpointKey(room[:0], spaceDead, d.ID, d.Endpoint), d.encode(), nil))
	}
	t.bytes = t.batch.Len()
	o.length.Add(-int64(len(x.Done)))
	o.dead.Add(int64(len(x.Dead)))
	o.s.committer.add(t)
}

// Done is Settle of events that are done.
func (o *Outbox) Done(ids ...uint64) { o.Settle(Settlement{Done: ids}) }

// Len is the number of events not yet done, those that Next does not show yet included.
func (o *Outbox) Len() int { return int(o.length.Load()) }

// Last is the greatest id that Next shows, of an event that may be done by now.
func (o *Outbox) Last() uint64 { return o.visible.Load() }

// Ready receives a value when Next may show more than before, and at first if the outbox is not empty. It
// holds one value: who reads it should take all there is.
func (o *Outbox) Ready() <-chan struct{} { return o.ready }

// Outbox is the store's queue of events for backends.
func (s *Store) Outbox() *Outbox { return s.outbox }
