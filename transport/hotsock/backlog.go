package hotsock

import (
	"sync/atomic"
	"time"
)

// maxBulk is how many bytes of bulk frames may be queued for a client before no more is read from it.
const maxBulk = 1 << 20

// bulkOverhead is what a queued frame costs besides its bytes.
const bulkOverhead = 64

// backlogPoll is how often a stopped reader looks again whether its client has read.
const backlogPoll = 2 * time.Millisecond

// A backlog bounds what a client can make us queue for it by asking without reading. Bulk frames, the
// answers to its own commands among them, do not count against the outbox's bound, and a command's place in
// the credit is free again when its answer is queued, not when it is read.
//
// Frames leave in the order in which they were queued. So whenever maxBulk bytes of bulk have been queued,
// one of those frames is sent as one that counts: a mark. When the outbox holds fewer counted frames than
// were queued since the mark, the mark has left, and all before it; until then the reader waits. There is at
// most one mark that has not left, so that a large snapshot does not push the outbox over its bound.
//
// A client that reads never notices. One that does not is cut by the socket's write timeout.
type backlog struct {
	counted atomic.Int64 // frames queued that count
	bulk    atomic.Int64 // bytes of bulk queued since the last mark left
	mark    atomic.Int64 // counted when the last mark was queued, itself included; 0: it has left
}

// counts notes a frame and says how it must be queued.
func (b *backlog) counts(size int, bulk bool) bool {
	if !bulk {
		b.counted.Add(1)
		return true
	}
	if b.bulk.Add(int64(size+bulkOverhead)) < maxBulk || b.mark.Load() != 0 {
		return false
	}
	n := b.counted.Add(1)
	return b.mark.CompareAndSwap(0, n) // else another frame was faster; one too many counted is harmless
}

// wait returns once the last mark has left w, or w has ended, and tells if that takes a while.
func (b *backlog) wait(w wire, tell func(why string, waits bool)) {
	mark := b.mark.Load()
	if mark == 0 || b.left(w, mark) {
		return
	}
	tell(WaitsForClient, true)
	defer tell(WaitsForClient, false)
	ended := w.Done()
	tick := time.NewTicker(backlogPoll)
	defer tick.Stop()
	for !b.left(w, mark) {
		select {
		case <-tick.C:
		case <-ended:
			return
		}
	}
}

// left says whether the mark has left w, and then makes room for the next. counted is read first: what is
// queued in between then only makes the outbox look fuller.
func (b *backlog) left(w wire, mark int64) bool {
	counted := b.counted.Load()
	if frames, _ := w.Outbox(); counted-int64(frames) < mark {
		return false
	}
	b.bulk.Store(0)
	b.mark.Store(0)
	return true
}
