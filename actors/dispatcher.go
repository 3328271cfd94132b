package actors

import (
	"runtime"
	"sync/atomic"
)

// A dispatcher runs mailboxes on goroutines that stay. protoactor's own starts one for every mailbox that
// gets its first message, and each of those grows its stack anew on the way down to the store: a sixth of
// the engine's time. Here a mailbox goes to a worker that waits, and only if none does to a new one, so
// that no busy mailbox can keep another from running.
type dispatcher struct {
	work    chan *mailbox // nil: there is no more
	waiting atomic.Int32
	most    atomic.Int32 // workers that may wait for work; more than these end
}

// throughput is how many messages a mailbox handles before it lets other goroutines run. A message of a
// flooded channel takes a microsecond or two, and whoever waits does so once for each actor on its way: with
// 300 a neighbour of a flood waited a millisecond at p99, with 32 half of that, at the same cost.
const throughput = 32

func newDispatcher() *dispatcher {
	d := &dispatcher{work: make(chan *mailbox)}
	d.most.Store(int32(8 * runtime.GOMAXPROCS(0)))
	return d
}

// schedule runs a mailbox soon. It does not block.
func (d *dispatcher) schedule(m *mailbox) {
	select {
	case d.work <- m:
	default:
		go d.run(m)
	}
}

// Schedule is part of protoactor's contract. Its own mailboxes would call it, of which there are none here.
func (d *dispatcher) Schedule(run func()) { go run() }

// Throughput is part of protoactor's contract.
func (d *dispatcher) Throughput() int { return throughput }

func (d *dispatcher) run(m *mailbox) {
	for m != nil {
		m.run()
		if d.waiting.Add(1) > d.most.Load() {
			d.waiting.Add(-1)
			return
		}
		m = <-d.work
		d.waiting.Add(-1)
	}
}

// end lets the workers go that wait. Mailboxes may still be scheduled, each on a goroutine of its own.
func (d *dispatcher) end() {
	d.most.Store(0)
	for d.waiting.Load() > 0 {
		select {
		case d.work <- nil:
		default:
			runtime.Gosched() // one is between counting itself and waiting
		}
	}
}
