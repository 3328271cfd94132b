package webhooks

import "container/heap"

// overhead is what an event takes in memory beside its data, roughly.
const overhead = 512

// A pile is some events that wait in one place, of which the oldest can be dropped.
type pile struct {
	events, bytes int
	i             int         // in the heap
	drop          func() bool // the oldest; false: there is none that could be
}

// piles are all piles, the largest first, so that whoever has most waiting makes room for all.
type piles struct {
	heap  pileHeap
	bytes int
}

// add puts an event of so many bytes on a pile, or takes it off if n is -1.
func (s *piles) add(p *pile, n, size int) {
	before := p.events
	p.events += n
	p.bytes += n * size
	s.bytes += n * size
	switch {
	case before == 0 && p.events > 0:
		heap.Push(&s.heap, p)
	case before > 0 && p.events == 0:
		heap.Remove(&s.heap, p.i)
	case p.events > 0:
		heap.Fix(&s.heap, p.i)
	}
}

// shrink drops until no more than limit is left, or nothing can be dropped.
func (s *piles) shrink(limit int) {
	for s.bytes > limit && s.heap[0].drop() {
	}
}

// pileHeap is a container/heap with the largest first.
type pileHeap []*pile

func (h pileHeap) Len() int           { return len(h) }
func (h pileHeap) Less(i, j int) bool { return h[i].bytes > h[j].bytes }

func (h pileHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *pileHeap) Push(x any) {
	p := x.(*pile)
	p.i = len(*h)
	*h = append(*h, p)
}

func (h *pileHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return p
}
