package actors

import (
	"errors"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// resolve finds the real name behind what the client wrote, and what is known of that channel: an alias
// that came with a subscription, then names and aliases of the connect token. A real name goes before an
// alias.
func (a *connectionActor) resolve(name string) (string, *membership) {
	if m := a.memberships[name]; m != nil {
		return name, m
	}
	real, _ := claims.Layers{Connect: a.claims}.Resolve(name)
	if real == name {
		for _, m := range a.memberships {
			if m.rights != nil && m.rights.grant.Alias() == name {
				return m.name, m
			}
		}
	}
	return real, a.memberships[real]
}

// named is resolve for a name that must be one of a channel; false: the command was refused.
func (a *connectionActor) named(name, ref string) (real string, m *membership, ok bool) {
	real, m = a.resolve(name)
	if err := claims.CheckChannel(real); err != nil {
		a.refuse(name, ref, channel.ErrInvalidChannel.With("%s.", sentence(err)))
		return "", nil, false
	}
	return real, m, true
}

// rights returns what the connection may do on a channel now.
func (a *connectionActor) rightsOn(name string, m *membership) *rights {
	if m != nil && m.rights != nil {
		return m.rights
	}
	if r := a.unjoined[name]; r != nil {
		return r
	}
	r := &rights{grant: claims.Layers{Connect: a.claims}.Channel(name)}
	if a.unjoined == nil || len(a.unjoined) >= maxVerdicts {
		a.unjoined = make(map[string]*rights)
	}
	a.unjoined[name] = r
	return r
}

// send hands a command to a channel, with the client's name for it.
func (a *connectionActor) send(real, name, ref string, cmd any) {
	a.sendIn(new(ask), real, name, ref, cmd)
}

// sendIn is send by an ask that is there already, for nobody else.
func (a *connectionActor) sendIn(q *ask, real, name, ref string, cmd any) {
	if a.call != nil {
		a.system.router.tell(a.channel(real), a.call.asked(real, cmd))
		return
	}
	*q = ask{cmd: cmd, sink: a.sink, name: name, ref: ref}
	a.system.router.tell(a.channel(real), q)
}

// refuseOn refuses a command on a channel. If the connection has or had to do with the channel, the channel
// gives the answer, so that it does not overtake others that it still holds back.
func (a *connectionActor) refuseOn(m *membership, name, ref string, err *channel.Error) {
	if m == nil || a.call != nil {
		a.refuse(name, ref, err)
		return
	}
	a.send(m.name, name, ref, refusal{err})
}

func (a *connectionActor) publish(c *Publish) {
	name, m := a.resolve(c.Channel)
	if err := claims.CheckEvent(c.Event); err != nil {
		a.refuseOn(m, c.Channel, c.Ref, channel.ErrInvalidEvent.With("%s.", sentence(err)))
		return
	}
	if err := claims.CheckChannel(name); err != nil {
		a.refuse(c.Channel, c.Ref, channel.ErrInvalidChannel.With("%s.", sentence(err)))
		return
	}
	grant := a.rightsOn(name, m).event(c.Event)
	if !grant.MayPublish(true) {
		a.refuseOn(m, c.Channel, c.Ref, channel.ErrPublishDenied)
		return
	}
	if !grant.MayPublish(m != nil && m.rights != nil) {
		a.refuseOn(m, c.Channel, c.Ref, channel.ErrNotSubscribed)
		return
	}
	sender := a.sender()
	emit := grant.EmitPubSubEvent == claims.True
	if emit {
		sender.RequestID = a.requestID()
	}
	if c.Ref != "" {
		sender.Sink = nil // so that there is a result, whose id the acknowledgement carries
	}
	q := new(asking[channel.Publish])
	cmd := &q.is
	*cmd = channel.Publish{
		Sender:     sender,
		Event:      c.Event,
		Data:       c.Data,
		Subscribed: !grant.Broadcast,
		Echo:       grant.Echo,
		Emit:       emit,
		Store:      grant.Store,
	}
	if c.Schedule.Expression == "" {
		a.sendIn(&q.ask, name, c.Channel, c.Ref, cmd)
		return
	}
	later, err := a.later(c.Schedule, grant.ScheduleBefore, &channel.Schedule{Publish: cmd, EagerID: c.EagerID})
	if err != nil {
		a.refuseOn(m, c.Channel, c.Ref, err)
		return
	}
	a.send(name, c.Channel, c.Ref, later)
}

func (a *connectionActor) setStorage(c *SetStorage) {
	name, m, ok := a.storageName(c.Channel, c.Key, c.Ref)
	if !ok {
		return
	}
	grant := a.rightsOn(name, m).key(c.Key)
	if !grant.Set {
		a.refuseOn(m, c.Channel, c.Ref, channel.ErrStorageDenied.With("Not allowed to set this key."))
		return
	}
	q := new(asking[channel.SetStorage])
	cmd := &q.is
	*cmd = channel.SetStorage{
		Sender:       a.sender(),
		Key:          c.Key,
		Data:         c.Data,
		Store:        grant.Store,
		Emit:         grant.EmitPubSubEvent,
		NotifyExpiry: grant.NotifyExpiry.Or(a.system.notifyExpiry),
	}
	if c.Schedule.Expression == "" {
		a.sendIn(&q.ask, name, c.Channel, c.Ref, cmd)
		return
	}
	if c.Ref != "" {
		cmd.Sink = nil // so that there is a result, as for a message
	}
	later, err := a.later(c.Schedule, grant.ScheduleBefore, &channel.Schedule{Set: cmd})
	if err != nil {
		a.refuseOn(m, c.Channel, c.Ref, err)
		return
	}
	a.send(name, c.Channel, c.Ref, later)
}

func (a *connectionActor) getStorage(c *GetStorage) {
	name, m, ok := a.storageName(c.Channel, c.Key, c.Ref)
	if !ok {
		return
	}
	if !a.rightsOn(name, m).key(c.Key).Get {
		a.refuseOn(m, c.Channel, c.Ref, channel.ErrStorageDenied.With("Not allowed to get this key."))
		return
	}
	a.send(name, c.Channel, c.Ref, &channel.GetStorage{Sender: a.sender(), Key: c.Key, Version: c.Version})
}

// storageName checks the names of a storage command.
func (a *connectionActor) storageName(name, key, ref string) (string, *membership, bool) {
	real, m, ok := a.named(name, ref)
	if !ok {
		return "", nil, false
	}
	if err := claims.CheckStorageKey(key); err != nil {
		a.refuseOn(m, name, ref, channel.ErrInvalidStorageKey.With("%s.", sentence(err)))
		return "", nil, false
	}
	return real, m, true
}

func (a *connectionActor) subscribe(c *Subscribe) {
	layers := claims.Layers{Connect: a.claims}
	if c.Token != "" {
		token, err := a.system.verify(a.request.App, c.Token, claims.ScopeSubscribe)
		if err == nil {
			err = token.Bind(a.connection.id, a.uid)
		}
		if err != nil {
			a.refuse(c.Channel, c.Ref, invalidSubscribeToken(err))
			return
		}
		layers.Subscribe = token
	}
	name, _ := layers.Resolve(c.Channel)
	if err := claims.CheckChannel(name); err != nil {
		a.refuse(c.Channel, c.Ref, channel.ErrInvalidChannel.With("%s.", sentence(err)))
		return
	}
	grant := layers.Channel(name)
	if !grant.Subscribe() {
		a.refuseJoin(name, c, channel.ErrSubscribeDenied)
		return
	}
	cmd := &channel.Subscribe{Sender: a.sender(), UID: a.uid, UMD: a.umd, Alias: grant.Alias(), Grant: grant}
	if _, ok := a.sink.Codec().(channel.NumberedCodec); ok && (c.Resume || c.After != nil) {
		cmd.Numbered, cmd.After = true, c.After
	}
	if token := layers.Subscribe; token != nil {
		if token.HasUID {
			cmd.UID = token.UID
		}
		if token.HasUMD {
			cmd.UMD = token.UMD
		}
		if token.SingleUse {
			spend := token.Spend(a.request.App)
			if err := a.system.options.Ledger.Reserve(spend); err != nil {
				a.refuseJoin(name, c, invalidSubscribeToken(err))
				return
			}
			cmd.Spend = &spend
		}
	}
	a.join(name, &ask{cmd: cmd, sink: a.sink, name: c.Channel, ref: c.Ref}, &rights{grant: grant, token: layers.Subscribe}, 0)
}

// refuseJoin refuses a subscribe. Being subscribed already goes before every other reason, and that answer
// must not overtake the one that says so.
func (a *connectionActor) refuseJoin(name string, c *Subscribe, err *channel.Error) {
	m := a.memberships[name]
	if m != nil && m.rights != nil {
		err = channel.ErrAlreadySubscribed
	}
	a.refuseOn(m, c.Channel, c.Ref, err)
}

// autoSubscribe joins the next channel that the connect token joins by itself, one after the other so that
// the client reads them in order, and then runs what the client has sent meanwhile.
func (a *connectionActor) autoSubscribe() {
	for len(a.autos) > 0 {
		name := a.autos[0]
		a.autos = a.autos[1:]
		if err := claims.CheckChannel(name); err != nil {
			a.say(&channel.Message{Kind: channel.KindError, Channel: name, Err: channel.ErrInvalidChannel.With("%s.", sentence(err))})
			continue
		}
		grant := claims.Layers{Connect: a.claims}.Channel(name)
		cmd := &channel.Subscribe{Sender: a.sender(), UID: a.uid, UMD: a.umd, Alias: grant.Alias(), Auto: true, Grant: grant}
		handle := a.handle
		a.join(name, &ask{cmd: cmd, sink: a.sink, name: name, unasked: true,
			reply: func(any, error) { handle.post(autoSubscribed{}) }}, &rights{grant: grant}, 0)
		return
	}
	a.greeted = true
	early := a.early
	a.autos, a.early = nil, nil
	for _, cmd := range early {
		a.receive(cmd)
	}
}

// join sends a subscribe, and believes that it will succeed unless the channel is joined already. retries is how
// often it was sent before.
func (a *connectionActor) join(name string, q *ask, granted *rights, retries int) {
	m := a.memberships[name]
	if m == nil {
		m = &membership{name: name}
		if a.memberships == nil {
			a.memberships = make(map[string]*membership)
		}
		a.memberships[name] = m
	}
	a.attempts++
	o := &outcome{membership: m, attempt: a.attempts, rights: granted, ask: q, retries: retries}
	m.pending++
	if m.rights == nil {
		m.rights, m.attempt = o.rights, o.attempt
	}
	handle := a.handle
	q.outcome = func(err error) {
		o.err = err
		handle.post(o)
	}
	a.system.router.tell(a.channel(name), q)
}

// settle takes note of how a subscribe ended.
func (a *connectionActor) settle(o *outcome) {
	m := o.membership
	m.pending--
	switch {
	case o.attempt == 0: // an unsubscribe
	case o.err == nil && o.attempt > m.left:
		m.rights, m.attempt = o.rights, o.attempt
	case o.err != nil && o.attempt == m.attempt:
		m.rights = nil
	}
	if faulted(o.err) && !a.ended {
		a.retryLater(o)
	}
	a.forget(m)
}

// forget drops a membership of which nothing is left.
func (a *connectionActor) forget(m *membership) {
	if m.rights == nil && m.pending == 0 && a.memberships[m.name] == m {
		delete(a.memberships, m.name)
	}
}

func (a *connectionActor) unsubscribe(c *Unsubscribe) {
	name, m, ok := a.named(c.Channel, c.Ref)
	if !ok {
		return
	}
	if m == nil {
		a.refuse(c.Channel, c.Ref, channel.ErrNotSubscribed)
		return
	}
	m.rights, m.left = nil, a.attempts
	m.pending++
	o, handle := &outcome{membership: m}, a.handle
	a.system.router.tell(a.channel(name), &ask{
		cmd:   &channel.Unsubscribe{Sender: a.sender()},
		sink:  a.sink,
		name:  c.Channel,
		ref:   c.Ref,
		reply: func(any, error) { handle.post(o) },
	})
}

func invalidSubscribeToken(err error) *channel.Error {
	var e *claims.Error
	if errors.As(err, &e) {
		return channel.ErrInvalidSubscribeToken.With("The subscribe token is invalid: %s.", e.Detail)
	}
	if errors.Is(err, claims.ErrSpent) {
		return channel.ErrInvalidSubscribeToken.With("The subscribe token is invalid: it was already used.")
	}
	return channel.ErrInternal
}

// sentence makes an error's text begin a sentence.
func sentence(err error) string {
	s := err.Error()
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
