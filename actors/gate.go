package actors

import (
	"sync"

	"dormouse/actors/channel"
)

// A gate holds what an actor wants to say until what it tells of is on disk.
//
// Everything leaves by this one road in the order in which it was decided: answers, deliveries, refusals.
// What a turn said is marked with the number of the last commit when the turn ends, its own if it wrote
// anything, and leaves when that commit is durable. So a turn that wrote nothing leaves at once if nothing
// older waits, and never overtakes; and a read's answer waits for the writes that it may have seen.
//
// An empty gate has no memory: a hundred thousand channels that were written to once would each keep what
// their busiest turn needed.
type gate struct {
	*waiting     // nil: nothing waits
	head     int // outputs before this have left
	next     int // marks before this have been passed
}

// waiting is what a gate holds. Gates that are empty share what memory there is.
type waiting struct {
	outputs []output
	marks   []mark
}

var waitings = sync.Pool{New: func() any { return new(waiting) }}

// An output is one thing to say: a delivery, or the end of an ask.
type output struct {
	delivery channel.Delivery // Message nil: none
	done     *ask             // answered now
	result   any
	err      error
	seq      uint64 // of done's change; 0: it changed nothing
}

// A mark says that the outputs up to end may leave when commit is durable.
type mark struct {
	end    int
	commit uint64
}

// hold takes an output of the turn in progress.
func (g *gate) hold(o output) {
	if g.waiting == nil {
		g.waiting = waitings.Get().(*waiting)
	}
	g.outputs = append(g.outputs, o)
}

// open reports that nothing waits.
func (g *gate) open() bool { return g.waiting == nil || g.head == len(g.outputs) }

// seal ends the turn: what it said waits for commit.
func (g *gate) seal(commit uint64) {
	if g.waiting == nil {
		return
	}
	end := len(g.outputs)
	if n := len(g.marks); n > g.next && g.marks[n-1].end == end {
		return // the turn said nothing
	}
	if end == g.head && g.next == len(g.marks) {
		return
	}
	g.marks = append(g.marks, mark{end, commit})
}

// release lets everything leave that waits for durable or an earlier commit.
func (g *gate) release(durable uint64, leave func(*output)) {
	if g.waiting == nil {
		return
	}
	for g.next < len(g.marks) && g.marks[g.next].commit <= durable {
		for end := g.marks[g.next].end; g.head < end; g.head++ {
			leave(&g.outputs[g.head])
			g.outputs[g.head] = output{}
		}
		g.next++
	}
	if g.next == len(g.marks) && g.head == len(g.outputs) {
		g.reset()
		return
	}
	// A gate that is never empty would grow for ever.
	if g.head >= gateCompact && g.head*2 >= len(g.outputs) {
		g.compact()
	}
}

// gateCompact is how many outputs must have left before a busy gate moves the rest to the front.
const gateCompact = 1024

// gateKeep is how many outputs' memory an empty gate gives back for others to use.
const gateKeep = 512

func (g *gate) reset() {
	if w := g.waiting; cap(w.outputs) <= gateKeep && cap(w.marks) <= gateKeep {
		w.outputs, w.marks = w.outputs[:0], w.marks[:0]
		waitings.Put(w)
	}
	*g = gate{}
}

func (g *gate) compact() {
	n := copy(g.outputs, g.outputs[g.head:])
	clear(g.outputs[n:])
	g.outputs = g.outputs[:n]
	m := copy(g.marks, g.marks[g.next:])
	g.marks = g.marks[:m]
	for i := range g.marks {
		g.marks[i].end -= g.head
	}
	g.head, g.next = 0, 0
}
