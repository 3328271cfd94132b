package persistence

import "time"

// A Listener is a set of functions that metrics and logs hang on. Each may be nil. They are called on
// the store's own goroutines, several at once, and must not block.
type Listener struct {
	// Batch: one batch of turns is done.
	Batch func(BatchInfo)
	// Congested: the committer's queue passed its bound, or fell below it again.
	Congested func(congested bool, bytes int64)
	// Flush: a memtable reached its table files.
	Flush func(took time.Duration, bytes uint64, err error)
	// Compaction: table files were merged.
	Compaction func(took time.Duration, read, written uint64, err error)
	// DiskSlow: a file operation has been going on for this long.
	DiskSlow func(op, path string, took time.Duration)
	// DiskUsage: the probe's reading, once a second.
	DiskUsage func(used, total uint64)
	// ReadOnly: the store began or ceased to refuse writes.
	ReadOnly func(readOnly bool, reason string)
	// Stall: Pebble made writers wait (true), or let them go on (false).
	Stall func(stalled bool, reason string)
}

// BatchInfo describes one batch of turns that shared a write and, if Synced, a sync.
type BatchInfo struct {
	Turns  int           // commits in it
	Bytes  int           // of the batch
	Synced bool          // false: only Async and None commits
	Apply  time.Duration // into the log's buffer and the memtable
	Wait   time.Duration // from there until durable
	Queue  int64         // bytes that are handed over and not yet done, after it
}
