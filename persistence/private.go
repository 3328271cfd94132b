package persistence

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// privateFS is the disk, with folders and files for their owner alone. The folder would be enough, but files
// are copied out of it.
type privateFS struct{ vfs.FS }

var privateDisk vfs.FS = privateFS{vfs.Default}

func (p privateFS) MkdirAll(dir string, perm os.FileMode) error {
	return p.FS.MkdirAll(dir, perm&0o700)
}

func (p privateFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return private(name)(p.FS.Create(name, c))
}

func (p privateFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return private(name)(p.FS.OpenReadWrite(name, c, o...))
}

func (p privateFS) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return private(to)(p.FS.ReuseForWrite(from, to, c))
}

func (p privateFS) Lock(name string) (io.Closer, error) {
	l, err := p.FS.Lock(name)
	if err == nil {
		err = os.Chmod(name, 0o600)
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, err
}

func (p privateFS) Unwrap() vfs.FS { return p.FS }

func private(name string) func(vfs.File, error) (vfs.File, error) {
	return func(f vfs.File, err error) (vfs.File, error) {
		if err != nil {
			return nil, err
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return f, nil
	}
}

// slowAfter is how long a file operation may go on before it is told of.
const slowAfter = 5 * time.Second

// watchDisk tells of file operations that go on for long.
func watchDisk(fs vfs.FS, slow func(pebble.DiskSlowInfo)) (vfs.FS, io.Closer) {
	return vfs.WithDiskHealthChecks(fs, slowAfter, nil, slow)
}
