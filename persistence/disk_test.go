package persistence

import (
	"errors"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A smallDisk has room for 1,000 units of 64 KiB, which others take from us, and a ballast. What the store
// itself writes is not counted.
type smallDisk struct {
	vfs.FS
	others  atomic.Int64 // units
	mu      sync.Mutex
	ballast int64
	quota   atomic.Bool  // there is room, but not for us
	refused atomic.Int64 // calls that found no room
}

func newSmallDisk() *smallDisk { return &smallDisk{FS: vfs.NewMem()} }

const smallDiskSize = 1000 << 16

func (d *smallDisk) free() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return smallDiskSize - d.others.Load()<<16 - d.ballast
}

func (d *smallDisk) room(n int64) error {
	if d.free() < n || d.quota.Load() {
		d.refused.Add(1)
		return syscall.ENOSPC
	}
	return nil
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	free := uint64(max(0, d.free()))
	return vfs.DiskUsage{AvailBytes: free, TotalBytes: smallDiskSize, UsedBytes: smallDiskSize - free}, nil
}

func (d *smallDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := d.room(1); err != nil {
		return nil, err
	}
	f, err := d.FS.Create(name, c)
	return &smallFile{f, d, path.Base(name)}, err
}

func (d *smallDisk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(from, to, c)
	return &smallFile{f, d, path.Base(to)}, err
}

func (d *smallDisk) Remove(name string) error {
	err := d.FS.Remove(name)
	if err == nil && path.Base(name) == fileBallast {
		d.mu.Lock()
		d.ballast = 0
		d.mu.Unlock()
	}
	return err
}

type smallFile struct {
	vfs.File
	disk *smallDisk
	name string
}

func (f *smallFile) Write(p []byte) (int, error) {
	if err := f.disk.room(1); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f *smallFile) Preallocate(offset, n int64) error {
	if err := f.disk.room(n); err != nil {
		return err
	}
	if f.name == fileBallast {
		f.disk.mu.Lock()
		f.disk.ballast = n
		f.disk.mu.Unlock()
	}
	return f.File.Preallocate(offset, n)
}

// pass lets time pass, and everything happen that then can.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// diskOptions are those of a store on a small disk; whatever fails for good is remembered.
func diskOptions(disk *smallDisk) Options {
	o := options(disk)
	o.Fatal = func(err error) { panic(err) }
	return o
}

func TestNearlyFullDiskRefusesWritesUntilThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newSmallDisk()
		o := diskOptions(disk)
		var flips []bool
		o.Listener.ReadOnly = func(readOnly bool, reason string) { flips = append(flips, readOnly) }
		s := open(t, o)
		r := wake(t, s, lobby)
		apply(t, r, PutRow("ea", []byte("1")))
		if disk.ballast != 10<<16 {
			t.Errorf("the ballast has %d bytes, want a hundredth of the disk", disk.ballast)
		}

		refused := func() bool {
			_, err := r.Apply([]Write{PutRow("eb", []byte("2"))})
			if err != nil && !errors.Is(err, ErrReadOnly) {
				t.Fatal(err)
			}
			return err != nil
		}
		for _, x := range []struct {
			others int64
			want   bool
			says   string
		}{
			{880, false, "below the limit"},
			{891, true, "90.1 % with the ballast"},
			{882, true, "below the limit, but not by one per cent"},
			{879, false, "room again, without a restart"},
		} {
			disk.others.Store(x.others)
			pass(probeEvery)
			if refused() != x.want || s.Health().ReadOnly != x.want {
				t.Errorf("%s: refused is not %v; %+v", x.says, x.want, s.Health())
			}
			if x.want {
				// What was applied before is still committed, and everything can be read.
				if seq := r.Seq(); get(t, r, "ea") != "1" || seq != 2 {
					t.Errorf("row %q, seq %d", get(t, r, "ea"), seq)
				}
				commit(r, Sync)
			}
		}
		if len(flips) != 2 || !flips[0] || flips[1] {
			t.Errorf("told %v", flips)
		}
		commit(r, Sync)
		r.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFullDiskTakesTheBallast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newSmallDisk()
		s := open(t, diskOptions(disk))
		r := wake(t, s, lobby)
		apply(t, r, PutRow("ea", []byte("1")))
		disk.others.Store(990) // all of it, with the ballast; and the probe has not looked yet
		commit(r, Sync)
		if disk.refused.Load() == 0 {
			t.Fatal("no write was refused: this test shows nothing")
		}
		if _, err := r.Apply([]Write{PutRow("eb", nil)}); !errors.Is(err, ErrReadOnly) {
			t.Errorf("a write on a full disk: %v", err)
		}
		pass(10 * probeEvery)
		if _, err := disk.Stat("data/" + fileBallast); err == nil {
			t.Error("the ballast was made again without room")
		}
		// The file system says that there is room, and there is none. Only a ballast proves it.
		disk.quota.Store(true)
		disk.others.Store(100)
		pass(10 * probeEvery)
		if !s.Health().ReadOnly {
			t.Errorf("writes are taken with nothing free: %+v", s.Health())
		}
		disk.quota.Store(false)
		pass(probeEvery)
		if _, err := disk.Stat("data/" + fileBallast); err != nil || s.Health().ReadOnly {
			t.Errorf("there is room again: %v, %+v", err, s.Health())
		}
		apply(t, r, PutRow("eb", []byte("2")))
		commit(r, Sync)
		r.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFullFolderOpensToBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := newSmallDisk()
		s := open(t, diskOptions(disk))
		r := wake(t, s, lobby)
		apply(t, r, PutRow("ea", []byte("1")), EmitEvent("app", "c", []byte("e")))
		commit(r, Sync)
		r.Close()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		readable := func(s *Store) {
			t.Helper()
			r := wake(t, s, lobby)
			if get(t, r, "ea") != "1" || !s.Health().ReadOnly {
				t.Errorf("row %q, %+v", get(t, r, "ea"), s.Health())
			}
			if _, err := r.Apply([]Write{PutRow("eb", nil)}); !errors.Is(err, ErrReadOnly) {
				t.Error(err)
			}
			if e, err := s.Outbox().Next(0, 9); err != nil || len(e) != 1 {
				t.Error(e, err)
			}
			r.Close()
		}
		// Full but for the ballast: it is given up, and once there is room all goes on.
		disk.others.Store(990)
		s = open(t, diskOptions(disk))
		readable(s)
		disk.others.Store(100)
		pass(2 * probeEvery)
		r = wake(t, s, lobby)
		apply(t, r, PutRow("eb", []byte("2")))
		commit(r, Sync)
		r.Close()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		// Not even a ballast: Pebble cannot write a byte.
		if err := disk.Remove("data/" + fileBallast); err != nil {
			t.Fatal(err)
		}
		disk.others.Store(1000)
		s = open(t, diskOptions(disk))
		readable(s)
		s.Outbox().Done(1)
		s.Commit([]Write{EmitEvent("app", "c", nil)}, Sync, nil)
		if err := s.NoteClock(time.Now(), time.Second); !errors.Is(err, ErrReadOnly) {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestFolderAndFilesAreForTheirOwner(t *testing.T) {
	dir := path.Join(t.TempDir(), "data")
	s := open(t, Options{Dir: dir})
	r := wake(t, s, lobby)
	apply(t, r, PutRow("ea", nil))
	commit(r, Sync)
	r.Close()
	if err := s.Checkpoint(dir + "-backup"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var look func(string)
	look = func(name string) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
		if info.IsDir() {
			entries, err := os.ReadDir(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				look(path.Join(name, e.Name()))
			}
		}
	}
	look(dir)
	look(dir + "-backup")
}
