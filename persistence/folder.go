package persistence

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A data folder holds:
//
//	DORMOUSE   says what this is. The last thing written into a new folder or a backup: without it a
//	           backup is not whole
//	LOCK       held while a process has the folder open
//	PID        the process that holds it, for people
//	BALLAST    room to be given up when the disk is full
//	TRIAL      for a moment, to find out whether there is room
//	db         Pebble's files
//	RESTORE    db of a restore in progress
type folder struct {
	fs   vfs.FS
	dir  string
	lock io.Closer
}

const (
	fileMark    = "DORMOUSE"
	fileLock    = "LOCK"
	filePID     = "PID"
	fileBallast = "BALLAST"
	fileTrial   = "TRIAL"
	dirDB       = "db"
	dirRestore  = "RESTORE"
)

const markText = "This is a data folder of dormouse, or a backup of one. Change nothing in it by hand.\n"

// ours are the names that a folder may have before it is marked. A new file system may have the last one.
var ours = map[string]bool{
	fileMark: true, fileLock: true, filePID: true, fileBallast: true, fileTrial: true, dirDB: true, dirRestore: true, "lost+found": true,
}

// openFolder makes the folder if need be, makes sure that it is ours or empty, and locks it.
func openFolder(fs vfs.FS, dir string) (*folder, error) {
	f := &folder{fs: fs, dir: dir}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		if info, statErr := fs.Stat(dir); statErr == nil && !info.IsDir() {
			return nil, fmt.Errorf("%w: it is a file", ErrNotDataFolder)
		}
		return nil, fmt.Errorf("%w: %w", ErrNoFolder, err)
	}
	if err := f.look(); err != nil {
		return nil, err
	}
	if err := f.seize(); err != nil {
		return nil, err
	}
	if err := syncDir(fs, fs.PathDir(dir)); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// look makes sure that the folder is ours, or has nothing in it that is not.
func (f *folder) look() error {
	info, err := f.fs.Stat(f.dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: it is a file", ErrNotDataFolder)
	}
	names, err := f.fs.List(f.dir)
	if err != nil {
		return err
	}
	has := make(map[string]bool, len(names))
	for _, name := range names {
		has[name] = true
	}
	if has[fileMark] {
		return nil
	}
	for _, name := range names {
		if !ours[name] {
			return fmt.Errorf("%w: it is not empty, and holds %q", ErrNotDataFolder, name)
		}
	}
	if has[dirRestore] {
		return fmt.Errorf("%w: a restore into it did not finish; restore again", ErrNotDataFolder)
	}
	return nil
}

// seize takes the lock.
func (f *folder) seize() error {
	lock, err := f.fs.Lock(f.path(fileLock))
	if err != nil {
		if held(err) {
			return f.inUse()
		}
		return fmt.Errorf("write into the data folder: %w", err)
	}
	f.lock = lock
	// For people only: a full disk is no reason to stay away.
	_ = writeFile(f.fs, f.path(filePID), strconv.Itoa(os.Getpid())+"\n")
	return nil
}

func held(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process")
}

func (f *folder) inUse() error {
	pid := "unknown"
	if text, err := readFile(f.fs, f.path(filePID)); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
			pid = strconv.Itoa(n)
		}
	}
	return fmt.Errorf("%w: %s is in use by process %s", ErrInUse, f.dir, pid)
}

// mark says that the folder is ours and whole.
func (f *folder) mark() error {
	if _, err := f.fs.Stat(f.path(fileMark)); err == nil {
		return nil
	}
	if err := writeFile(f.fs, f.path(fileMark), markText); err != nil {
		return err
	}
	return syncDir(f.fs, f.dir)
}

func (f *folder) marked() bool {
	_, err := f.fs.Stat(f.path(fileMark))
	return err == nil
}

func (f *folder) path(name string) string { return f.fs.PathJoin(f.dir, name) }

func (f *folder) db() string { return f.path(dirDB) }

func (f *folder) close() error {
	if f.lock == nil {
		return nil
	}
	return f.lock.Close()
}

func writeFile(fs vfs.FS, path, text string) error {
	file, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err = file.Write([]byte(text)); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func readFile(fs vfs.FS, path string) (string, error) {
	file, err := fs.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(file)
	return string(text), errors.Join(err, file.Close())
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openPebble opens the database and names what is wrong with it in our words.
func openPebble(dir string, p *pebble.Options) (*pebble.DB, error) {
	db, err := recoverOpen(dir, p)
	switch {
	case err == nil:
		return db, nil
	case strings.Contains(err.Error(), "unknown format major version"):
		return nil, fmt.Errorf("%w: its files have one beyond %d: %w", ErrNewerFormat, pebble.FormatNewest, err)
	case pebble.IsCorruptionError(err):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil, err
}

// recoverOpen is pebble.Open, which panics if it cannot sync a folder.
func recoverOpen(dir string, p *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			if failure, ok := p.(error); ok {
				err = failure
			} else {
				err = fmt.Errorf("%v", p)
			}
		}
	}()
	return pebble.Open(dir, p)
}
