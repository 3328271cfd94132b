package actors_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/persistence"
)

// stuckFS is a disk whose log cannot be synced while it is stuck.
type stuckFS struct {
	vfs.FS
	mu    sync.Mutex
	moves sync.Cond
	stuck bool
}

func newStuckFS() *stuckFS {
	fs := &stuckFS{FS: persistence.Memory()}
	fs.moves.L = &fs.mu
	return fs
}

func (fs *stuckFS) stick(stuck bool) {
	fs.mu.Lock()
	fs.stuck = stuck
	fs.mu.Unlock()
	fs.moves.Broadcast()
}

func (fs *stuckFS) wait() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for fs.stuck {
		fs.moves.Wait()
	}
}

func (fs *stuckFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, c)
	return fs.wrap(name, f), err
}

func (fs *stuckFS) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(old, name, c)
	return fs.wrap(name, f), err
}

func (fs *stuckFS) wrap(name string, f vfs.File) vfs.File {
	if f == nil || !strings.HasSuffix(name, ".log") {
		return f
	}
	return &stuckFile{f, fs}
}

type stuckFile struct {
	vfs.File
	fs *stuckFS
}

func (f *stuckFile) Sync() error { f.fs.wait(); return f.File.Sync() }

func (f *stuckFile) SyncData() error { f.fs.wait(); return f.File.SyncData() }

func (f *stuckFile) SyncTo(n int64) (bool, error) { f.fs.wait(); return f.File.SyncTo(n) }

// stuck runs a test of an engine whose disk can be made to stand still.
func stuck(t *testing.T, o actors.Options, f func(s *actorstest.Server, disk *stuckFS)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		disk := newStuckFS()
		s := actorstest.StartOn(t, o, func(p *persistence.Options) { p.FS = disk })
		t.Cleanup(func() { disk.stick(false) })
		f(s, disk)
	})
}

func TestNothingLeavesBeforeItIsOnDisk(t *testing.T) {
	stuck(t, actors.Options{}, func(s *actorstest.Server, disk *stuckFS) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		disk.stick(true)
		// The write, what others see of it, its acknowledgement, a read that shows it, and whatever the
		// channel says after it.
		ann.Send(&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("1"), Ref: "r"})
		ann.ExpectNone()
		bob.Send(&actors.GetStorage{Channel: "c", Key: "k"}, subscribe("c"), publish("chat", "1"))
		bob.ExpectNone()
		ann.ExpectNone()
		if n := bob.Completed(); n != 0 {
			t.Errorf("%d commands completed with the disk stuck", n)
		}
		// Other channels and what needs no channel are not held up.
		bob.Send(&actors.Ping{})
		bob.Expect("pong")
		disk.stick(false)
		ann.Expect("storage c k 1 uid=ann", "ack r seq=1", "message c chat 1 uid=bob")
		bob.Expect("data c k 1 uid=ann", "subscribed c uid=bob", "storage c k 1 uid=ann")
	})
}

func TestTurnsGoOnWhileTheDiskIsBusy(t *testing.T) {
	stuck(t, actors.Options{}, func(s *actorstest.Server, disk *stuckFS) {
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		disk.stick(true)
		for _, v := range []string{"1", "2", "3"} {
			ann.Send(set("k", v))
			synctest.Wait() // each is a turn of its own
		}
		ann.ExpectNone()
		disk.stick(false)
		ann.Expect("storage c k 1 uid=ann", "storage c k 2 uid=ann", "storage c k 3 uid=ann")
	})
}

func TestEphemeralDurabilityWaitsForNothing(t *testing.T) {
	o := actors.Options{Durability: func(actors.Address) persistence.Durability { return persistence.None }}
	stuck(t, o, func(s *actorstest.Server, disk *stuckFS) {
		ann := s.Connect(lobby("ann"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		disk.stick(true)
		ann.Send(set("k", "1"))
		ann.Expect("storage c k 1 uid=ann")
		disk.stick(false)
	})
}

func TestUnstoredMessagesDoNotWaitForTheDisk(t *testing.T) {
	stuck(t, actors.Options{}, func(s *actorstest.Server, disk *stuckFS) {
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		disk.stick(true)
		ann.Send(publish("chat", "1"))
		bob.Expect("message c chat 1 uid=ann")
		disk.stick(false)
	})
}
