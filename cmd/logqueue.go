package cmd

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// logQueueSize bounds the bytes of a log that wait for whoever should read it; logEnds is how long the end of the
// program waits for them.
const (
	logQueueSize = 1 << 20
	logEnds      = time.Second
)

// A logQueue takes what is written to it, one or more lines with each Write, and hands it to a writer that may be slow
// or stuck, such as a pipe that nobody reads. Write never waits: what there is no room for is left out as a whole and
// counted, and when the writer takes lines again it is told how many are missing.
//
// Lines keep their order. Once one was left out so are all that follow it until the queue was handed over, so that the
// gap has one place, and the line that tells of it stands there.
type logQueue struct {
	to   io.Writer
	size int
	note func(lines uint64) []byte // the line that tells of a gap
	lost atomic.Uint64             // lines, since the beginning

	mu      sync.Mutex
	waiting []byte
	gap     uint64 // lines that were left out behind what waits
	closed  bool

	wake chan struct{} // holds one
	done chan struct{} // closed by the writing goroutine's end
}

// newLogQueue returns a queue of at most size bytes, besides as many that are being written. close ends it.
func newLogQueue(to io.Writer, size int, note func(lines uint64) []byte) *logQueue {
	q := &logQueue{to: to, size: size, note: note, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write takes p, which it does not keep, or leaves it out. It never fails.
func (q *logQueue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.gap > 0 || len(q.waiting)+len(p) > q.size {
		q.gap += q.lose(p)
	} else {
		q.waiting = append(q.waiting, p...)
	}
	q.awake()
	return len(p), nil
}

// lose counts the lines of p as lost.
func (q *logQueue) lose(p []byte) uint64 {
	lines := uint64(bytes.Count(p, []byte("\n")))
	q.lost.Add(lines)
	return lines
}

func (q *logQueue) awake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run writes what comes until the queue is closed and empty. A writer that fails is asked again when there is more.
func (q *logQueue) run() {
	defer close(q.done)
	var chunk []byte
	var missing uint64 // lines of which the next line tells
	for range q.wake {
		for {
			if missing > 0 {
				if _, err := q.to.Write(q.note(missing)); err != nil {
					break
				}
			}
			if chunk, missing = q.next(chunk); len(chunk) == 0 && missing == 0 {
				break
			}
			if len(chunk) == 0 {
				continue
			}
			if n, err := q.to.Write(chunk); err != nil {
				missing += q.lose(chunk[min(max(n, 0), len(chunk)):])
			}
		}
		if q.ended() {
			return
		}
	}
}

// next takes all that waits, and the gap behind it. used is the chunk before, whose memory it takes.
func (q *logQueue) next(used []byte) (chunk []byte, gap uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cap(used) > q.size/16 { // it was a rare need
		used = nil
	}
	chunk, gap = q.waiting, q.gap
	q.waiting, q.gap = used[:0], 0
	return chunk, gap
}

// ended says that no more comes.
func (q *logQueue) ended() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// close writes what waits, within logEnds. A writer that is stuck by then stays so, and the process can end. What is
// written to the queue later is lost. Closing twice does nothing, and so does closing nil.
func (q *logQueue) close() {
	if q == nil {
		return
	}
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.awake()
	select {
	case <-q.done:
	case <-time.After(logEnds):
	}
}
