package actors

import (
	"context"

	"dormouse/actors/channel"
)

// An errand is what an HTTP call wants of a live connection: it runs on the connection actor, so that it
// acts with the very rights that the client's frames have, and in one order with them.
type errand struct {
	run func(a *connectionActor, reply func(result any, err error))
	// reply takes the answer. It does not block, and takes the first of several.
	reply func(result any, err error)
}

// An errand waits behind what the client sent before its connection was greeted.
func (*errand) command() {}

// ask has run act for the connection, and waits for the reply or for ctx's end. run must not wait; whatever it
// calls replies, at once or later.
//
// Errors: channel.ErrUnauthorized if the connection ended before its turn came; then run was not called. Else
// reply's, or ctx's.
func (c *Connection) ask(ctx context.Context, run func(a *connectionActor, reply func(result any, err error))) (any, error) {
	type answer struct {
		result any
		err    error
	}
	answers := make(chan answer, 1)
	e := &errand{run: run, reply: func(result any, err error) {
		select {
		case answers <- answer{result, err}:
		default:
		}
	}}
	if !c.handle.post(e) {
		return nil, channel.ErrUnauthorized
	}
	select {
	case a := <-answers:
		return a.result, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// do runs an errand, unless the connection has ended.
func (a *connectionActor) do(e *errand) {
	if a.ended {
		e.reply(nil, channel.ErrUnauthorized)
		return
	}
	defer a.guard(func() { e.reply(nil, channel.ErrInternal) })
	e.run(a, e.reply)
}
