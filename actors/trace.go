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
type tracer struct {
	share float64
	clock *clock
	log   *slog.Logger
	stats *stats
	room  *rate.Limiter
}

// tracesPerSecond bounds what a busy server writes, whatever its share; above it commands are not traced.
const tracesPerSecond = 1000

func newTracer(share float64, c *clock, log *slog.Logger, s *stats) *tracer {
	return &tracer{share: share, clock: c, log: log, stats: s, room: rate.NewLimiter(tracesPerSecond, tracesPerSecond)}
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

// end writes q's trace.
func (t *tracer) end(a Address, q *ask, err error) {
	left, outcome := t.clock.now(), "ok"
	if refused := new(channel.Error); errors.As(err, &refused) {
		outcome = refused.Code
	} else if err != nil {
		outcome = channel.ErrInternal.Code
	}
	name := reflect.TypeOf(q.cmd)
	if name.Kind() == reflect.Pointer {
		name = name.Elem()
	}
	attrs := []slog.Attr{slog.String("actor", a.String()), slog.String("command", name.Name()), slog.String("outcome", outcome)}
	if cmd, ok := q.cmd.(sender); ok {
		from := cmd.From()
		for _, id := range [...]struct{ key, value string }{{"connection", from.ConnectionID}, {"request", from.RequestID}, {"ref", q.ref}} {
			if id.value != "" {
				attrs = append(attrs, slog.String(id.key, id.value))
			}
		}
	}
	attrs = append(attrs,
		slog.Int64("waited_us", q.trace.begun.Sub(q.trace.posted).Microseconds()),
		slog.Int64("decided_us", q.trace.decided.Sub(q.trace.begun).Microseconds()),
		slog.Int64("durable_us", left.Sub(q.trace.decided).Microseconds()))
	t.log.LogAttrs(context.Background(), slog.LevelInfo, "trace", attrs...)
	t.stats.traces.Add(1)
}
