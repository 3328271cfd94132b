package acceptance

import (
	"fmt"
	"strings"
	"sync"
)

// A tale is what happened on one channel, as its writers did it and were told: it judges what readers that
// come back say they read, and shares nothing with the server's idea of that.
//
// Each writer numbers what it does with the numbers 1, 2, 3 … and goes on with them over all of its
// connections and all lives of the server.
type tale struct {
	mu      sync.Mutex
	name    string
	writers []*writerTale
	at      map[uint64]deed // by the server's seq: what some reader was told
	lives   int             // ended by kills: each begins another numbering
	faults  []string
	wrong   int // all faults
}

// A deed is one thing that a writer did.
type deed struct{ writer, n int }

// A writerTale is what one writer did.
type writerTale struct {
	true  []bool // by n-1: acknowledged, or read by somebody
	acked int    // the last one that was acknowledged
	ended int    // of those up to here no ack can come any more
}

// The kinds of deeds, by n.
const (
	liveMessage = iota
	setA
	keptMessage
	setB
	deedKinds
)

// keyOf is the key that a deed sets, "" for a message.
func (d deed) keyOf() string {
	switch d.n % deedKinds {
	case setA:
		return fmt.Sprintf("a.%d", d.writer)
	case setB:
		return fmt.Sprintf("b.%d", d.writer)
	}
	return ""
}

// eventOf is the event of a message.
func (d deed) eventOf() string {
	if d.n%deedKinds == liveMessage {
		return "live"
	}
	return "kept"
}

func newTale(name string, writers int) *tale {
	t := &tale{name: name, at: map[uint64]deed{}}
	for range writers {
		t.writers = append(t.writers, &writerTale{})
	}
	return t
}

// fault notes something that the server promised not to do. The caller holds the lock.
func (t *tale) fault(format string, args ...any) {
	if t.wrong++; len(t.faults) < maxFaults {
		t.faults = append(t.faults, t.name+": "+fmt.Sprintf(format, args...))
	}
}

func (t *tale) faultOf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fault(format, args...)
}

// does notes that a writer is about to do its next deed.
func (t *tale) does(writer int) deed {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.writers[writer]
	w.true = append(w.true, false)
	return deed{writer, len(w.true)}
}

// acked notes an ack. They come in order, and miss none on one connection.
func (t *tale) acked(d deed) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.writers[d.writer]
	if d.n < 1 || d.n > len(w.true) || d.n != max(w.acked, w.ended)+1 {
		t.fault("writer %d: %d is acknowledged after %d", d.writer, d.n, w.acked)
		return
	}
	w.acked, w.true[d.n-1] = d.n, true
}

// disconnected notes that the writers' connections have ended: what has no ack may or may not have happened.
func (t *tale) disconnected(killed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.writers {
		w.ended = len(w.true)
	}
	if killed {
		t.lives++
		clear(t.at)
	}
}

// settled says whether everything sent is acknowledged.
func (t *tale) settled() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.writers {
		if max(w.acked, w.ended) != len(w.true) {
			return false
		}
	}
	return true
}

// skipped returns the first deed after one number and before another that did happen, or must have if
// before did, and that of accepts. 0: none.
func (t *tale) skipped(writer, after, before int, of func(deed) bool) int {
	w := t.writers[writer]
	for n := after + 1; n < before; n++ {
		if (n > w.ended || w.true[n-1]) && of(deed{writer, n}) {
			return n
		}
	}
	return 0
}

// A readerTale is what one reader was told, over all of its connections.
type readerTale struct {
	tale  *tale
	name  string
	keysA bool // it observes the keys a.*, and not all

	epoch  string // its position, "" before it has one
	seq    uint64
	life   int
	last   []int // by writer: the last deed that it knows of
	fresh  []bool
	values map[string]int // its copy of the keys

	returns, recovered, missed int
}

func newReaderTale(t *tale, name string, keysA bool) *readerTale {
	n := len(t.writers)
	return &readerTale{tale: t, name: name, keysA: keysA, last: make([]int, n), fresh: make([]bool, n), values: map[string]int{}}
}

// hears says whether the reader is to be told of a deed.
func (r *readerTale) hears(d deed) bool {
	key := d.keyOf()
	return key == "" || r.observes(key)
}

func (r *readerTale) observes(key string) bool { return !r.keysA || strings.HasPrefix(key, "a.") }

// asks returns how far the writers' acks are when the reader is about to subscribe: all of that must be
// part of what it is told.
func (r *readerTale) asks() (acked []int) {
	r.tale.mu.Lock()
	defer r.tale.mu.Unlock()
	for _, w := range r.tale.writers {
		acked = append(acked, w.acked)
	}
	return acked
}

// reads judges the next thing that was told with a number.
func (r *readerTale) reads(d deed, seq uint64) {
	t := r.tale
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.writer < 0 || d.writer >= len(t.writers) || d.n < 1 || d.n > len(t.writers[d.writer].true) || !r.hears(d) {
		t.fault("%s reads %+v, which nobody did, or not for it", r.name, d)
		return
	}
	switch last := r.last[d.writer]; {
	case d.n <= last:
		t.fault("repeat: %s reads %d of writer %d after %d", r.name, d.n, d.writer, last)
		return
	case r.fresh[d.writer]:
		r.join(d.writer, d.n)
	default:
		if n := t.skipped(d.writer, last, d.n, r.hears); n != 0 {
			t.fault("gap: %s reads %d of writer %d after %d, without %d", r.name, d.n, d.writer, last, n)
		}
	}
	r.number(d, seq)
	t.writers[d.writer].true[d.n-1] = true
	r.last[d.writer], r.fresh[d.writer], r.seq = d.n, false, seq
	if key := d.keyOf(); key != "" {
		r.values[key] = d.n
	}
}

// number judges a seq: it rises, by one if the reader hears all, and all readers hear the same at it.
func (r *readerTale) number(d deed, seq uint64) {
	t := r.tale
	if seq <= r.seq || !r.keysA && seq != r.seq+1 {
		t.fault("%s reads seq %d after %d", r.name, seq, r.seq)
	}
	for s := r.seq + 1; s < seq; s++ {
		if other, ok := t.at[s]; ok && r.hears(other) {
			t.fault("gap: %s reads seq %d after %d, and %d was %+v", r.name, seq, r.seq, s, other)
		}
	}
	if other, ok := t.at[seq]; ok && other != d {
		t.fault("seq %d is %+v for %s, and was %+v for another", seq, d, r.name, other)
	}
	t.at[seq] = d
}

// join judges a snapshot by what comes after it, or must have come before it: the next of a writer's deeds
// is next, and the newest value that it set before is in the reader's copy.
func (r *readerTale) join(writer, next int) {
	for _, key := range []string{deed{writer, setA}.keyOf(), deed{writer, setB}.keyOf()} {
		if !r.observes(key) {
			continue
		}
		sets := func(d deed) bool { return d.keyOf() == key }
		if n := r.tale.skipped(writer, r.values[key], next, sets); n != 0 {
			r.tale.fault("gap: %s has a snapshot with %s at %d, and then reads %d, without %d", r.name, key, r.values[key], next, n)
		}
	}
}

// A told is what a reader got with hotsock.subscribed.
type told struct {
	Epoch     string
	Seq       uint64
	Recovered *bool
	Missed    int
	Snapshot  int
}

// comes judges hotsock.subscribed.
func (r *readerTale) comes(s told, returned bool) {
	t := r.tale
	t.mu.Lock()
	defer t.mu.Unlock()
	if returned != (s.Recovered != nil) || s.Epoch == "" {
		t.fault("%s returned: %v, and is told %+v", r.name, returned, s)
		return
	}
	if !returned {
		return
	}
	r.returns++
	if !*s.Recovered {
		return
	}
	r.recovered++
	r.missed += s.Missed
	if r.life != t.lives {
		t.fault("untrue: %s has recovered a position from before a kill", r.name)
	}
	if s.Seq != r.seq {
		t.fault("%s comes back at %d, and is told %d", r.name, r.seq, s.Seq)
	}
	r.epoch = s.Epoch
}

// recoveredAll judges the state after all that was said to be missed: nothing that was acknowledged before
// the reader asked is left out.
func (r *readerTale) recoveredAll(acked []int) {
	t := r.tale
	t.mu.Lock()
	defer t.mu.Unlock()
	for w, n := range acked {
		if r.fresh[w] {
			r.join(w, n+1)
		} else if lost := t.skipped(w, r.last[w], n+1, r.hears); lost != 0 {
			t.fault("untrue: %s is told that it recovered all, without %d of writer %d, acknowledged before", r.name, lost, w)
		}
	}
}

// begins judges a whole snapshot and makes it the reader's state.
func (r *readerTale) begins(s told, values map[string]int, acked []int) {
	t := r.tale
	t.mu.Lock()
	defer t.mu.Unlock()
	r.epoch, r.seq, r.life, r.values = s.Epoch, s.Seq, t.lives, values
	for w := range t.writers {
		r.fresh[w], r.last[w] = true, acked[w]
		r.join(w, acked[w]+1)
	}
	for w := range t.writers {
		for _, key := range []string{deed{w, setA}.keyOf(), deed{w, setB}.keyOf()} {
			r.last[w] = max(r.last[w], values[key])
		}
	}
	for key, n := range values {
		writer := -1
		_, _ = fmt.Sscanf(key[min(2, len(key)):], "%d", &writer)
		d := deed{writer, n}
		if !r.observes(key) || writer < 0 || writer >= len(t.writers) || n < 1 || n > len(t.writers[writer].true) || d.keyOf() != key {
			t.fault("%s has a snapshot with %s at %d, which nobody set", r.name, key, n)
			continue
		}
		t.writers[writer].true[n-1] = true
	}
}

// progress is how much is acknowledged.
func (t *tale) progress() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.writers {
		n += w.acked
	}
	return n
}

func (t *tale) faultless() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.wrong == 0
}

// begun says that every writer has an ack of this connection.
func (t *tale) begun() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.writers {
		if w.acked <= w.ended {
			return false
		}
	}
	return true
}
