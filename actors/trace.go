package actors

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"time"

	"golang.org/x/time/rate"

	"dormouse/actors/channel"
)

// A tracer writes to the log where the time of some commands went, a share of all. A trace names whose command
// it was by the ids of its connection and request, and nothing of what it said.
//
// Actors hand their traces to a goroutine that writes them, through a bounded queue, and never wait: whoever
// should read the log may have stopped. What there is no room for is left out, and counted.
type tracer struct {
	share float64
	clock *clock
	log   *slog.Logger
	stats *stats
	room  *rate.Limiter

	queue   chan traced   // nil: nothing is traced
	stop    chan struct{} // closed: write what waits, and end
	abandon chan struct{} // closed: write nothing more
	done    chan struct{} // closed by the writer's end
}

// tracesPerSecond bounds what a busy server writes, whatever its share; above it commands are not traced.
// traceQueue is how many wait for a log that is slow, a second's worth; traceEnds is how long the end of the
// engine waits for them.
const (
	tracesPerSecond = 1000
	traceQueue      = 1024
	traceEnds       = time.Second
)

func newTracer(share float64, c *clock, log *slog.Logger, s *stats) *tracer {
	t := &tracer{share: share, clock: c, log: log, stats: s}
	if share > 0 {
		t.room = rate.NewLimiter(tracesPerSecond, tracesPerSecond)
		t.queue = make(chan traced, traceQueue)
		t.stop, t.abandon, t.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
	}
	return t
}

// open starts the writer.
func (t *tracer) open() {
	if t.queue != nil {
		go t.run()
	}
}

// close writes what waits, within traceEnds and ctx, and ends the writer. One that is inside the log by then
// stays there until the log lets it go. What a straggler traces later is lost.
func (t *tracer) close(ctx context.Context) {
	if t.queue == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, traceEnds)
	defer cancel()
	close(t.stop)
	select {
	case <-t.done:
	case <-ctx.Done():
		close(t.abandon)
		for t.drop() {
		}
	}
}

// drop takes the oldest trace off the queue.
func (t *tracer) drop() bool {
	select {
	case <-t.queue:
		t.stats.tracesDropped.Add(1)
		return true
	default:
		return false
	}
}

func (t *tracer) run() {
	defer close(t.done)
	for {
		select {
		case e := <-t.queue:
			t.write(&e)
		case <-t.stop:
			t.runOut()
			return
		}
	}
}

// runOut writes what waits.
func (t *tracer) runOut() {
	for {
		select {
		case <-t.abandon:
			return
		default:
		}
		select {
		case e := <-t.queue:
			t.write(&e)
		default:
			return
		}
	}
}

// A trace is one command's way: posted into its actor's mailbox, begun, decided. It ends when its answer
// leaves, which is when what it wrote is on disk.
type trace struct{ posted, begun, decided time.Time }

// begin returns a trace for a command that is being posted, nil if this one is none of the share.
func (t *tracer) begin() *trace {
	if t.share <= 0 || t.share < 1 && rand.Float64() >= t.share {
		return nil
	}
	now := t.clock.now()
	if !t.room.AllowN(now, 1) {
		t.stats.tracesLimited.Add(1)
		return nil
	}
	return &trace{posted: now}
}

// sender is what a command has that somebody sent.
type sender interface{ From() *channel.Sender }

// A traced is a trace that has ended, and what the log says of its command. It holds on to no part of that.
type traced struct {
	trace
	left                     time.Time
	actor                    Address
	command                  reflect.Type
	outcome                  string
	connection, request, ref string // "": there is none
}

// end hands q's trace to the writer.
func (t *tracer) end(a Address, q *ask, err error) {
	e := traced{trace: *q.trace, left: t.clock.now(), actor: a, command: reflect.TypeOf(q.cmd), outcome: "ok"}
	if refused := new(channel.Error); errors.As(err, &refused) {
		e.outcome = refused.Code
	} else if err != nil {
		e.outcome = channel.ErrInternal.Code
	}
	if cmd, ok := q.cmd.(sender); ok {
		from := cmd.From()
		e.connection, e.request, e.ref = from.ConnectionID, from.RequestID, q.ref
	}
	select {
	case t.queue <- e:
	default:
		t.stats.tracesDropped.Add(1)
	}
}

// write writes one trace.
func (t *tracer) write(e *traced) {
	name := e.command
	if name.Kind() == reflect.Pointer {
		name = name.Elem()
	}
	attrs := []slog.Attr{
		slog.String("actor", e.actor.String()),
		slog.String("command", name.Name()),
		slog.String("outcome", e.outcome),
	}
	for _, id := range [...]struct{ key, value string }{{"connection", e.connection}, {"request", e.request}, {"ref", e.ref}} {
		if id.value != "" {
			attrs = append(attrs, slog.String(id.key, id.value))
		}
	}
	attrs = append(attrs,
		slog.Int64("waited_us", e.begun.Sub(e.posted).Microseconds()),
		slog.Int64("decided_us", e.decided.Sub(e.begun).Microseconds()),
		slog.Int64("durable_us", e.left.Sub(e.decided).Microseconds()))
	t.log.LogAttrs(context.Background(), slog.LevelInfo, "trace", attrs...)
	t.stats.traces.Add(1)
}
