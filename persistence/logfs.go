package persistence

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A logFS ends the process on the first failure of anything that Pebble's log needs, before Pebble hears
// of it. Pebble would end it too, but not in our words: where it changes from one log file to the next it
// panics without a lock that is unlocked on the way out, which the runtime answers by killing the process
// with nothing but stacks.
//
// It is armed while the store is open: Open and Close return such failures as errors.
type logFS struct {
	vfs.FS
	armed *atomic.Bool
	fatal func(error)
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

func (l logFS) check(what, name string, err error) {
	if err != nil && l.armed.Load() {
		l.fatal(fmt.Errorf("%s %s: %w", what, name, err))
	}
}

func (l logFS) file(what, name string, f vfs.File, err error) (vfs.File, error) {
	if !isLog(name) {
		return f, err
	}
	l.check(what, name, err)
	if err != nil {
		return nil, err
	}
	return &logFile{f, l, name}, nil
}

func (l logFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.Create(name, c)
	return l.file("create", name, f, err)
}

func (l logFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.ReuseForWrite(from, to, c)
	return l.file("reuse", to, f, err)
}

// OpenDir is here because a new log file counts only once its folder is synced.
func (l logFS) OpenDir(name string) (vfs.File, error) {
	f, err := l.FS.OpenDir(name)
	l.check("open", name, err)
	if err != nil {
		return nil, err
	}
	return &logFile{f, l, name}, nil
}

func (l logFS) Unwrap() vfs.FS { return l.FS }

type logFile struct {
	vfs.File
	fs   logFS
	name string
}

func (f *logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.fs.check("write", f.name, err)
	return n, err
}

func (f *logFile) Sync() error {
	err := f.File.Sync()
	f.fs.check("sync", f.name, err)
	return err
}

func (f *logFile) SyncData() error {
	err := f.File.SyncData()
	f.fs.check("sync", f.name, err)
	return err
}

func (f *logFile) SyncTo(offset int64) (bool, error) {
	all, err := f.File.SyncTo(offset)
	f.fs.check("sync", f.name, err)
	return all, err
}

func (f *logFile) Close() error {
	err := f.File.Close()
	f.fs.check("close", f.name, err)
	return err
}
