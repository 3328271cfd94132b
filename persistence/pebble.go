package persistence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleOptions are the choices of ours; all others are Pebble's own.
func pebbleOptions(o *Options, fs vfs.FS, fatal func(error)) *pebble.Options {
	p := &pebble.Options{
		FS: fs,
		// The default is the oldest format, whose log can lose a corrupt tail in silence.
		FormatMajorVersion:          pebble.FormatNewest,
		CacheSize:                   o.CacheSize,
		MemTableSize:                uint64(o.MemTableSize),
		MemTableStopWritesThreshold: 4,
		// Each merge of level 0 rewrites what lies below it, all of it where keys are spread: two tables
		// were tried, and merging then took a quarter of what a set among 100,000 keys costs.
		L0CompactionThreshold:      4,
		L0StopWritesThreshold:      64,
		CompactionConcurrencyRange: func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
		Logger:                     pebbleLogger{o.Logger, fatal},
		EventListener:              pebbleEvents(o),
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return p
}

// A pebbleLogger passes Pebble's log on. Its Fatalf ends the process, and never returns: Pebble would go on
// and report a failed sync as a success.
type pebbleLogger struct {
	log   *slog.Logger
	fatal func(error)
}

func (l pebbleLogger) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("pebble", "says", fmt.Sprintf(format, args...))
	}
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble", "says", fmt.Sprintf(format, args...))
}

func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.fatal(fmt.Errorf("pebble: "+format, args...))
}

// pebbleEvents passes on what metrics and operators want to hear.
func pebbleEvents(o *Options) *pebble.EventListener {
	log, hear := o.Logger, o.Listener
	return &pebble.EventListener{
		// A bad block is an error for whoever reads it, not a reason for everybody to stop: the process
		// would be started again only to meet it again.
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			log.Error("a table file is corrupt", "path", info.Path, "err", info.Details)
		},
		FlushEnd: func(info pebble.FlushInfo) {
			if hear.Flush != nil {
				var bytes uint64
				for _, t := range info.Output {
					bytes += t.Size
				}
				hear.Flush(info.TotalDuration, bytes, info.Err)
			}
		},
		CompactionEnd: func(info pebble.CompactionInfo) {
			if hear.Compaction != nil {
				var read, written uint64
				for _, l := range info.Input {
					for _, t := range l.Tables {
						read += t.Size
					}
				}
				for _, t := range info.Output.Tables {
					written += t.Size
				}
				hear.Compaction(info.TotalDuration, read, written, info.Err)
			}
		},
		DiskSlow: func(info pebble.DiskSlowInfo) {
			// On a goroutine that watches the disk, and must not wait for it: whatever logs may.
			if hear.DiskSlow != nil {
				hear.DiskSlow(info.OpType.String(), info.Path, info.Duration)
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			log.Warn("writes are held up", "reason", info.Reason)
			if hear.Stall != nil {
				hear.Stall(true, info.Reason)
			}
		},
		WriteStallEnd: func() {
			if hear.Stall != nil {
				hear.Stall(false, "")
			}
		},
	}
}

// get reads one key and returns a copy, nil if there is none.
func (s *Store) get(key []byte) ([]byte, error) {
	if err := s.alive(); err != nil {
		return nil, err
	}
	value, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value = append(make([]byte, 0, len(value)), value...)
	return value, closer.Close()
}

// commitEnv is what the committer sees of the store.
func (s *Store) commitEnv() commitEnv {
	env := commitEnv{
		begin:     func() *pebble.Batch { return s.db.NewBatch() },
		prepare:   s.prepare,
		applied:   s.noteApplied,
		completed: s.noteCompleted,
		apply: func(b *pebble.Batch, sync bool) error {
			if !sync {
				return s.db.Apply(b, pebble.NoSync)
			}
			return s.db.ApplyNoSyncWait(b, pebble.Sync)
		},
		wait: func(b *pebble.Batch) error { return b.SyncWait() },
	}
	if s.o.PlainCommits {
		env.apply = func(b *pebble.Batch, sync bool) error {
			return s.db.Apply(b, &pebble.WriteOptions{Sync: sync})
		}
		env.wait = func(*pebble.Batch) error { return nil }
	}
	return env
}

// prepare numbers the events of a batch: in commit order, so that a reader who goes by their numbers
// cannot pass one that comes later.
func (s *Store) prepare(b *pebble.Batch, turns []turn) {
	s.outbox.number(b, turns)
}

// noteApplied is run by the commit goroutine when turns can be read.
func (s *Store) noteApplied(turns []turn) {
	for i := range turns {
		t := &turns[i]
		if t.rows != nil {
			t.rows.applied.Store(t.ticket)
		}
		if len(t.spends) > 0 {
			s.spent.settle(t.spends)
		}
		s.due.lower(t.dueAt)
	}
}

// noteCompleted is run by the completion goroutine before the dones of turns.
func (s *Store) noteCompleted(turns []turn) bool {
	if s.failed.Load() {
		return false
	}
	for i := range turns {
		if turns[i].event != 0 {
			s.outbox.open(turns[i].event)
		}
	}
	return true
}
