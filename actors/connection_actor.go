package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/time/rate"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A connectionActor stands between one socket and the channels: it knows what its tokens allow, resolves
// aliases, and stamps who is speaking. It handles what the client asks, and never what is delivered to it.
//
// It does not decide whether the connection is subscribed; the channel does. Between a subscribe and its
// outcome it takes for granted that it will succeed, so that commands right behind it are judged by the
// rights they will have; what then needs a subscription that was not made is refused by the channel.
type connectionActor struct {
	*connectionBirth
	handle *handle

	uid string
	umd []byte

	memberships map[string]*membership // by real channel name
	unjoined    map[string]*rights     // of the connect token alone, by real channel name; bounded
	attempts    uint64                 // subscribes so far

	connectedAt time.Time

	autos   []string  // channels that the token joins by itself and that are still to come
	early   []Command // what the client sent before they were joined; bounded by its Credit
	greeted bool      // they are
	ended   bool      // the socket is gone
	ousted  bool      // it is to go, and not to come back

	call *call // being run, if it came over HTTP and not as a frame

	schedules *rate.Limiter // nil: it has scheduled nothing yet

	expiresAt time.Time // zero: never
	keepAlive time.Time // next one; zero: not asked for
	heartbeat time.Time // the deadline; zero: not asked for
	armed     time.Time // when alarm rings; zero: it is not set
	alarm     *alarm
}

// connectionBirth is a connection actor's first message.
type connectionBirth struct {
	system     *System
	connection *Connection
	sink       channel.Sink
	claims     *claims.Claims
	request    ConnectRequest
}

// What a connection actor hears besides its client's commands.
type (
	begin          struct{} // greet the client
	opened         struct{} // its beginning is on disk
	autoSubscribed struct{} // one of the token's own subscribes has been answered
	gone           struct{} // the socket has ended
	tick           struct{} // a deadline may have come
	// dismissed: the server ends the connection.
	dismissed struct{ close channel.Close }
	outcome   struct { // a channel decided a subscribe
		membership *membership
		attempt    uint64
		rights     *rights
		ask        *ask
		retries    int
		err        error
	}
)

// A membership is what the connection believes of one channel.
type membership struct {
	name    string
	rights  *rights // nil: not subscribed
	attempt uint64  // the subscribe that rights came from
	left    uint64  // the last subscribe before the last unsubscribe
	pending int     // subscribes and unsubscribes that have no outcome yet
}

// rights is what the connection may do on one channel, with the verdicts so far.
type rights struct {
	grant  *claims.ChannelGrant
	token  *claims.Claims // that the subscription was made with; nil: the connect token alone
	events map[string]claims.EventGrant
	keys   map[string]claims.KeyGrant
}

// maxVerdicts bounds what a client can make us remember by asking for ever new names.
const maxVerdicts = 64

func (r *rights) event(name string) claims.EventGrant {
	if g, ok := r.events[name]; ok {
		return g
	}
	g := r.grant.Event(name)
	if r.events == nil || len(r.events) >= maxVerdicts {
		r.events = make(map[string]claims.EventGrant)
	}
	r.events[name] = g
	return g
}

func (r *rights) key(name string) claims.KeyGrant {
	if g, ok := r.keys[name]; ok {
		return g
	}
	g := r.grant.Key(name)
	if r.keys == nil || len(r.keys) >= maxVerdicts {
		r.keys = make(map[string]claims.KeyGrant)
	}
	r.keys[name] = g
	return g
}

// Receive is the mailbox's end.
func (a *connectionActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *connectionBirth:
		a.connectionBirth, a.handle = m, m.connection.handle
		a.uid, a.umd = m.claims.UID, m.claims.UMD
		return
	case *errand:
		if a.greeted || a.ended {
			a.do(m)
		} else {
			a.early = append(a.early, m)
		}
	case Command:
		if a.ended {
			break // nobody reads the answer, and nothing may come of it
		}
		if a.greeted {
			a.receive(m)
		} else {
			a.early = append(a.early, m)
		}
	case *outcome:
		a.settle(m)
	case retry:
		a.retry(m.outcome)
	case begin:
		a.begin()
	case opened:
		if !a.ended {
			a.greet()
		}
	case autoSubscribed:
		a.autoSubscribe()
	case tick:
		if !a.ended {
			a.tick()
		}
	case dismissed:
		a.dismiss(m.close)
	case revoked:
		a.revoked(&m.Revocation)
	case describe:
		m.reply(a.describe())
	case evict:
		if j := a.memberships[m.name]; j != nil && j.rights != nil {
			a.evict(j, m.reply)
		} else {
			m.reply(nil, channel.ErrNotSubscribed)
		}
	case gone:
		a.end()
		if a.handle.retire() {
			ctx.Stop(ctx.Self())
			return
		}
		// Whoever posted before may wait for an answer: they come first, and are told.
		a.handle.post(gone{})
	default:
		return // protoactor's own
	}
	a.handle.handled()
}

// receive runs one command of the client.
func (a *connectionActor) receive(cmd Command) {
	a.system.stats.commands.Add(1)
	defer a.guard(nil)
	a.decide(cmd)
}

// decide runs one command, of a frame or of an HTTP call.
func (a *connectionActor) decide(cmd Command) {
	switch c := cmd.(type) {
	case *Publish:
		a.publish(c)
	case *SetStorage:
		a.setStorage(c)
	case *WriteStorage:
		a.writeStorage(c)
	case *GetStorage:
		a.getStorage(c)
	case *Subscribe:
		a.subscribe(c)
	case *Unsubscribe:
		a.unsubscribe(c)
	case *React:
		a.react(c)
	case *UpdateUMD:
		a.updateUMD(c)
	case *errand:
		a.do(c)
	case *Heartbeat:
		if a.claims.HeartbeatTimeout > 0 {
			a.heartbeat = a.system.clock.now().Add(a.claims.HeartbeatTimeout)
		}
		a.acknowledge(c.Ref)
	case *Ping:
		a.say(&channel.Message{Kind: channel.KindPong, Ref: c.Ref})
		a.sink.Complete(1)
	}
}

// guard ends a connection whose actor panicked, for its own state may be lost. It is deferred. otherwise, if
// not nil, is called then.
func (a *connectionActor) guard(otherwise func()) {
	r := recover()
	if r == nil {
		return
	}
	a.system.stats.panics.Add(1)
	a.system.options.Logger.Error("a connection panicked", "connection", a.connection.id, "panic", r)
	a.sink.Close(channel.CloseInternal)
	if otherwise != nil {
		otherwise()
	}
}

// begin starts the connection's timers, and greets the client as soon as it may be told to backends.
func (a *connectionActor) begin() {
	now := a.system.clock.now()
	a.connectedAt = now
	a.expiresAt = a.system.expiry(now)
	if a.claims.KeepAlive {
		a.keepAlive = now.Add(a.system.options.KeepAlivePeriod)
	}
	if a.claims.HeartbeatTimeout > 0 {
		a.heartbeat = now.Add(a.claims.HeartbeatTimeout)
	}
	a.arm()
	if !a.emitConnected() {
		a.greet()
	}
}

// greet tells the client that it is connected, and joins what its token joins by itself.
func (a *connectionActor) greet() {
	a.say(&channel.Message{
		Kind: channel.KindConnected,
		Meta: &channel.Meta{UID: a.uid, UMD: a.umd},
		Conn: &channel.ConnectionInfo{ID: a.connection.id, Secret: a.connection.secret, ExpiresAt: a.expiresAt},
	})
	a.autos = a.claims.AutoSubscribes()
	a.autoSubscribe()
}

// tick acts on the deadlines that have come, and waits for the next.
func (a *connectionActor) tick() {
	now := a.system.clock.now()
	a.armed = time.Time{}
	switch {
	case reached(a.expiresAt, now):
		a.sink.Close(channel.CloseGoingAway)
		return
	case reached(a.heartbeat, now):
		a.sink.Close(channel.CloseHeartbeat)
		return
	}
	if reached(a.keepAlive, now) {
		a.keepAlive = now.Add(a.system.options.KeepAlivePeriod)
		a.say(&channel.Message{Kind: channel.KindKeepAlive})
	}
	a.arm()
}

func reached(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// arm sets an alarm for the first deadline. A deadline that moved back finds an early alarm, which sets the
// next: so a heartbeat costs no alarm of its own.
func (a *connectionActor) arm() {
	first := a.expiresAt
	for _, t := range []time.Time{a.keepAlive, a.heartbeat} {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if first.IsZero() || !a.armed.IsZero() && !first.Before(a.armed) {
		return
	}
	a.system.clock.cancel(a.alarm)
	handle := a.handle
	a.armed, a.alarm = first, a.system.clock.at(first, func() { handle.post(tick{}) })
}

// end leaves every channel.
func (a *connectionActor) end() {
	if a.ended {
		return
	}
	a.ended = true
	a.system.connections.remove(a.connection)
	a.system.clock.cancel(a.alarm) // or it would hold on to the connection for its whole age
	left := a.farewell()
	for name, m := range a.memberships {
		if m.rights == nil && m.pending == 0 {
			continue
		}
		a.system.router.tell(a.channel(name), &ask{cmd: &channel.Unsubscribe{Sender: a.sender(), Gone: true, Lost: !a.ousted}, reply: left.channel()})
	}
	for _, cmd := range a.early {
		if e, ok := cmd.(*errand); ok {
			a.do(e)
		}
	}
	left.connection()
	a.memberships, a.unjoined, a.autos, a.early = nil, nil, nil, nil
}

// dismiss ends the connection. Whoever is kicked, or has no right any more, is not expected back.
func (a *connectionActor) dismiss(c channel.Close) {
	a.ousted = a.ousted || c == channel.CloseKicked || c == channel.CloseRevoked
	a.sink.Close(c)
}

// say tells the client what concerns no channel.
func (a *connectionActor) say(m *channel.Message) {
	deliver(&channel.Delivery{To: a.sink, Message: m, Bulk: true})
}

// refuse answers a command that no channel needs to see.
func (a *connectionActor) refuse(name, ref string, err *channel.Error) {
	a.system.stats.refused(err)
	if a.call != nil {
		a.call.reply(nil, err)
		return
	}
	a.say(&channel.Message{Kind: channel.KindError, Channel: name, Err: err, Ref: ref})
	a.sink.Complete(1)
}

// acknowledge answers a command that succeeded here.
func (a *connectionActor) acknowledge(ref string) {
	if a.call != nil {
		a.call.reply(nil, nil)
		return
	}
	if ref != "" {
		a.say(&channel.Message{Kind: channel.KindAck, Ref: ref})
	}
	a.sink.Complete(1)
}

// channel returns the address of the channel with this real name.
func (a *connectionActor) channel(name string) Address {
	return channelAddress(a.request.App, name)
}

// sender is who a command to a channel comes from. One over HTTP has no sink: its answer is a result.
func (a *connectionActor) sender() channel.Sender {
	if a.call != nil {
		s := a.call.from.sender()
		s.ConnectionID, s.UID, s.UMD = a.connection.id, a.uid, a.umd
		return s
	}
	return channel.Sender{
		ConnectionID: a.connection.id,
		Sink:         a.sink,
		UID:          a.uid,
		UMD:          a.umd,
		Trigger:      channel.TriggerClientWebSocket,
		SourceIP:     a.request.SourceIP,
		UserAgent:    a.request.UserAgent,
	}
}
