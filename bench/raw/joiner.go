package main

import (
	"encoding/binary"
	"sync"
)

// A job is one message on its way.
type job struct {
	from    *client
	message []byte
}

// A queue collects jobs while its one goroutine works on the last ones: what comes meanwhile is worked on
// together, and nothing waits on purpose.
type queue struct {
	mu    sync.Mutex
	some  sync.Cond
	jobs  []job
	spare []job
}

func newQueue() *queue {
	q := &queue{}
	q.some.L = &q.mu
	return q
}

func (q *queue) put(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	if len(q.jobs) == 1 {
		q.some.Signal()
	}
	q.mu.Unlock()
}

// next waits for jobs and returns all there are; they are valid until it is called again.
func (q *queue) next() []job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.jobs) == 0 {
		q.some.Wait()
	}
	jobs := q.jobs
	q.jobs, q.spare = q.spare[:0], jobs
	return jobs
}

// A joiner writes to each subscriber once for all that waits for it. Subscribers of a channel hear the
// same, so that the joined bytes are shared too.
type joiner struct{ *queue }

func newJoiner() joiner {
	j := joiner{newQueue()}
	go j.run()
	return j
}

func (j joiner) take(from *client, message []byte) { j.put(job{from, message}) }

func (j joiner) run() {
	var w writer
	for {
		for _, job := range j.next() {
			w.publish(job.from.channel, job.message)
		}
		w.flush()
	}
}

// A writer gathers frames for channels and clients, and writes them.
type writer struct {
	channels []*channel
	clients  []*client
}

func (w *writer) publish(ch *channel, message []byte) {
	if len(ch.pending) == 0 {
		w.channels = append(w.channels, ch)
	}
	ch.pending = appendFrame(ch.pending, message)
}

func (w *writer) answer(c *client, message []byte) {
	if len(c.pending) == 0 {
		w.clients = append(w.clients, c)
	}
	c.pending = appendFrame(c.pending, message)
}

func (w *writer) flush() {
	for _, c := range w.clients {
		_, _ = c.socket.NetConn().Write(c.pending)
		c.pending = c.pending[:0]
	}
	for _, ch := range w.channels {
		ch.mu.RLock()
		for _, s := range ch.subscribers {
			_, _ = s.socket.NetConn().Write(ch.pending)
		}
		ch.mu.RUnlock()
		ch.pending = ch.pending[:0]
	}
	w.clients, w.channels = w.clients[:0], w.channels[:0]
}

// appendFrame appends one text frame as a server sends it.
func appendFrame(dst, payload []byte) []byte {
	if n := len(payload); n < 126 {
		dst = append(dst, 0x81, byte(n))
	} else {
		dst = binary.BigEndian.AppendUint16(append(dst, 0x81, 126), uint16(n)) // no message here is longer
	}
	return append(dst, payload...)
}
