package actors

import (
	"errors"
	"time"

	"dormouse/actors/channel"
)

// A fault while a client subscribes, such as a disk that fails to read once, is no refusal: the server tries
// again by itself, and the client hears nothing of it, or how that ended. Only if it still cannot a second
// after the first time, it answers NOT_SUBSCRIBED. Clients ask again after that, and would wait for any other
// answer as long as the connection lives; the second keeps them from asking in a circle.
//
// Source: the client library, hotsock.error.
var retryAfter = [...]time.Duration{250 * time.Millisecond, 500 * time.Millisecond, 250 * time.Millisecond}

// faulted says whether a subscribe failed for a reason that may pass.
func faulted(err error) bool {
	return errors.Is(err, channel.ErrInternal) || errors.Is(err, channel.ErrReadOnly)
}

// retry is a subscribe whose time has come again.
type retry struct{ *outcome }

// retryLater keeps a subscribe that met a fault. Its membership stays, so that an unsubscribe is not missed.
func (a *connectionActor) retryLater(o *outcome) {
	o.membership.pending++
	handle := a.handle
	a.system.clock.after(retryAfter[o.retries], func() { handle.post(retry{o}) })
	o.retries++
}

// retry tries again, or gives up, unless the client has left the channel by now. If it was joined meanwhile,
// the answer is what it would have been without the fault.
func (a *connectionActor) retry(o *outcome) {
	m := o.membership
	m.pending--
	defer a.forget(m)
	if a.ended || o.attempt <= m.left {
		return
	}
	q := o.ask
	refuse := func(err *channel.Error) {
		a.say(&channel.Message{Kind: channel.KindError, Channel: refusedName(q.name, m.name, err), Err: err, Ref: q.ref})
	}
	switch {
	case o.retries < len(retryAfter):
	case m.rights != nil:
		refuse(channel.ErrAlreadySubscribed)
		return
	default:
		refuse(channel.ErrNotSubscribed)
		return
	}
	again := *q.cmd.(*channel.Subscribe)
	if again.Spend != nil {
		if err := a.system.options.Ledger.Reserve(*again.Spend); err != nil {
			refuse(invalidSubscribeToken(err))
			return
		}
	}
	// The place that the client's command took was given back when it met the fault.
	a.join(m.name, &ask{cmd: &again, sink: q.sink, name: q.name, ref: q.ref, unasked: true}, o.rights, o.retries)
}
