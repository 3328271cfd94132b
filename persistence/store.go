// Package persistence is what outlives the process.
package persistence

import (
	"time"
)

// A Store is one data folder, opened.
type Store struct{ o Options }

// Open opens the data folder o.Dir, making it if it does not exist.
//
// Errors: ErrInvalid, ErrInUse, ErrNewerFormat, ErrNotDataFolder, ErrCorrupt, or the disk's.
func Open(o Options) (*Store, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	return &Store{o: o}, nil
}

// Close makes durable all that was committed, runs the callbacks that are due, ends every goroutine of
// the store and releases the folder. Nothing may be committed during or after it.
func (s *Store) Close() error { return nil }

// Rows wakes the rows of one actor. Nothing is made on disk before their first Commit. At most one Rows
// of an address may be awake at a time; who calls this sees to that.
//
// Errors: ErrInvalid, ErrCorrupt, ErrClosed, or the disk's.
func (s *Store) Rows(a Address) (*Rows, error) { return nil, ErrClosed }

// Commit hands over writes that belong to no actor: only Spend and Emit. done, which may be nil, runs as
// for Rows.Commit. A write of another kind panics.
func (s *Store) Commit(w []Write, d Durability, done func()) {}

// Congested says whether more than Options.QueueBytes are handed over and not yet done. Commit accepts
// all the same, since actors never block; whoever reads from sockets should stop reading.
func (s *Store) Congested() bool { return false }

// Due visits the actors that are due at or before until, in order of time, until visit returns false.
// An actor stays due, and is visited again, until a commit of its own has changed its due time.
func (s *Store) Due(until time.Time, visit func(at time.Time, a Address) bool) error { return nil }

// Addresses lists up to limit known actors of app and kind whose name is greater than after, in byte
// order of their names. Every name is greater than after == "" but the empty name, which is listed then
// too.
func (s *Store) Addresses(app, kind, after string, limit int) ([]Address, error) { return nil, nil }

// Health says how the disk is.
func (s *Store) Health() Health { return Health{} }

// A Health is the last reading of the disk.
type Health struct {
	ReadOnly  bool
	Reason    string // why it is read-only, in a sentence
	DiskUsed  uint64 // bytes; both zero where the file system does not say
	DiskTotal uint64
	At        time.Time
}

// Checkpoint writes a backup of the whole store, as it is at one moment, into the new folder dir, while
// the store goes on.
func (s *Store) Checkpoint(dir string) error { return nil }

// ClockFloor is the highest time that NoteClock had made safe when the store was last open.
func (s *Store) ClockFloor() time.Time { return time.Time{} }

// NoteClock makes sure that ClockFloor will be at least t after any crash. Call it before an id made of
// t is handed out.
func (s *Store) NoteClock(t time.Time) error { return nil }

// Outbox is the store's queue of events for backends.
func (s *Store) Outbox() *Outbox { return nil }

// Outbox holds events until a courier has handed them over.
type Outbox struct{}

// An Event is one entry of the outbox.
type Event struct {
	ID    uint64 // in commit order; never used twice
	App   string
	Key   string // ordering key
	Value []byte
}

// Next lists up to limit events whose id is greater than after, in commit order. Only events that are
// durable at the durability of the commit that emitted them are seen.
func (o *Outbox) Next(after uint64, limit int) ([]Event, error) { return nil, nil }

// Done forgets events. A crash shortly after may bring them back: hand-over is at least once.
func (o *Outbox) Done(ids ...uint64) {}

// Len is the number of events not yet done.
func (o *Outbox) Len() int { return 0 }

// Ready receives after events have become visible to Next. It holds at most one signal.
func (o *Outbox) Ready() <-chan struct{} { return nil }
