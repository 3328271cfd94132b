package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MaxLength bounds an expression, in bytes: each is kept as it was written.
const MaxLength = 256

// An Expression is when something is due: once, or again and again.
type Expression struct {
	zone  *time.Location
	once  time.Time     // zero: it recurs
	every time.Duration // zero: it is no rate
	cron  *cron         // nil: it is no cron
}

// Parse reads an expression, without regard to white space round it, and the name of its time zone; "" is
// UTC. An at() may lie in the past.
//
// Errors: a fault that begins with what is wrong, scheduleExpression or scheduleExpressionTimezone, and says
// what was expected; it is for whoever wrote the expression.
func Parse(text, timezone string) (Expression, error) {
	var e Expression
	zone, err := zoneOf(timezone)
	if err != nil {
		return e, fmt.Errorf("scheduleExpressionTimezone %w", err)
	}
	e.zone = zone
	if err := e.parse(strings.TrimSpace(text)); err != nil {
		return e, fmt.Errorf("scheduleExpression %w", err)
	}
	return e, nil
}

func (e *Expression) parse(text string) (err error) {
	if len(text) > MaxLength {
		return fmt.Errorf("must be at most %d bytes, not %d", MaxLength, len(text))
	}
	kind, rest, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	switch {
	case !ok || kind != "at" && kind != "rate" && kind != "cron":
		return errors.New("must be at(YYYY-MM-DDThh:mm:ss), such as at(2030-01-31T09:00:00)")
	case !closed:
		return errors.New("must end with ')'")
	}
	switch kind {
	case "at":
		e.once, err = parseAt(inner, e.zone)
	case "rate":
		e.every, err = parseRate(inner)
	case "cron":
		e.cron, err = parseCron(inner)
	}
	return err
}

// Recurs says that it is due more than once: a rate() or a cron().
func (e Expression) Recurs() bool { return e.once.IsZero() }

// First returns when it is due first if it is accepted now: an at() at its own time, which may be past, a
// rate() after one interval, a cron() at the next time that it names. Zero: never. In UTC, whole seconds but
// for a rate().
func (e Expression) First(now time.Time) time.Time {
	switch {
	case !e.Recurs():
		return e.once
	case e.cron != nil:
		return e.cron.after(now, e.zone)
	}
	return now.Add(e.every).UTC()
}

// Next returns when it is due again after it was due and has run now, which may be much later: what was missed
// in between is not made up for. Zero: never again.
func (e Expression) Next(due, now time.Time) time.Time {
	if due.After(now) {
		now = due
	}
	switch {
	case !e.Recurs():
		return time.Time{}
	case e.cron != nil:
		return e.cron.after(now, e.zone)
	}
	missed := now.Sub(due) / e.every
	return due.Add((missed + 1) * e.every).UTC()
}
