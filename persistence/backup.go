package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Checkpoint writes a backup of the whole store, as it is at one moment, into the new or empty folder dir,
// while the store goes on. Everything durable before the call is in it. On the file system of the store
// it is made of links and costs next to nothing, until the store has moved on from the files it shares;
// so it must be copied away, and removed, before long. It is whole if and only if it holds the file
// DORMOUSE.
//
// Errors: ErrNotDataFolder if dir is not empty, ErrClosed, or the disk's.
func (s *Store) Checkpoint(dir string) error {
	if err := s.alive(); err != nil {
		return err
	}
	fs := s.folder.fs
	to := folder{fs: fs, dir: dir}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("backup to %s: %w", dir, err)
	}
	names, err := fs.List(dir)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("%w: it is not empty, and holds %q", ErrNotDataFolder, names[0])
	}
	if err == nil {
		// Without flushing the log first its tail could be missing.
		err = s.db.Checkpoint(to.db(), pebble.WithFlushedWAL())
	}
	if err == nil {
		err = to.mark()
	}
	if err == nil {
		err = syncDir(fs, fs.PathDir(dir))
	}
	if err != nil {
		return fmt.Errorf("backup to %s: %w", dir, err)
	}
	return nil
}

// Restore copies the backup from into the new or empty folder to, and gives every actor a new epoch, so
// that nobody takes the history that goes on from here for the one that the backup was taken from. A
// restore that was cut short cannot be opened; it can be done again.
//
// Errors: ErrNotDataFolder if from is not a whole backup or to is not empty, ErrInUse, ErrNewerFormat,
// ErrCorrupt, or the disk's.
func Restore(from, to string) error { return restore(privateDisk, from, to) }

func restore(fs vfs.FS, from, to string) (err error) {
	source := &folder{fs: fs, dir: from}
	if !source.marked() {
		return fmt.Errorf("restore from %s: %w: it has no file %s", from, ErrNotDataFolder, fileMark)
	}
	if _, err := fs.Stat(source.path(fileLock)); err == nil {
		// Not a backup, but a data folder: its files may be copied only while nobody writes them.
		if err := source.seize(); err != nil {
			return fmt.Errorf("restore from %s: %w", from, err)
		}
		defer func() { err = errors.Join(err, source.close()) }()
	}
	fail := func(err error) error { return fmt.Errorf("restore to %s: %w", to, err) }
	target := &folder{fs: fs, dir: to}
	if err := fs.RemoveAll(target.path(dirRestore)); err != nil {
		return fail(err)
	}
	if target, err = openFolder(fs, to); err != nil {
		return fail(err)
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if _, err := fs.Stat(target.db()); err == nil || target.marked() {
		return fail(fmt.Errorf("%w: it has data already", ErrNotDataFolder))
	}
	half := target.path(dirRestore)
	if _, err := vfs.Clone(fs, fs, source.db(), half, vfs.CloneSync); err != nil {
		return fail(err)
	}
	if err := beginHistory(fs, half); err != nil {
		return fail(err)
	}
	if err := fs.Rename(half, target.db()); err != nil {
		return fail(err)
	}
	if err := syncDir(fs, to); err != nil {
		return fail(err)
	}
	if err := target.mark(); err != nil {
		return fail(err)
	}
	return nil
}

// beginHistory changes the store's generation, and with it every epoch.
func beginHistory(fs vfs.FS, dir string) (err error) {
	var failure error
	o := Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)}
	o.EnsureDefaults()
	s := &Store{o: o}
	p := pebbleOptions(&o, fs, func(err error) { failure = err })
	p.ErrorIfNotExists = true
	if s.db, err = openPebble(dir, p); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, failure, s.db.Close()) }()
	if err := s.readFormat(); err != nil {
		return err
	}
	generation := s.generation
	for generation == s.generation {
		generation = randomEpoch()
	}
	return s.db.Set([]byte(rowGeneration), binary.BigEndian.AppendUint64(nil, generation), pebble.Sync)
}
