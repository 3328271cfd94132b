package persistence

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say how a Store is opened. Every field but Dir may be left zero.
type Options struct {
	// Dir is the data folder. It is made, for its owner alone, if it does not exist; its parent must.
	Dir string
	// FS is where Dir lives. nil: the disk.
	FS vfs.FS
	// Logger. nil: slog.Default().
	Logger *slog.Logger
	// Now is asked only when spent ids are cleaned away and to date a Health. nil: time.Now.
	Now func() time.Time

	// MemTableSize, in bytes, of what is held in memory before it goes to table files. Up to four of
	// them, if the disk lags; a crash leaves as much to be replayed, at about 12 ms per MiB. Default
	// 8 MiB.
	MemTableSize int64
	// CacheSize, in bytes, of the cache of table blocks. Default 64 MiB.
	CacheSize int64
	// CheckpointBytes is how many bytes of write-ahead entries an actor gathers before its changed
	// rows are written to their places. As much is read at most, besides what is asked for, when it
	// wakes after a crash. Default 64 KiB.
	CheckpointBytes int
	// ResidentBytes is the size up to which the logged rows of an actor are held in memory whole while
	// it is awake; of a bigger one, what was changed lately. Default 64 KiB.
	ResidentBytes int
	// RowCacheSize, in bytes, of the rows that awake actors too big for that keep of what they have read
	// and written, all together. When it is reached, they let go of what was not used lately. Default
	// 64 MiB, which is used only if there are such actors; negative: none.
	RowCacheSize int64
	// AsyncInterval is how long an Async commit may be undurable. Default 50 ms.
	AsyncInterval time.Duration
	// QueueBytes is the bound on commits handed over and not yet done, beyond which Congested says
	// so. Default 64 MiB.
	QueueBytes int64

	// ReadOnlyAt is the used share of the disk, 0 to 1, from which writes are refused. Default 0.90.
	ReadOnlyAt float64
	// BallastBytes is the size of a file kept to be given up when the disk is full. Zero: 64 MiB or a
	// hundredth of the disk, whichever is less. Negative: none.
	BallastBytes int64

	// Fatal is told once of a failure that nothing may follow: a write or sync that failed. It should
	// end the process; if it returns, the goroutine that called it stops for ever, and no callback of
	// a commit runs any more. nil: log and os.Exit(1).
	Fatal func(error)
	// Listener hears what happens inside.
	Listener Listener
	// PlainCommits commits each batch with one waiting call instead of two overlapping ones. Slower;
	// it is here because the faster call is marked experimental in Pebble.
	PlainCommits bool
}

// EnsureDefaults fills what is zero.
func (o *Options) EnsureDefaults() {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MemTableSize == 0 {
		o.MemTableSize = 8 << 20
	}
	if o.CacheSize == 0 {
		o.CacheSize = 64 << 20
	}
	if o.CheckpointBytes == 0 {
		o.CheckpointBytes = 64 << 10
	}
	if o.ResidentBytes == 0 {
		o.ResidentBytes = 64 << 10
	}
	if o.RowCacheSize == 0 {
		o.RowCacheSize = 64 << 20
	}
	if o.AsyncInterval == 0 {
		o.AsyncInterval = 50 * time.Millisecond
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 64 << 20
	}
	if o.ReadOnlyAt == 0 {
		o.ReadOnlyAt = 0.90
	}
	if o.Fatal == nil {
		logger := o.Logger
		o.Fatal = func(err error) {
			logger.Error("storage failed, the process ends", "err", err)
			os.Exit(1)
		}
	}
}

// Validate names every field that is wrong.
func (o *Options) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...))
	}
	if o.Dir == "" {
		bad("Dir is empty")
	}
	if o.MemTableSize < 64<<10 || o.MemTableSize > 1<<30 {
		bad("MemTableSize %d is not within 64 KiB and 1 GiB", o.MemTableSize)
	}
	if o.CacheSize < 0 {
		bad("CacheSize %d is negative", o.CacheSize)
	}
	if o.CheckpointBytes < 1 || o.CheckpointBytes > 64<<20 {
		bad("CheckpointBytes %d is not within 1 and 64 MiB", o.CheckpointBytes)
	}
	if o.ResidentBytes < 1 {
		bad("ResidentBytes %d is not positive", o.ResidentBytes)
	}
	if o.AsyncInterval < 0 {
		bad("AsyncInterval %v is negative", o.AsyncInterval)
	}
	if o.QueueBytes < 0 {
		bad("QueueBytes %d is negative", o.QueueBytes)
	}
	if !(o.ReadOnlyAt > 0 && o.ReadOnlyAt <= 1) {
		bad("ReadOnlyAt %v is not within 0 and 1", o.ReadOnlyAt)
	}
	return errors.Join(errs...)
}
