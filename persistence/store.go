package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// formatVersion is the layout of keys.go and of every value. A newer one is refused, an older one is
// brought up to date at Open.
const formatVersion = 1

// A Store is one data folder, opened. All its methods, and those of what it hands out but Rows, may be
// called by any goroutine.
type Store struct {
	o          Options
	log        *slog.Logger
	folder     *folder
	disk       *disk
	db         *pebble.DB
	watch      io.Closer // of slow file operations
	committer  *committer
	frozen     bool // opened to be read only, for want of room
	generation uint64
	lastID     atomic.Uint64 // of an actor
	due        dueIndex
	outbox     *Outbox
	spent      *spentIDs
	cache      rowCache
	clock      clock

	leavers leavers
	armed   atomic.Bool // a failure of the log is fatal
	closed  atomic.Bool
	// troubles counts what failed in the background while opening.
	troubles atomic.Int64
	failed   atomic.Bool
	dead     chan struct{} // closed by the first failure
	failing  sync.Once
	workers  sync.WaitGroup
	stop     chan struct{} // closed to end the workers
}

// Open opens the data folder o.Dir, making it if it does not exist. A log left by a crash is replayed. A
// folder on a full disk is opened to be read: writes are refused until there is room.
//
// Errors: ErrInvalid, ErrInUse, ErrNewerFormat, ErrNotDataFolder, ErrCorrupt, or the disk's.
func Open(o Options) (*Store, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Store{o: o, log: o.Logger, dead: make(chan struct{}), stop: make(chan struct{})}
	s.cache.bound = max(o.RowCacheSize, 0)
	if err := s.open(); err != nil {
		_ = s.release()
		return nil, fmt.Errorf("open %s: %w", o.Dir, err)
	}
	s.work(s.disk.probe)
	s.work(s.spent.clean)
	return s, nil
}

func (s *Store) open() (err error) {
	fs := s.o.FS
	onDisk := fs == nil
	if onDisk {
		fs = privateDisk
	}
	if s.folder, err = openFolder(fs, s.o.Dir); err != nil {
		return err
	}
	s.disk = newDisk(&s.o, s.folder, s.stop)
	s.disk.makeRoom()
	fs = strictFS{FS: s.disk.guard(fs), armed: &s.armed, fatal: s.fatal}
	p := pebbleOptions(&s.o, fs, s.fatal)
	p.EventListener.BackgroundError = s.backgroundError
	if onDisk {
		p.FS, s.watch = watchDisk(fs, p.EventListener.DiskSlow)
	}
	if s.frozen = s.disk.cannotReplay(); !s.frozen {
		s.db, err = openPebble(s.folder.db(), p)
		s.frozen = vfs.IsNoSpaceError(err)
	}
	if s.frozen {
		// Better read than not at all, and better than to be started again and again.
		p.ReadOnly = true
		s.db, err = openPebble(s.folder.db(), p)
	}
	if err != nil {
		return err
	}
	if err := s.ownRows(); err != nil {
		return err
	}
	if s.frozen {
		s.disk.freeze()
	} else if err := s.folder.mark(); err != nil {
		return err
	}
	s.spent = newSpentIDs(s)
	if s.outbox, err = openOutbox(s); err != nil {
		return err
	}
	last, err := s.findLastID()
	if err != nil {
		return err
	}
	s.lastID.Store(last)
	s.due.reset()
	s.committer = newCommitter(s.commitEnv(), &s.o, s.fatal)
	if s.frozen {
		s.committer.refuse()
		return nil
	}
	s.armed.Store(true)
	return nil
}

// ownRows reads the store's own rows, or writes them into a new store.
func (s *Store) ownRows() error {
	version, err := s.get([]byte(rowFormat))
	if err != nil {
		return err
	}
	if version == nil {
		return s.writeOwnRows()
	}
	if err := s.readFormat(); err != nil {
		return err
	}
	return s.clock.open(s)
}

// readFormat reads the rows that every store has, and refuses what it does not understand.
func (s *Store) readFormat() error {
	version, err := s.get([]byte(rowFormat))
	if err != nil {
		return err
	}
	if v, n := binary.Uvarint(version); n <= 0 || n != len(version) {
		return fmt.Errorf("%w: format %x", ErrCorrupt, version)
	} else if v > formatVersion {
		return fmt.Errorf("%w: it has format %d, this program knows formats up to %d", ErrNewerFormat, v, formatVersion)
	}
	generation, err := s.get([]byte(rowGeneration))
	if err != nil {
		return err
	}
	if len(generation) != 8 {
		return fmt.Errorf("%w: generation %x", ErrCorrupt, generation)
	}
	s.generation = binary.BigEndian.Uint64(generation)
	return nil
}

func (s *Store) writeOwnRows() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	empty := !it.First()
	if err := errors.Join(it.Error(), it.Close()); err != nil {
		return err
	}
	if !empty {
		return fmt.Errorf("%w: it has rows, but none that names their format", ErrCorrupt)
	}
	s.generation = randomEpoch()
	b := s.db.NewBatch()
	must(b.Set([]byte(rowFormat), binary.AppendUvarint(nil, formatVersion), nil))
	must(b.Set([]byte(rowGeneration), binary.BigEndian.AppendUint64(nil, s.generation), nil))
	return s.db.Apply(b, pebble.Sync)
}

// findLastID finds the greatest id in use. Ids of actors that were deleted may be given again: nothing of
// the old ones is left.
func (s *Store) findLastID() (last uint64, err error) {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{spaceActor}, UpperBound: []byte{spaceActor + 1}})
	if err != nil {
		return 0, err
	}
	if it.Last() {
		last, _, _, err = splitActorKey(it.Key())
	}
	return last, errors.Join(err, it.Error(), it.Close())
}

// work runs a worker until the store is closed.
func (s *Store) work(f func()) {
	s.workers.Go(f)
}

// Close makes durable all that was committed, runs the callbacks that are due, ends every goroutine of the
// store and releases the folder. What is committed during or after it is lost, and its done does not run.
// Rows must not be used afterwards. A second Close does nothing.
//
// Errors: ErrClosed after a failure: the process should have ended, and the folder stays locked until it
// does.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.failed.Load() {
		return ErrClosed
	}
	close(s.stop)
	s.workers.Wait()
	finished := make(chan struct{})
	go func() {
		s.committer.close()
		close(finished)
	}()
	select {
	case <-finished:
	case <-s.dead:
		return ErrClosed
	}
	s.armed.Store(false)
	return s.release()
}

// release gives back what open has taken, as far as it came.
func (s *Store) release() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.watch != nil {
		errs = append(errs, s.watch.Close())
	}
	if s.folder != nil {
		errs = append(errs, s.folder.close())
	}
	return errors.Join(errs...)
}

// fatal is called, by whatever goroutine, when nothing may go on. It does not return.
func (s *Store) fatal(err error) {
	s.failing.Do(func() {
		s.failed.Store(true)
		close(s.dead)
		s.o.Fatal(err)
	})
	select {}
}

// backgroundError is told of a flush or compaction that failed. Pebble tries again; while it opens a store,
// it does nothing else, for ever.
func (s *Store) backgroundError(err error) {
	s.log.Error("flush or compaction failed, it will be tried again", "err", err)
	if !s.armed.Load() && !s.closed.Load() && s.troubles.Add(1) >= maxTroubles {
		s.fatal(fmt.Errorf("replay the log: %w", err))
	}
}

// maxTroubles is how often replaying the log may fail before it is given up.
const maxTroubles = 20

// alive is ErrClosed after Close or a failure.
func (s *Store) alive() error {
	if s.failed.Load() || s.closed.Load() {
		return ErrClosed
	}
	return nil
}

// writable is nil if new writes are taken.
func (s *Store) writable() error {
	if err := s.alive(); err != nil {
		return err
	}
	if s.disk.readOnly.Load() {
		return ErrReadOnly
	}
	return nil
}

// Commit hands over writes that belong to no actor, no rows, with the same promises as
// Rows.Commit has for an actor. It takes them on a full disk too. Any other write, or one that is not
// valid, panics.
func (s *Store) Commit(w []Write, d Durability, done func()) {
	t := turn{batch: s.db.NewBatch(), dueAt: math.MaxInt64, durability: d, done: done}
	for i := range w {
		must(w[i].validate(false))
		switch w[i].Op {
		case Spend:
			t.spends = append(t.spends, s.spent.write(t.batch, &w[i]))
		case ListOp, UnlistOp:
			list(t.batch, &w[i])
		default:
			t.emits = append(t.emits, w[i])
			t.bytes += w[i].Size()
		}
	}
	t.bytes += t.batch.Len()
	s.committer.add(t)
}

// Congested says whether more than Options.QueueBytes are handed over and not yet done. Commit accepts
// all the same, since actors never block; whoever reads from sockets should stop reading until it is over.
// Listener.Congested tells of each change.
func (s *Store) Congested() bool { return s.committer.congested.Load() }

// Health says how the disk is, as of the last probe.
func (s *Store) Health() Health { return s.disk.health() }
