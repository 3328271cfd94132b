package persistence

import "time"

// Rows is one actor's ordered map of rows while it is awake. It belongs to its actor's turn: none of its
// methods may be called by two goroutines at once.
type Rows struct{}

// Address names the actor.
func (r *Rows) Address() Address { return Address{} }

// Epoch is zero until the actor is first written, and below 2^53.
func (r *Rows) Epoch() uint64 { return 0 }

// Seq is the number of the last change, durable or not.
func (r *Rows) Seq() uint64 { return 0 }

// Due is the time set by SetDue, durable or not; zero if there is none.
func (r *Rows) Due() time.Time { return time.Time{} }

// Get returns a row's value, nil if there is none.
func (r *Rows) Get(key string) ([]byte, error) { return nil, nil }

// Scan visits the rows with from <= key < to in byte order, or backwards if reverse, until visit
// returns false. to == "" is the end of from's table, which is its first byte; from == "" and to == ""
// are all rows.
func (r *Rows) Scan(from, to string, reverse bool, visit func(key string, value []byte) bool) error {
	return nil
}

// Apply makes one command's writes, all or none, visible to Get and Scan at once.
func (r *Rows) Apply(w []Write) (seq uint64, err error) { return 0, nil }

// SetDue says when the actor must be woken at the latest.
func (r *Rows) SetDue(t time.Time) {}

// DeleteAll removes every row of the actor, and the actor itself, as one change.
func (r *Rows) DeleteAll() (seq uint64, err error) { return 0, nil }

// Pending counts the writes, and their bytes, that were applied and not yet committed.
func (r *Rows) Pending() (ops, bytes int) { return 0, 0 }

// Commit seals the turn: everything applied since the last Commit becomes one entry of the store's next
// batch. false: nothing was pending, and done will not run.
func (r *Rows) Commit(d Durability, done func()) bool { return false }

// InFlight is the number of commits handed over and not yet done. Any goroutine may call it.
func (r *Rows) InFlight() int { return 0 }

// Close forgets the actor's memory. Nothing may be pending.
func (r *Rows) Close() {}

// Discard is Close for an actor whose turn failed: what is pending is dropped.
func (r *Rows) Discard() {}
