package actors

import (
	"math"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// A handle is one incarnation of an actor: its mailbox, and the count of what was posted and is not yet
// handled. The count is what makes sleep safe: an actor may only leave by changing it from 1, the idle tick
// that it is handling, to closed. A sender that finds it closed knows that its message was not taken, asks
// the directory again and gets the next incarnation. So no message is lost, doubled or handled out of
// order, which stopping an actor with messages in its mailbox cannot promise.
type handle struct {
	root *actor.RootContext
	pid  *actor.PID

	// pending is the count, or handleClosed.
	pending atomic.Int64
	// lastUse is the node's time, in nanoseconds, of the last command. Only the sweeper reads it.
	lastUse atomic.Int64
	// needed says that the actor has more than rows, so that asking it to sleep would be in vain.
	needed atomic.Bool
	// kept is how many bytes the actor keeps that trimReplay can free. The sweeper reads it.
	kept atomic.Int64
	// durable is the number of the last turn on disk; told is set while a committed message is on its way.
	durable atomic.Uint64
	told    atomic.Bool
}

const handleClosed = math.MinInt64

// post puts m into the mailbox. It returns false if the incarnation has ended, and never blocks.
func (h *handle) post(m any) bool {
	for {
		n := h.pending.Load()
		if n < 0 {
			return false
		}
		if h.pending.CompareAndSwap(n, n+1) {
			h.root.Send(h.pid, m)
			return true
		}
	}
}

// handled says that one message is done, and returns how many are left.
func (h *handle) handled() int64 { return h.pending.Add(-1) }

// retire ends the incarnation if the message in hand is the only one.
func (h *handle) retire() bool { return h.pending.CompareAndSwap(1, handleClosed) }

func (h *handle) closed() bool { return h.pending.Load() < 0 }

// committed says that one turn more is on disk. The store's goroutine calls it once for each turn that it was handed,
// in their order. The actor reads durable at the end of every message, so one message that makes it look is enough.
func (h *handle) committed() {
	h.durable.Add(1)
	if h.told.CompareAndSwap(false, true) {
		h.post(committed{})
	}
}

// committed makes an actor look at its handle's durable mark.
type committed struct{}
