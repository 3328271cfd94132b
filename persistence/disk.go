package persistence

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A disk watches how full it is, and refuses new writes before it is: a write to the log that fails for
// want of room ends the process, and would again after every restart.
//
// Should it come to that all the same, because others fill the disk, a ballast file is removed within the
// failing call, which is then tried once more. From then on writes are refused until the ballast could be
// made anew: only that proves, whatever the file system reports, that there is room.
type disk struct {
	o       *Options
	folder  *folder
	log     *slog.Logger
	stop    <-chan struct{}
	kick    chan struct{} // holds one; the probe should look at once
	ballast int64         // its size, 0 none

	readOnly atomic.Bool
	full     atomic.Bool // a write has failed for want of room since the ballast was last made
	held     atomic.Bool // the ballast is there

	mu     sync.Mutex // of what follows
	last   Health
	frozen bool // Pebble itself was opened to be read only
}

// A Health is a reading of the disk.
type Health struct {
	ReadOnly  bool
	Reason    string // why it is read-only, in a sentence
	DiskUsed  uint64 // bytes that are not free for us; zero, as the total, where the file system does not say
	DiskTotal uint64
	At        time.Time // of the reading, by Options.Now
}

const (
	probeEvery = time.Second
	// hysteresis is how far below ReadOnlyAt the used share must fall before writes are taken again.
	hysteresis = 0.01
	maxBallast = 64 << 20
)

func newDisk(o *Options, f *folder, stop <-chan struct{}) *disk {
	d := &disk{o: o, folder: f, log: o.Logger, stop: stop, kick: make(chan struct{}, 1)}
	u, err := f.fs.GetDiskUsage(f.dir)
	switch {
	case o.BallastBytes > 0:
		d.ballast = o.BallastBytes
	case o.BallastBytes == 0 && err == nil:
		d.ballast = int64(min(maxBallast, u.TotalBytes/100))
	}
	return d
}

// makeRoom gives the ballast up if Pebble could not be opened beside it: replaying a log takes room.
func (d *disk) makeRoom() {
	d.look()
	if u, err := d.folder.fs.GetDiskUsage(d.folder.dir); err == nil && u.AvailBytes < uint64(d.ballast) {
		d.release()
	}
}

// cannotReplay says that there is no room for the table files that come of the log, so that opening the
// store for writing would not end. The files say how much, and only taking it says whether it is there.
func (d *disk) cannotReplay() bool {
	fs, db := d.folder.fs, d.folder.db()
	names, err := fs.List(db)
	if err != nil {
		return false // a new folder; or it will be an error soon
	}
	need := int64(slackBytes)
	for _, name := range names {
		if info, err := fs.Stat(fs.PathJoin(db, name)); err == nil && strings.HasSuffix(name, ".log") {
			need += info.Size()
		}
	}
	trial := d.folder.path(fileTrial)
	err = d.reserve(trial, need)
	_ = fs.Remove(trial)
	return vfs.IsNoSpaceError(err)
}

// slackBytes is what opening writes besides: a manifest, a log, options.
const slackBytes = 256 << 10

// guard lets a write that fails for want of room be tried again without the ballast.
func (d *disk) guard(fs vfs.FS) vfs.FS {
	return vfs.OnDiskFull(fs, func() {
		d.full.Store(true)
		d.readOnly.Store(true)
		d.release()
		select {
		case d.kick <- struct{}{}:
		default:
		}
	})
}

// release removes the ballast. It works beneath guard: all writes wait for it. Without a ballast, or if it
// cannot be removed, the write that is tried again fails, and that ends the process.
func (d *disk) release() {
	d.held.Store(false)
	if err := d.folder.fs.Remove(d.folder.path(fileBallast)); err == nil {
		// So that the file system gives the blocks out again.
		_ = syncDir(d.folder.fs, d.folder.dir)
	}
}

// makeBallast makes the ballast if there is room to spare, and says whether it is there.
func (d *disk) makeBallast() bool {
	fs, path := d.folder.fs, d.folder.path(fileBallast)
	if d.ballast <= 0 || d.held.Load() {
		return true
	}
	if _, err := fs.Stat(path); err == nil {
		d.held.Store(true)
		return true
	}
	if u, err := fs.GetDiskUsage(d.folder.dir); err == nil && !d.spare(u) {
		return false
	}
	if err := d.reserve(path, d.ballast); err != nil {
		_ = fs.Remove(path)
		return false
	}
	d.held.Store(true)
	return true
}

// spare says whether there would be room enough beside the ballast.
func (d *disk) spare(u vfs.DiskUsage) bool {
	ballast := uint64(d.ballast)
	if u.AvailBytes < 2*ballast {
		return false
	}
	return share(u.TotalBytes-u.AvailBytes+ballast, u.TotalBytes) < d.o.ReadOnlyAt
}

// reserve makes a file that takes n bytes of the disk.
func (d *disk) reserve(path string, n int64) error {
	f, err := d.folder.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err = f.Preallocate(0, n); err != nil && !vfs.IsNoSpaceError(err) {
		err = writeZeros(f, n) // a file system that cannot reserve
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func writeZeros(f vfs.File, n int64) error {
	zeros := make([]byte, 64<<10)
	for n > 0 {
		part := zeros[:min(n, int64(len(zeros)))]
		if _, err := f.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

// probe looks at the disk every second, and at once when a write has failed.
func (d *disk) probe() {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.stop:
			return
		case <-tick.C:
		case <-d.kick:
		}
		d.look()
	}
}

// look reads the disk and flips what has to flip.
func (d *disk) look() {
	h := Health{At: d.o.Now()}
	u, err := d.folder.fs.GetDiskUsage(d.folder.dir)
	known := err == nil && u.TotalBytes > 0
	if known {
		h.DiskUsed, h.DiskTotal = u.TotalBytes-min(u.AvailBytes, u.TotalBytes), u.TotalBytes
	}
	used := share(h.DiskUsed, h.DiskTotal)

	d.mu.Lock()
	was := d.last.ReadOnly
	limit := d.o.ReadOnlyAt
	if was {
		limit -= hysteresis
	}
	switch {
	case d.frozen:
		h.Reason = "the disk was full at the start, so that nothing could be written; make room and restart"
	case known && used >= limit:
		h.Reason = fmt.Sprintf("the disk is %.1f %% full, the limit is %.1f %%", 100*used, 100*d.o.ReadOnlyAt)
	case d.makeBallast():
		d.full.Store(false)
	case d.full.Load():
		h.Reason = "the disk was full, and there is no room yet"
	}
	h.ReadOnly = h.Reason != ""
	d.last = h
	d.readOnly.Store(h.ReadOnly)
	d.mu.Unlock()

	d.tell(h, was)
}

func (d *disk) tell(h Health, was bool) {
	if hear := d.o.Listener.DiskUsage; hear != nil && h.DiskTotal > 0 {
		hear(h.DiskUsed, h.DiskTotal)
	}
	if h.ReadOnly == was {
		return
	}
	if h.ReadOnly {
		d.log.Error("storage is read-only", "reason", h.Reason, "used", h.DiskUsed, "total", h.DiskTotal)
	} else {
		d.log.Info("storage takes writes again", "used", h.DiskUsed, "total", h.DiskTotal)
	}
	if hear := d.o.Listener.ReadOnly; hear != nil {
		hear(h.ReadOnly, h.Reason)
	}
}

// freeze notes that Pebble was opened to be read only.
func (d *disk) freeze() {
	d.mu.Lock()
	d.frozen = true
	d.mu.Unlock()
	d.look()
}

func (d *disk) health() Health {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

func share(used, total uint64) float64 {
	if total == 0 {
		return 0
	}
	return float64(used) / float64(total)
}
