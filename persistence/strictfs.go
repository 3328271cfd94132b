package persistence

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A strictFS decides what a failure of the disk means, before Pebble hears of it.
//
// The first failure of anything that the log needs ends the process. Pebble would end it too, but not in
// our words: where it changes from one log file to the next it panics without a lock that is unlocked on
// the way out, which the runtime answers by killing the process with nothing but stacks. This is armed
// while the store is open: Open and Close return such failures as errors.
//
// A failure to write a table file is returned, after a pause: Pebble tries a failed flush again at once,
// and for ever, which on a full disk keeps a processor busy and fills the operator's log.
type strictFS struct {
	vfs.FS
	armed *atomic.Bool
	fatal func(error)
}

// tablePause is how long a failed table file waits.
const tablePause = 100 * time.Millisecond

func (s strictFS) check(what, name string, err error) {
	switch {
	case err == nil:
	case strings.HasSuffix(name, ".sst"):
		<-time.After(tablePause)
	case s.armed.Load():
		s.fatal(fmt.Errorf("%s %s: %w", what, name, err))
	}
}

func watched(name string) bool {
	return strings.HasSuffix(name, ".log") || strings.HasSuffix(name, ".sst")
}

func (s strictFS) wrap(what, name string, f vfs.File, err error) (vfs.File, error) {
	s.check(what, name, err)
	if err != nil {
		return nil, err
	}
	return &strictFile{f, s, name}, nil
}

func (s strictFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, c)
	if !watched(name) {
		return f, err
	}
	return s.wrap("create", name, f, err)
}

func (s strictFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.ReuseForWrite(from, to, c)
	if !watched(to) {
		return f, err
	}
	return s.wrap("reuse", to, f, err)
}

// OpenDir is here because a new file counts only once its folder is synced.
func (s strictFS) OpenDir(name string) (vfs.File, error) {
	f, err := s.FS.OpenDir(name)
	return s.wrap("open", name, f, err)
}

func (s strictFS) Unwrap() vfs.FS { return s.FS }

type strictFile struct {
	vfs.File
	fs   strictFS
	name string
}

func (f *strictFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.fs.check("write", f.name, err)
	return n, err
}

func (f *strictFile) Sync() error {
	err := f.File.Sync()
	f.fs.check("sync", f.name, err)
	return err
}

func (f *strictFile) SyncData() error {
	err := f.File.SyncData()
	f.fs.check("sync", f.name, err)
	return err
}

func (f *strictFile) SyncTo(offset int64) (bool, error) {
	all, err := f.File.SyncTo(offset)
	f.fs.check("sync", f.name, err)
	return all, err
}

func (f *strictFile) Close() error {
	err := f.File.Close()
	f.fs.check("close", f.name, err)
	return err
}
