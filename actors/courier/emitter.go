package courier

import (
	"context"
	"errors"
	"time"
)

// An Emitter hands events over to one endpoint.
type Emitter interface {
	// Name tells the endpoint apart from all others, in metrics, logs and on disk: whoever has a name is
	// taken for who had it before the restart. It holds no secret.
	Name() string
	// Wants says whether the endpoint is told of such an event. channel is "" if the event is of none. It
	// answers alike for as long as the process lives.
	Wants(eventType, dataType, channel string) bool
	// Emit returns nil when the endpoint has the event; any error means that it may not. It ends within a
	// bound of its own, and soon after ctx. Several calls run at once, never two for one channel.
	//
	// Errors: *Refusal if more is known than that it failed. An error's text goes into logs and dead letters.
	Emit(ctx context.Context, e *Event) error
}

// A Refusal is an attempt that failed, with what follows from how.
type Refusal struct {
	Reason string
	// After is when the endpoint wants to be asked again at the earliest; zero: it has not said.
	After time.Duration
	// Picky says that the endpoint is well and does not want this event, so that others may go on.
	Picky bool
	// Final says that trying again cannot help.
	Final bool
}

func (r *Refusal) Error() string { return r.Reason }

func refusalOf(err error) Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return *r
	}
	return Refusal{Reason: err.Error()}
}

// A Listener is a set of functions that metrics and logs hang on; nil ones are not called. They are called
// from several goroutines at once and must not block.
type Listener struct {
	// Backlogged: the outbox has grown beyond Options.Backlog, or is well below it again.
	Backlogged func(over bool, events int)
	// Down: an endpoint was given up for the moment, or takes events again. reason is of the last attempt.
	Down func(endpoint string, down bool, reason string)
	// Buried: an event became a dead letter.
	Buried func(endpoint, eventID, eventType, reason string)
	// Dropped: so many dead letters were dropped, because there were more than Options.MaxDead.
	Dropped func(n int)
	// Attempt: an attempt has ended after so long.
	Attempt func(endpoint string, took time.Duration, err error)
}

func (l *Listener) ensureDefaults() {
	if l.Backlogged == nil {
		l.Backlogged = func(bool, int) {}
	}
	if l.Down == nil {
		l.Down = func(string, bool, string) {}
	}
	if l.Buried == nil {
		l.Buried = func(string, string, string, string) {}
	}
	if l.Dropped == nil {
		l.Dropped = func(int) {}
	}
	if l.Attempt == nil {
		l.Attempt = func(string, time.Duration, error) {}
	}
}
