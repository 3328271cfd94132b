package persistence

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// A turnState is what an actor's turn has gathered since the last Commit. It exists only in between, so
// that an actor at rest pays nothing for it.
type turnState struct {
	batch   *pebble.Batch // what goes to its place with this commit
	log     []byte        // entryRoom, then the body of the entry
	changes uint64        // numbers taken
	emits   []Write
	spends  []string
	ops     int
	bytes   int
}

var turnStates = sync.Pool{New: func() any { return &turnState{log: make([]byte, entryRoom, 512)} }}

// maxKeptLog is the largest log that goes back to the pool: a rare big turn must not be paid for ever.
const maxKeptLog = 64 << 10

func (t *turnState) recycle() {
	if cap(t.log) > maxKeptLog {
		return
	}
	*t = turnState{log: t.log[:entryRoom], emits: nil}
	turnStates.Put(t)
}

func (t *turnState) drop() {
	_ = t.batch.Close() // frees memory; it cannot fail for a batch that was never applied
	t.recycle()
}

func (r *Rows) begin() *turnState {
	if r.turn == nil {
		r.turn = turnStates.Get().(*turnState)
		r.turn.batch = r.s.db.NewBatch()
	}
	return r.turn
}

// Apply makes one command's writes, all or none. Get and Scan see them at once. They take the next number
// together, which is returned; without any write no number is taken, and the last one is returned. The
// writes become durable with the next Commit, and together with everything else that it seals.
//
// Errors: ErrReadOnly, ErrInvalid, ErrClosed, or the disk's, from reading what a write replaces; nothing
// was applied then.
func (r *Rows) Apply(w []Write) (seq uint64, err error) {
	if len(w) == 0 {
		return r.seq, nil
	}
	if err := r.s.writable(); err != nil {
		return r.seq, err
	}
	for i := range w {
		if err := w[i].validate(true); err != nil {
			return r.seq, err
		}
	}
	r.settle()
	var room [8]int
	replaced, err := r.replaced(w, room[:0])
	if err != nil {
		return r.seq, err
	}
	t := r.begin()
	r.name()
	r.seq++
	t.changes++
	t.ops += len(w)
	logged := 0
	for i := range w {
		t.bytes += w[i].Size()
		if isRow(w[i].Op) && !isDirect(w[i].Key) {
			logged++
		}
	}
	t.log = binary.AppendUvarint(t.log, uint64(logged))
	for i := range w {
		switch x := &w[i]; {
		case x.Op == Emit:
			t.emits = append(t.emits, *x)
		case x.Op == Spend:
			t.spends = append(t.spends, r.s.spent.write(t.batch, x))
		case x.Op == ListOp || x.Op == UnlistOp:
			list(t.batch, x)
		case isDirect(x.Key):
			r.applyDirect(x)
		default:
			t.log = appendLogged(t.log, *x)
			r.applyLogged(x, replaced[i])
		}
	}
	return r.seq, nil
}

// Emit queues events with the turn, and nothing else: they take no number, and an actor without rows stays
// one. They become durable with the next Commit, which they are reason enough for. A full disk refuses them
// unless evenIfFull, which is for what happens whether it can be written or not; a folder that was opened
// on a full disk refuses those too.
//
// Errors: ErrReadOnly, ErrInvalid, ErrClosed; nothing was queued then.
func (r *Rows) Emit(w []Write, evenIfFull bool) error {
	if len(w) == 0 {
		return nil
	}
	err := r.s.writable()
	if evenIfFull && !r.s.frozen {
		err = r.s.alive()
	}
	if err != nil {
		return err
	}
	for i := range w {
		if w[i].Op != Emit {
			return fmt.Errorf("%w: no event", ErrInvalid)
		}
		if err := w[i].validate(true); err != nil {
			return err
		}
	}
	t := r.begin()
	for i := range w {
		t.ops++
		t.bytes += w[i].Size()
	}
	t.emits = append(t.emits, w...)
	return nil
}

func isRow(op Op) bool { return op == Put || op == Delete }

// name gives a new actor its id and epoch. Nothing is on disk by that, and both are lost without a commit.
func (r *Rows) name() {
	if r.id == 0 {
		r.id, r.epoch = r.s.lastID.Add(1), randomEpoch()
	}
}

// replaced measures the rows that w replaces and that are not in memory, so that the size of the state
// stays exact: from here on nothing can fail. A core that compares before it writes has just read them.
func (r *Rows) replaced(w []Write, sizes []int) ([]int, error) {
	sizes = slices.Grow(sizes, len(w))[:len(w)]
	clear(sizes)
	if r.whole {
		return sizes, nil
	}
	for i := range w {
		if !isRow(w[i].Op) || isDirect(w[i].Key) {
			continue
		}
		if _, ok := r.held(w[i].Key); ok {
			continue
		}
		if w[i].Key == r.memoKey {
			sizes[i] = r.memoSize
			continue
		}
		value, err := r.look(w[i].Key)
		if err != nil {
			return nil, err
		}
		sizes[i] = measured(w[i].Key, value)
	}
	return sizes, nil
}

func (r *Rows) applyLogged(x *Write, onDisk int) {
	old, ok := r.held(x.Key)
	before := uint64(onDisk)
	if ok {
		before = old.measure(x.Key)
	}
	mark := r.seq << rowShift
	// A row lies beneath if a checkpoint has passed since the old one came to be, or if one lay beneath
	// that; what is not held at all may lie there too, unless everything is held.
	if ok && (old.mark&rowStored != 0 || old.number() <= r.snapshot) || !ok && !r.whole {
		mark |= rowStored
	}
	now := row{value: x.Value, mark: mark}
	if x.Op == Delete {
		now = row{mark: mark | rowGone}
		if mark&rowStored == 0 {
			r.rows.Delete(x.Key)
			r.size -= before
			return
		}
	} else if now.value == nil {
		now.value = []byte{}
	}
	r.rows.Set(x.Key, now)
	r.size += now.measure(x.Key) - before
	if x.Key == r.memoKey {
		r.memoKey = ""
	}
}

func (r *Rows) applyDirect(x *Write) {
	var room [64]byte
	key := appendRowKey(room[:0], r.id, x.Key)
	now := row{value: x.Value, mark: (r.ticket + 1) << rowShift}
	// Neither can fail: the batch is ours, and its sizes are bounded by validate and memory.
	if x.Op == Delete {
		now.mark |= rowGone
		now.value = nil
		must(r.turn.batch.Delete(key, nil))
	} else {
		if now.value == nil {
			now.value = []byte{}
		}
		must(r.turn.batch.Set(key, now.value, nil))
	}
	if r.direct == nil {
		r.direct = new(table)
	}
	r.direct.Set(x.Key, now)
	r.onTheWay = append(r.onTheWay, passage{x.Key, r.ticket + 1})
}

// must is for what can only fail by a mistake of ours.
func must(err error) {
	if err != nil {
		panic("persistence: " + err.Error())
	}
}

// Pending counts the writes, and their bytes, that were applied and not yet committed.
func (r *Rows) Pending() (ops, bytes int) {
	if r.turn == nil {
		return 0, 0
	}
	return r.turn.ops, r.turn.bytes
}

// Commit seals the turn: everything applied since the last Commit, and the due time, become one entry of
// the store's next batch. It does not wait, and accepts whatever the state of the disk; see
// Store.Congested.
//
// done, which may be nil, runs once the commit is durable at d. The dones of one actor run one at a time
// in the order of its commits, whatever their durabilities, on a goroutine that all actors share: it must
// not block. Only for None, and only if nothing else of the actor is in flight, it runs before Commit
// returns. false: nothing was pending, and done will not run.
//
// If the commit fails, the process ends (Options.Fatal), and no done runs any more.
func (r *Rows) Commit(d Durability, done func()) bool {
	if r.turn == nil && r.due == r.dueDisk {
		return false
	}
	r.settle()
	t := r.begin()
	if t.changes > 0 || r.due != r.dueDisk {
		r.seal(t)
	}
	dueAt := int64(math.MaxInt64)
	if r.due != r.dueDisk {
		dueAt = r.writeDue(t.batch)
	}
	r.ticket++
	r.turn = nil
	bytes := t.batch.Len()
	for i := range t.emits {
		bytes += t.emits[i].Size()
	}
	r.s.committer.add(turn{
		batch: t.batch, rows: r, ticket: r.ticket, emits: t.emits, spends: t.spends,
		dueAt: dueAt, durability: d, done: done, bytes: bytes,
	})
	t.recycle()
	return true
}

// seal writes what the turn did to logged rows: as an entry, or, if enough of them have gathered, as a
// checkpoint.
func (r *Rows) seal(t *turnState) {
	r.name()
	var room [64]byte
	if !r.created {
		r.created = true
		must(t.batch.Set(appendNameKey(room[:0], r.address), binary.BigEndian.AppendUint64(nil, r.id), nil))
		r.snapshot = r.sealed
		r.writeMeta(t.batch, 0) // as it was before the first entry
	}
	tail := r.tail + len(t.log) - entryRoom + entryFloor
	if r.checkpointDue(tail) {
		r.checkpoint(t.batch)
		return
	}
	entry := sealEntry(t.log, r.sealed+1, t.changes, r.due, r.size)
	must(t.batch.Set(appendEntryKey(room[:0], r.id, r.sealed+1), entry, nil))
	r.tail, r.sealed = tail, r.seq
}

// entryFloor is what an entry costs besides its body, about.
const entryFloor = 32

func (r *Rows) writeMeta(b *pebble.Batch, size uint64) {
	m := meta{address: r.address, epoch: r.epoch, snapshot: r.snapshot, due: r.due, size: size}
	var room [16]byte
	must(b.Set(appendMetaKey(room[:0], r.id), m.encode(), nil))
}

// writeDue moves the actor's one row in the due-time index.
func (r *Rows) writeDue(b *pebble.Batch) int64 {
	var room [24]byte
	if r.dueDisk != 0 {
		must(b.Delete(appendDueKey(room[:0], r.dueDisk, r.id), nil))
	}
	r.dueDisk = r.due
	if r.due == 0 {
		return math.MaxInt64
	}
	must(b.Set(appendDueKey(room[:0], r.due, r.id), appendAddress(nil, r.address), nil))
	return r.due
}

// DeleteAll removes the actor: every row, its entries, its due time and its name. It is one change and
// takes a number. What is written afterwards, if anything, is an actor of another epoch whose numbers go
// on. Events and spent ids of the turn stay in it.
//
// Errors: ErrClosed. A full disk is no reason to refuse.
func (r *Rows) DeleteAll() (seq uint64, err error) {
	if err := r.s.alive(); err != nil {
		return r.seq, err
	}
	r.settle()
	t := r.begin()
	r.seq++
	t.ops++
	if r.id != 0 {
		// Whatever the turn wrote before is in the same batch and goes too.
		must(t.batch.DeleteRange(appendActor(nil, r.id), appendActor(nil, r.id+1), nil))
	}
	if r.created {
		must(t.batch.Delete(appendNameKey(nil, r.address), nil))
	}
	r.due = 0
	if r.dueDisk != 0 {
		r.writeDue(t.batch)
	}
	t.log, t.changes = t.log[:entryRoom], 0
	r.id, r.epoch, r.created, r.whole = 0, 0, false, true
	r.sealed, r.snapshot, r.size, r.tail = r.seq, r.seq, 0, 0
	r.cache.close()
	r.rows, r.frozen, r.cache, r.direct, r.onTheWay, r.memoKey = table{}, nil, nil, nil, nil, ""
	return r.seq, nil
}

func nanosOf(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1678:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64
	}
	if n := t.UnixNano(); n != 0 {
		return n
	}
	return 1 // zero is taken, and a nanosecond late is not early
}

func timeOf(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
