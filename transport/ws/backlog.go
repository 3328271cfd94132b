package ws

import (
	"sync/atomic"
	"time"
)

// MaxBulk is how many bytes of bulk frames may be queued for a client before no more is read from it.
const MaxBulk = 1 << 20

// bulkOverhead is what a queued frame costs besides its bytes.
const bulkOverhead = 64

// BacklogPoll is how often a stopped reader looks again whether its client has read.
const BacklogPoll = 2 * time.Millisecond

// A Peer is what a [Backlog] asks of a connection; a [Conn] is one.
type Peer interface {
	Outbox() (frames, bytes int)
	Done() <-chan struct{}
}

// A Backlog bounds what a client can make us queue for it by asking without reading. Bulk frames, the
// answers to its own commands among them, do not count against the outbox's bound, and a command's place among
// those that may wait is free again when its answer is queued, not when it is read.
//
// Frames leave in the order in which they were queued. So whenever MaxBulk bytes of bulk have been queued,
// one of those frames is sent as one that counts: a mark. When the outbox holds fewer counted frames than
// were queued since the mark, the mark has left, and all before it; until then the reader waits. There is at
// most one mark that has not left, so that a large snapshot does not push the outbox over its bound.
//
// A client that reads never notices. One that does not is cut by the socket's write timeout.
//
// It is for whoever queues all frames of one connection. The zero value is ready.
type Backlog struct {
	counted atomic.Int64 // frames queued that count
	bulk    atomic.Int64 // bytes of bulk queued since the last mark left
	mark    atomic.Int64 // counted when the last mark was queued, itself included; 0: it has left
}

// Counts notes a frame of so many bytes and says whether it must be queued as one that counts. It may be called from
// any goroutine.
func (b *Backlog) Counts(size int, bulk bool) bool {
	if !bulk {
		b.counted.Add(1)
		return true
	}
	if b.bulk.Add(int64(size+bulkOverhead)) < MaxBulk || b.mark.Load() != 0 {
		return false
	}
	n := b.counted.Add(1)
	return b.mark.CompareAndSwap(0, n) // else another frame was faster; one too many counted is harmless
}

// Wait returns once the last mark has left p, or p has ended, and tells if that takes a while. It is for the
// connection's one reader.
func (b *Backlog) Wait(p Peer, tell func(waits bool)) {
	mark := b.mark.Load()
	if mark == 0 || b.left(p, mark) {
		return
	}
	tell(true)
	defer tell(false)
	ended := p.Done()
	tick := time.NewTicker(BacklogPoll)
	defer tick.Stop()
	for !b.left(p, mark) {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}

// left says whether the mark has left p, and then makes room for the next. counted is read first: what is
// queued in between then only makes the outbox look fuller.
func (b *Backlog) left(p Peer, mark int64) bool {
	counted := b.counted.Load()
	if frames, _ := p.Outbox(); counted-int64(frames) < mark {
		return false
	}
	b.bulk.Store(0)
	b.mark.Store(0)
	return true
}
