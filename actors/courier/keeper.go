package courier

import (
	"sync"
	"sync/atomic"
	"time"
)

// OccurrenceType is the data type of occurrences: what happens in the channels of tenants, which have webhooks of
// their own. Endpoints are not told of them, a [Keeper] is told of nothing else.
const OccurrenceType = "occurrence"

// A Keeper takes occurrences to where they are wanted, on a schedule of its own: it holds some back, puts others
// together, and has a place in the queue for each of very many receivers. An [Emitter] gets one event of a
// channel at a time, so could do none of that.
//
// An occurrence's Type is its name in the protocol, App the tenant's namespace, and Data the finished object.
type Keeper interface {
	// Name is as an Emitter's.
	Name() string
	// WantsOccurrence says whether occurrences of this name in this channel of app are to be written down. name
	// is "" for any, channel too. It is asked in the turns of channels, and must be quick: in doubt it says yes.
	WantsOccurrence(app, name, channel string) bool
	// Keep hands e over for good, in the order of commits. It must not block, so whoever has too much must let
	// go of something; what that is, it decides. settled is called once, from any goroutine, when e has arrived
	// or is given up: until then it is in the outbox, and is handed over again after a restart. So it is after
	// the courier was closed in favour of another, to which the keeper may belong as well: it then gets e with
	// the same ID once more, and the older settled does nothing.
	//
	// Calls come one at a time from a courier.
	Keep(e *Event, settled func())
}

// keeping takes a keeper all that it wants, as fast as that can be read.
type keeping struct {
	progress
	c     *Courier
	to    Keeper
	woken chan struct{} // the outbox has more

	mu      sync.Mutex
	settled []uint64
	ended   bool
	told    chan struct{} // settled has something

	sent atomic.Uint64
}

func newKeeping(c *Courier, to Keeper, pos uint64) *keeping {
	return &keeping{
		progress: newProgress(to.Name(), pos), c: c, to: to,
		woken: make(chan struct{}, 1), told: make(chan struct{}, 1),
	}
}

func (k *keeping) nudge() { signal(k.woken) }

// signal leaves a value in a channel that has room for one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (k *keeping) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-k.c.stop:
			k.flush(true)
			return
		case <-k.told:
			k.flush(false)
		case <-k.woken:
			timer.Reset(k.read())
		case <-timer.C:
			timer.Reset(k.read())
		}
	}
}

// read hands over the next few events, and says when to read again if nothing happens.
func (k *keeping) read() time.Duration {
	list, err := k.c.outbox.Next(k.pos, readAtOnce)
	switch {
	case err != nil:
		k.c.fault("read the outbox", err)
		return readFaultPause
	case len(list) == 0:
		return time.Hour
	}
	for _, p := range k.c.sort(&k.progress, list, func(e *Event) bool { return e.DataType == OccurrenceType }) {
		k.to.Keep(p.event, sync.OnceFunc(func() { k.settle(p.id) }))
	}
	if len(list) == readAtOnce {
		return 0
	}
	return time.Hour
}

// settle notes that the keeper is done with an event.
func (k *keeping) settle(id uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.ended {
		k.settled = append(k.settled, id)
		signal(k.told)
	}
}

// flush tells the courier what is settled; if that was the end, nothing is after it.
func (k *keeping) flush(end bool) {
	k.mu.Lock()
	ids := k.settled
	k.settled, k.ended = nil, end
	k.mu.Unlock()
	k.sent.Add(uint64(len(ids)))
	k.c.settle(&k.progress, ids, nil)
}
