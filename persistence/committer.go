package persistence

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// A committer makes the turns of all actors durable, many with one write and one sync.
//
// Actors add sealed turns to a queue, and go on. The commit goroutine swaps the whole queue for an empty
// one, joins its turns into one batch, and applies that: from then on it can be read, and is on its way
// to the disk. The completion goroutine waits for the sync of one batch after the other, and runs the
// callbacks of its turns. While the disk is busy with a batch, the next one gathers (see due): the more is
// asked of the store, the bigger are its batches, and the dearest thing, the sync, is paid once for all of them.
//
// Invariants:
//
//   - Batches are applied in the order of the queue, and the callbacks of all turns that were not run by
//     add itself run in that order too, on one goroutine. So the dones of one actor run in the order of
//     its commits: an Async turn waits for the Sync turns before it.
//   - A turn's done runs after a sync that began after the turn was in the log, if it is Sync; after its
//     batch was applied, if it is Async or None.
//   - At most depth batches are applied and not yet synced, so that a slow disk fills the queue, which is
//     counted, and not memory that is not.
//   - After a failure no callback runs: fail is called, and does not return.
//
// The obvious way, a waiting Commit for each actor's turn, lets Pebble share syncs among those that happen
// to wait at the same time. That is an eighth of the throughput, since each turn also pays for a wake-up of
// its own, and it needs a blocked goroutine for every actor with a turn.
type committer struct {
	env   commitEnv
	fail  func(error)
	limit int // bytes of one batch
	bound int64
	async time.Duration
	hear  Listener

	mu      sync.Mutex
	queue   []turn
	queued  int // bytes
	syncing int // batches whose sync is not over
	closing bool

	wake      chan struct{} // holds one; see due
	groups    chan group    // applied, to be completed
	done      chan struct{} // closed when the completion goroutine has ended
	bytes     atomic.Int64  // handed over and not done
	congested atomic.Bool
}

// commitEnv is a whole store, narrowed to what a committer needs of it.
type commitEnv struct {
	// begin makes an empty batch.
	begin func() *pebble.Batch
	// prepare adds to b what can only be known in commit order.
	prepare func(b *pebble.Batch, turns []turn)
	// apply writes b into the log and makes it visible. If sync, it also begins to sync the log, with
	// everything that is in it so far.
	apply func(b *pebble.Batch, sync bool) error
	// applied is told that turns can be read.
	applied func(turns []turn)
	// wait waits for the sync that apply has begun.
	wait func(b *pebble.Batch) error
	// completed is told that turns are as durable as they asked to be. false: the store has failed
	// elsewhere, and their callbacks must not run.
	completed func(turns []turn) bool
}

// A turn is what one Commit has sealed.
type turn struct {
	batch      *pebble.Batch // nil: nothing to write
	emits      []Write
	spends     []string
	dueAt      int64 // earliest new due time, else math.MaxInt64
	durability Durability
	bytes      int
	done       func()

	rows   *Rows // nil: of no actor
	ticket uint64
	quiet  bool          // done has run
	passed chan struct{} // closed when everything before can be read
	event  uint64        // id of the last event emitted, set in commit order
}

// A group is a batch of turns on its way.
type group struct {
	batch   *pebble.Batch
	turns   []turn
	lent    *[]turn // what turns is part of
	sync    bool
	bytes   int64
	applied time.Time // zero if nobody listens
	took    time.Duration
}

// groups are lent the memory of their turns: 10 KiB for 64 of them.
var groups = sync.Pool{New: func() any { return new([]turn) }}

func (g *group) giveBack() {
	if cap(g.turns) <= maxKeptQueue {
		clear(g.turns)
		*g.lent = g.turns
		groups.Put(g.lent)
	}
}

// depth is how many batches may wait for their syncs. With one, the disk would rest while a big batch is
// joined; more gain nothing, since the log is synced in order.
const depth = 2

func newCommitter(env commitEnv, o *Options, fail func(error)) *committer {
	c := &committer{
		env: env, fail: fail, bound: o.QueueBytes, async: o.AsyncInterval / 2, hear: o.Listener,
		// A batch of half a memtable would make a table file of its own, and end the memtable early.
		limit:  int(min(o.MemTableSize/8, 4<<20)),
		wake:   make(chan struct{}, 1),
		groups: make(chan group, depth-2),
		done:   make(chan struct{}),
	}
	go c.commit()
	go c.complete()
	return c
}

// add hands over a turn. It never waits. After close it does nothing.
func (c *committer) add(t turn) {
	// Only the actor itself adds, and the count falls after a done has returned: at zero, all have.
	t.quiet = t.durability == None && (t.rows == nil || t.rows.inFlight.Load() == 0)
	if t.rows != nil && !t.quiet {
		t.rows.inFlight.Add(1)
	}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return
	}
	before := c.due()
	c.queue = append(c.queue, t)
	c.queued += t.bytes
	due := c.due()
	c.mu.Unlock()
	if due && !before {
		c.signal()
	}
	c.count(int64(t.bytes))
	if t.quiet && t.done != nil {
		t.done()
	}
}

// early is from how many bytes on a batch is joined and applied while the disk is still busy with the last one, so
// that the disk need not wait for that work.
const early = 64 << 10

// due says whether the queue makes the next batch now. A small one waits while the disk is busy: its own sync could
// not begin before, and what comes until then shares it. With 64 writers that saves a third of all syncs. The caller
// holds mu.
func (c *committer) due() bool {
	return len(c.queue) > 0 && (c.syncing == 0 || c.queued >= early)
}

// synced says that the sync of one batch is over.
func (c *committer) synced() {
	c.mu.Lock()
	c.syncing--
	due := c.due()
	c.mu.Unlock()
	if due {
		c.signal()
	}
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// barrier returns a channel that is closed when all that was added before can be read.
func (c *committer) barrier() <-chan struct{} {
	passed := make(chan struct{})
	c.add(turn{dueAt: math.MaxInt64, durability: None, passed: passed})
	return passed
}

// count keeps the sum of what is handed over and not done, and tells of its crossing the bound.
func (c *committer) count(n int64) {
	sum := c.bytes.Add(n)
	if over := sum > c.bound; over != c.congested.Load() && c.congested.CompareAndSwap(!over, over) {
		if c.hear.Congested != nil {
			c.hear.Congested(over, sum)
		}
	}
}

// refuse makes add do nothing from here on.
func (c *committer) refuse() {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
}

// close commits what is queued, syncs the log, runs what is due and ends both goroutines.
func (c *committer) close() {
	c.refuse()
	c.signal()
	<-c.done
}

// commit is the commit goroutine.
func (c *committer) commit() {
	defer close(c.groups)
	defer c.guard()
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	dirty := false // something applied has no sync on its way
	var queue []turn
	for {
		var late bool
		select {
		case <-c.wake:
		case <-timer.C:
			late = dirty
		}
		c.mu.Lock()
		closing := c.closing
		if c.due() || late || closing {
			queue, c.queue, c.queued = c.queue, queue[:0], 0
		} else {
			queue = queue[:0]
		}
		c.mu.Unlock()

		for turns := queue; len(turns) > 0; {
			n, sync := c.take(turns)
			async := c.apply(turns[:n:n], sync || late)
			switch {
			case sync || late:
				dirty, late = false, false
				timer.Stop()
			case async && !dirty:
				dirty = true
				timer.Reset(c.async)
			}
			turns = turns[n:]
		}
		if late || closing && dirty {
			c.apply(nil, true)
			dirty = false
		}
		if closing {
			return
		}
		clear(queue) // what is behind its end has been
		if cap(queue) > maxKeptQueue {
			queue = nil
		}
	}
}

// maxKeptQueue bounds the memory that a rush leaves behind.
const maxKeptQueue = 16 << 10

// take says how many turns make the next batch, and whether one of them wants it synced.
func (c *committer) take(turns []turn) (n int, sync bool) {
	bytes := 0
	for n = range turns {
		bytes += turns[n].bytes
		if n > 0 && bytes > c.limit {
			return n, sync
		}
		sync = sync || turns[n].durability == Sync
	}
	return len(turns), sync
}

// apply makes one batch of turns visible and passes it on. It says whether one of them is Async.
func (c *committer) apply(turns []turn, sync bool) (async bool) {
	g := group{lent: groups.Get().(*[]turn), sync: sync, batch: c.env.begin()}
	g.turns = append((*g.lent)[:0], turns...)
	if c.hear.Batch != nil {
		g.applied = time.Now()
	}
	for i := range g.turns {
		t := &g.turns[i]
		if t.batch != nil {
			must(g.batch.Apply(t.batch, nil))
			must(t.batch.Close())
			t.batch = nil
		}
		g.bytes += int64(t.bytes)
		async = async || t.durability == Async
	}
	c.env.prepare(g.batch, g.turns)
	if sync {
		c.mu.Lock()
		c.syncing++
		c.mu.Unlock()
	}
	if sync && g.batch.Empty() {
		must(g.batch.LogData(nil, nil)) // an empty batch would sync nothing
	}
	if err := c.env.apply(g.batch, sync); err != nil {
		c.fail(fmt.Errorf("commit: %w", err))
	}
	c.env.applied(g.turns)
	for i := range g.turns {
		if t := &g.turns[i]; t.passed != nil {
			close(t.passed)
		}
	}
	if c.hear.Batch != nil {
		now := time.Now()
		g.took, g.applied = now.Sub(g.applied), now
	}
	c.groups <- g
	return async
}

// complete is the completion goroutine.
func (c *committer) complete() {
	defer close(c.done)
	for g := range c.groups {
		if g.sync {
			if err := c.env.wait(g.batch); err != nil {
				c.fail(fmt.Errorf("sync: %w", err))
			}
			c.synced()
		}
		info := BatchInfo{Turns: len(g.turns), Bytes: g.batch.Len(), Synced: g.sync, Apply: g.took}
		if c.hear.Batch != nil {
			info.Wait = time.Since(g.applied)
		}
		must(g.batch.Close())
		if !c.env.completed(g.turns) {
			select {}
		}
		for i := range g.turns {
			t := &g.turns[i]
			if t.quiet {
				continue
			}
			if t.done != nil {
				t.done()
			}
			if t.rows != nil {
				t.rows.inFlight.Add(-1)
			}
		}
		g.giveBack()
		c.count(-g.bytes)
		if c.hear.Batch != nil {
			info.Queue = c.bytes.Load()
			c.hear.Batch(info)
		}
	}
}

// guard turns a panic of the commit goroutine into a failure: Pebble panics, holding its locks, when the log
// can no longer be written.
func (c *committer) guard() {
	if p := recover(); p != nil {
		c.fail(fmt.Errorf("commit: %v", p))
	}
}
