package actors

import (
	"errors"
	"sync/atomic"

	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// updateUMD changes the umd of a subscription or of the connection, as a umd token allows.
func (a *connectionActor) updateUMD(c *UpdateUMD) {
	var m *membership
	refuse := func(err *channel.Error) { a.refuseOn(m, c.Channel, c.Ref, err) }
	name := ""
	if c.Channel != "" {
		name, m = a.resolve(c.Channel)
		if err := claims.CheckChannel(name); err != nil {
			refuse(channel.ErrInvalidChannel.With("%s.", sentence(err)))
			return
		}
	}
	token, err := a.system.verify(a.request.App, c.Token, claims.ScopeUMD)
	if err == nil {
		err = token.Bind(a.connection.id, a.uid)
	}
	switch {
	case err != nil:
		refuse(invalidUMDToken(err))
		return
	case name == "" && !token.UMDUpdate, name != "" && !(claims.Layers{Connect: token}).Channel(name).UMDUpdate():
		refuse(channel.ErrUMDUpdateDenied)
		return
	case name != "" && (m == nil || m.rights == nil):
		refuse(channel.ErrNotSubscribed)
		return
	case c.Schedule.Expression != "":
		refuse(channel.ErrInvalidSchedule.With("A umd update cannot be scheduled; send it without scheduleExpression."))
		return
	}
	var spend *claims.Spend
	if token.SingleUse {
		once := token.Spend(a.request.App)
		if err := a.system.options.Ledger.Reserve(once); err != nil {
			refuse(invalidUMDToken(err))
			return
		}
		spend = &once
	}
	if name == "" {
		a.updateOwnUMD(c, token, spend)
		return
	}
	a.send(name, c.Channel, c.Ref, &channel.UpdateUMD{Sender: a.sender(), UMD: token.UMD, Spend: spend})
}

// updateOwnUMD changes what the connection's broadcasts carry and its later subscriptions begin with, and,
// if the token says so, every subscription that there is or is being made: each of those commands stands
// behind its subscribe in the channel's mailbox. Backends hear of another value, and not of an equal one.
func (a *connectionActor) updateOwnUMD(c *UpdateUMD, token *claims.Claims, spend *claims.Spend) {
	changed := !channel.EqualUMD(a.umd, token.UMD)
	a.umd = token.UMD
	p := &propagation{sink: a.sink, ref: c.Ref}
	if a.call != nil {
		p.reply = a.call.reply
	}
	p.left.Store(2)
	if !changed || !a.emitUpdated(p.settle) {
		p.left.Store(1)
	}
	if spend != nil {
		p.left.Add(1)
		writes := []persistence.Write{persistence.SpendID(spend.App, spend.ID, spend.Until)}
		a.system.options.Store.Commit(writes, persistence.Sync, p.settle)
	}
	if token.UMDPropagate {
		for name := range a.memberships {
			p.left.Add(1)
			a.system.router.tell(a.channel(name), &ask{
				cmd:   &channel.UpdateUMD{Sender: a.sender(), UMD: token.UMD},
				reply: func(_ any, err error) { p.heard(name, err) },
			})
		}
	}
	p.settle()
}

// A propagation waits for all who are concerned by one change of a connection's umd, and then answers once.
// Its methods are called from several actors.
type propagation struct {
	sink    channel.Sink
	ref     string
	reply   func(any, error) // nil: the answer is a frame
	left    atomic.Int64     // who is still to be heard of, and 1 while it is being begun
	refused atomic.Pointer[channel.Error]
}

// heard takes a channel's answer. A subscription that is not there, or no more, is none that keeps its umd.
func (p *propagation) heard(name string, err error) {
	var refused *channel.Error
	if errors.As(err, &refused) && refused != channel.ErrNotSubscribed {
		p.refused.CompareAndSwap(nil, refused)
		if p.reply == nil {
			m := &channel.Message{Kind: channel.KindError, Channel: name, Err: refused, Ref: p.ref}
			deliver(&channel.Delivery{To: p.sink, Message: m, Bulk: true})
		}
	}
	p.settle()
}

// settle counts one of those who are concerned, and answers after the last.
func (p *propagation) settle() {
	if p.left.Add(-1) > 0 {
		return
	}
	refused := p.refused.Load()
	switch {
	case p.reply != nil && refused != nil:
		p.reply(nil, refused)
	case p.reply != nil:
		p.reply(nil, nil)
	default:
		if refused == nil && p.ref != "" {
			deliver(&channel.Delivery{To: p.sink, Message: &channel.Message{Kind: channel.KindAck, Ref: p.ref}, Bulk: true})
		}
		p.sink.Complete(1)
	}
}

func invalidUMDToken(err error) *channel.Error {
	var e *claims.Error
	switch {
	case errors.As(err, &e):
		return channel.ErrInvalidUMDToken.With("The umd token is invalid: %s.", e.Detail)
	case errors.Is(err, claims.ErrSpent):
		return channel.ErrInvalidUMDToken.With("The umd token is invalid: it was already used.")
	case errors.Is(err, persistence.ErrReadOnly):
		return channel.ErrReadOnly
	}
	return channel.ErrInternal
}
