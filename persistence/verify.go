package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A Report is what Verify found.
type Report struct {
	Actors  int
	Rows    int // logged and direct, as they lie on disk
	Entries int // write-ahead entries, not yet in a checkpoint
	Due     int // actors with a due time
	Events  int // in the outbox
	Dead    int // dead letters
	Spent   int // ids remembered
	Listed  int // rows that say what actors have
	Revoked int // tokens and users
	Faults  []string
}

// OK says that there is no fault.
func (r *Report) OK() bool { return len(r.Faults) == 0 }

// Verify reads the whole data folder or backup dir, which no process may have open, and changes nothing.
// It checks that every name leads to an actor and back; that the entries of each actor decode, and their
// numbers have no hole; that sizes are what they are said to be; that the due-time index and the actors
// agree; and that every other row decodes. A fault in the data is a line of the report, not an error.
//
// Errors: ErrNotDataFolder, ErrInUse, ErrNewerFormat, ErrCorrupt if it cannot even be opened, or the disk's.
func Verify(dir string) (Report, error) { return verifyFolder(privateDisk, dir) }

func verifyFolder(fs vfs.FS, dir string) (_ Report, err error) {
	fail := func(err error) (Report, error) { return Report{}, fmt.Errorf("verify %s: %w", dir, err) }
	f := &folder{fs: fs, dir: dir}
	if !f.marked() {
		return fail(fmt.Errorf("%w: it has no file %s", ErrNotDataFolder, fileMark))
	}
	// A medium that cannot be written cannot be written by others either.
	err = f.seize()
	if err != nil && !errors.Is(err, syscall.EROFS) && !errors.Is(err, os.ErrPermission) {
		return fail(err)
	}
	defer func() { err = errors.Join(err, f.close()) }()

	var failure error
	o := Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	p := pebbleOptions(&o, fs, func(err error) { failure = err })
	p.ReadOnly, p.ErrorIfNotExists = true, true
	s := &Store{o: o}
	if s.db, err = openPebble(f.db(), p); err != nil {
		return fail(err)
	}
	defer func() { err = errors.Join(err, failure, s.db.Close()) }()
	if err := s.readFormat(); err != nil {
		return fail(err)
	}
	v := verifier{s: s}
	if err := v.run(); err != nil {
		return fail(err)
	}
	return v.Report, nil
}

// A verifier walks over a store. Its errors are those of reading; what it reads wrong are faults.
type verifier struct {
	s *Store
	Report
	names   int
	dueRows int
}

func (v *verifier) fault(format string, args ...any) {
	v.Faults = append(v.Faults, fmt.Sprintf(format, args...))
}

func (v *verifier) run() error {
	if err := v.actors(); err != nil {
		return err
	}
	spaces := []struct {
		space byte
		visit func(key, value []byte) error
	}{
		{spaceName, v.name}, {spaceDue, v.dueRow}, {spaceEvent, v.event}, {spaceSpent, v.spentID},
		{spaceListing, v.listing},
		{spaceTaken, v.taken}, {spaceDead, v.dead},
		{spaceRevoked, v.revoked},
	}
	for _, s := range spaces {
		if err := v.each([]byte{s.space}, []byte{s.space + 1}, s.visit); err != nil {
			return err
		}
	}
	// Every actor was found to have its own name and due row: more of them belong to nobody.
	if v.names != v.Actors {
		v.fault("%d names for %d actors", v.names, v.Actors)
	}
	if v.dueRows != v.Due {
		v.fault("%d rows in the due-time index for %d actors that are due", v.dueRows, v.Due)
	}
	return nil
}

func (v *verifier) each(from, to []byte, visit func(key, value []byte) error) error {
	it, err := v.s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = visit(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// actors walks from actor to actor.
func (v *verifier) actors() error {
	it, err := v.s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceActor}, UpperBound: []byte{spaceActor + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; {
		id, _, _, err := splitActorKey(it.Key())
		if err != nil {
			v.fault("%v", err)
			ok = it.Next()
			continue
		}
		if err := v.actor(id); err != nil {
			return err
		}
		ok = it.SeekGE(appendActor(nil, id+1))
	}
	return it.Error()
}

// actor walks over one actor's range.
func (v *verifier) actor(id uint64) error {
	v.Actors++
	it, err := v.s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendActor(nil, id), UpperBound: appendActor(nil, id+1),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	m, err := readMeta(it, id)
	if err != nil {
		return v.damage(id, Address{}, err)
	}
	if err := v.known(id, m.address); err != nil {
		return err
	}
	overlay := map[string]int{} // what the entries make of the rows' sizes; -1 gone
	size, due, seq := m.size, m.due, m.snapshot
	err = readEntries(it, id, m.snapshot, func(e *entry, _ int) error {
		v.Entries++
		size, due, seq = e.size, e.due, seq+e.changes
		return e.each(func(_ uint64, op Op, key, value []byte) {
			overlay[string(key)] = -1
			if op == Put {
				overlay[string(key)] = len(key) + len(value)
			}
		})
	})
	if err != nil {
		return v.damage(id, m.address, err)
	}
	if err := v.covered(id, m); err != nil {
		return err
	}
	if err := v.rows(it, id, m, size, overlay); err != nil {
		return v.damage(id, m.address, err)
	}
	return v.isDue(id, m.address, due)
}

// damage turns what is wrong with an actor into a fault; reading on makes sense.
func (v *verifier) damage(id uint64, a Address, err error) error {
	if errors.Is(err, ErrCorrupt) || pebble.IsCorruptionError(err) {
		v.fault("actor %d %v: %v", id, a, err)
		return nil
	}
	return err
}

func (v *verifier) known(id uint64, a Address) error {
	if named, err := v.s.lookUp(a); err != nil {
		return v.damage(id, a, err)
	} else if named != id {
		v.fault("actor %d %v: its name leads to %d", id, a, named)
	}
	return nil
}

// covered makes sure that no entry is left that a checkpoint covers.
func (v *verifier) covered(id uint64, m meta) error {
	n := 0
	err := v.each(appendEntryKey(nil, id, 0), appendEntryKey(nil, id, m.snapshot+1), func([]byte, []byte) error {
		n++
		return nil
	})
	if n > 0 {
		v.fault("actor %d %v: %d entries that its checkpoint covers", id, m.address, n)
	}
	return err
}

// rows measures the rows: as the last checkpoint left them, and as the entries make them.
func (v *verifier) rows(it *pebble.Iterator, id uint64, m meta, size uint64, overlay map[string]int) error {
	var snapshot, now uint64
	for ok := it.SeekGE(appendRowKey(nil, id, "")); ok; ok = it.Next() {
		_, part, key, err := splitActorKey(it.Key())
		if err != nil {
			return err
		}
		if part != partRow || len(key) == 0 {
			return fmt.Errorf("%w: key %x", ErrCorrupt, it.Key())
		}
		v.Rows++
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if key[0] >= Direct {
			continue
		}
		n := uint64(len(key) + len(value))
		snapshot += n
		if _, changed := overlay[string(key)]; !changed {
			now += n
		}
	}
	for _, n := range overlay {
		now += uint64(max(n, 0))
	}
	if snapshot != m.size {
		v.fault("actor %d %v: its rows measure %d, its meta says %d", id, m.address, snapshot, m.size)
	}
	if now != size {
		v.fault("actor %d %v: with its entries it measures %d, the last one says %d", id, m.address, now, size)
	}
	return it.Error()
}

func (v *verifier) isDue(id uint64, a Address, due int64) error {
	if due == 0 {
		return nil
	}
	v.Due++
	row, err := v.s.get(appendDueKey(nil, due, id))
	if err != nil {
		return err
	}
	if !bytes.Equal(row, appendAddress(nil, a)) {
		v.fault("actor %d %v: due at %v, and not in the index", id, a, timeOf(due))
	}
	return nil
}

func (v *verifier) name(key, value []byte) error {
	v.names++
	if _, err := splitNameKey(key); err != nil {
		v.fault("%v", err)
	}
	if _, err := decodeID(value); err != nil {
		v.fault("name %x: %v", key, err)
	}
	return nil
}

func (v *verifier) dueRow(key, _ []byte) error {
	v.dueRows++
	if _, _, err := splitDueKey(key); err != nil {
		v.fault("%v", err)
	}
	return nil
}

func (v *verifier) event(key, value []byte) error {
	v.Events++
	if _, err := decodeEvent(key, value); err != nil {
		v.fault("%v", err)
	}
	return nil
}

func (v *verifier) listing(key, _ []byte) error {
	v.Listed++
	d := decoder{b: key[1:]}
	if app := d.string(); d.bad || app == "" || len(d.b) == 0 {
		v.fault("listing %x has no app or no key", key)
	}
	return nil
}

func (v *verifier) taken(key, _ []byte) error {
	if _, _, err := splitEndpointKey(key); err != nil {
		v.fault("%v", err)
	}
	return nil
}

func (v *verifier) dead(key, value []byte) error {
	v.Dead++
	if _, err := decodeDeadLetter(key, value); err != nil {
		v.fault("%v", err)
	}
	return nil
}

func (v *verifier) revoked(key, value []byte) error {
	v.Revoked++
	if _, err := decodeRevoked(key, value); err != nil {
		v.fault("%v", err)
	}
	return nil
}

func (v *verifier) spentID(key, value []byte) error {
	v.Spent++
	if len(value) != 8 {
		v.fault("spent id %x until %x", key, value)
		return nil
	}
	end := append(append([]byte{spaceSpentEnd}, value...), key[1:]...)
	row, err := v.s.get(end)
	if err == nil && row == nil {
		v.fault("spent id %x is not in the index by time", key)
	}
	return err
}
