package actors

import (
	"errors"
	"sync"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// RefJoin is the Ref of the KindError that refuses a [Guest.Subscribe], so that codecs can tell it from others.
const RefJoin = "subscribe"

// A Guest is the engine's end of one connection of a tenant. The door has judged all that it asks.
//
// It has no actor: it knows which channels it may be on, so that it leaves each of them, and all else is decided by
// the channels. Its methods never block and may be called from any goroutine; what one goroutine asks of one channel
// is done in that order. Each of Subscribe, Unsubscribe, ClientEvent and SignIn ends with exactly one Sink.Complete,
// after its answer, unless it returns an error: then it has done nothing. After Closed they do nothing, and complete
// nothing.
type Guest struct {
	system              *System
	tenant              *tenant
	id                  string
	sink                channel.Sink
	maxChannels         int
	sourceIP, userAgent string

	mu       sync.Mutex
	closed   bool
	stays    map[string]*stay // by channel
	attempts uint64

	// Under the tenant's mu.
	gone    bool
	user    string // "": not signed in
	watches map[string]struct{}
}

// A stay is a channel that a guest is on, or has asked to be.
type stay struct {
	uid     string // of its member
	attempt uint64 // the last subscribe
	sure    bool   // the channel has said yes
	quiet   bool   // there is no channel
}

// Join asks for a subscription.
type Join struct {
	Channel string
	// Member is who the connection is on a presence channel: UID the user's id, UMD its info, nil if it has none.
	// Zero on any other.
	Member channel.Member
	// MaxMembers bounds the different users of a presence channel. 0: any number.
	MaxMembers int
	// Cache: the channel keeps an event for those who come.
	Cache bool
	// Count: subscribers hear how many they are, if it is no presence channel.
	Count bool
	// Storage: the connection reads what the channel stores, and its changes.
	Storage bool
	// Quiet: it is no channel but the address of a user. It is answered, and nobody else hears of it.
	Quiet bool
	// Outcome, if not nil, hears how it was decided, at once and before the answer. It must not block.
	Outcome func(error)
}

// ID returns the id that the door has chosen.
func (g *Guest) ID() string { return g.id }

// Subscribe joins a channel. The sink reads KindSubscribed, with Members on a presence channel; then, with Cache,
// KindPublished without Meta or KindCacheMiss; then what happens. With Storage, KindStorageUpdated for each entry comes
// between the first two. Or it reads KindError with Channel, Err and RefJoin:
// channel.ErrPresenceCapacityReached, ErrReadOnly, ErrInternal. Who is on the channel already reads the same, and
// nothing changes.
//
// Errors: ErrTooManyChannels.
func (g *Guest) Subscribe(r Join) error {
	quiet, err := g.join(r)
	if quiet {
		if r.Outcome != nil {
			r.Outcome(nil)
		}
		there := letter{message: &channel.Message{Kind: channel.KindSubscribed, Channel: r.Channel}, to: []channel.Sink{g.sink}, bulk: true, done: g.sink}
		there.leave()
	}
	return err
}

// join asks the channel, if there is one.
func (g *Guest) join(r Join) (quiet bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false, nil
	}
	st := g.stays[r.Channel]
	if st == nil {
		if len(g.stays) >= g.maxChannels {
			return false, ErrTooManyChannels
		}
		if g.stays == nil {
			g.stays = map[string]*stay{}
		}
		st = &stay{uid: r.Member.UID, quiet: r.Quiet}
		g.stays[r.Channel] = st
	}
	if st.quiet {
		return true, nil
	}
	g.attempts++
	st.attempt = g.attempts
	attempt := st.attempt
	var grant *claims.ChannelGrant
	if r.Storage {
		grant = claims.ObserveAll()
	}
	// Under the lock, so that the end of the connection comes behind it.
	g.system.router.tell(g.channel(r.Channel), &ask{
		cmd: &channel.Subscribe{
			Sender: g.sender(), UID: r.Member.UID, UMD: r.Member.UMD,
			Grant: grant, MaxMembers: max(r.MaxMembers, 0), Again: true, Cache: r.Cache, Count: r.Count,
		},
		sink: g.sink, name: r.Channel, ref: RefJoin,
		outcome: func(err error) { g.settle(r, st, attempt, err) },
	})
	return false, nil
}

// settle takes note of how a subscribe was decided.
func (g *Guest) settle(r Join, st *stay, attempt uint64, err error) {
	g.mu.Lock()
	switch {
	case err == nil:
		st.sure = true
	case st.attempt == attempt && !st.sure && g.stays[r.Channel] == st:
		delete(g.stays, r.Channel)
	}
	g.mu.Unlock()
	if r.Outcome != nil {
		r.Outcome(err)
	}
	if faulted(err) { // of which the channel says nothing
		refused := channel.ErrInternal
		errors.As(err, &refused)
		deliver(&channel.Delivery{To: g.sink, Message: &channel.Message{Kind: channel.KindError, Channel: r.Channel, Err: refused, Ref: RefJoin}, Bulk: true})
	}
}

// Unsubscribe leaves a channel. There is no answer; a channel that was not joined is nothing to leave.
func (g *Guest) Unsubscribe(name string) {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	st := g.stays[name]
	delete(g.stays, name)
	there := st != nil && !st.quiet
	if there {
		g.leave(name, false, func(any, error) { g.sink.Complete(1) })
	}
	g.mu.Unlock()
	if !there {
		g.sink.Complete(1)
	}
}

// leave ends the subscription of a channel, if there is one.
func (g *Guest) leave(name string, lost bool, reply func(any, error)) {
	sender := g.sender()
	sender.Sink = nil
	g.system.router.tell(g.channel(name), &ask{cmd: &channel.Unsubscribe{Sender: sender, Gone: true, Lost: lost}, reply: reply})
}

// Joined says whether the connection is on a channel, or has asked to be and was not refused yet.
func (g *Guest) Joined(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stays[name] != nil
}

// isMember says whether it is that member of any channel.
func (g *Guest) isMember(uid string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, st := range g.stays {
		if st.uid == uid {
			return true
		}
	}
	return false
}

// ClientEvent sends an event to all others on a channel, in the name of its member there. If it is not on the channel,
// the sink reads KindError with Channel and channel.ErrNotSubscribed. data is one JSON value, which is told byte for
// byte; it belongs to the engine from here on.
func (g *Guest) ClientEvent(name, event string, data []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	q := new(asking[channel.Publish])
	q.is = channel.Publish{Sender: g.sender(), Event: event, Data: data, Subscribed: true, Emit: true}
	q.ask = ask{cmd: &q.is, sink: g.sink, name: name}
	g.system.router.tell(g.channel(name), &q.ask)
}

// Closed tells the engine that the socket is gone: the connection leaves every channel, its user and its watchlist.
// Calling it again does nothing.
func (g *Guest) Closed() {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	g.closed = true
	for name, st := range g.stays {
		if !st.quiet {
			g.leave(name, true, nil)
		}
	}
	g.stays = nil
	g.mu.Unlock()
	g.signOut()
	g.system.tenants.count(-1)
}

func (g *Guest) channel(name string) Address { return channelAddress(g.tenant.name, name) }

func (g *Guest) sender() channel.Sender {
	return channel.Sender{
		ConnectionID: g.id,
		Sink:         g.sink,
		Trigger:      channel.TriggerClientWebSocket,
		SourceIP:     g.sourceIP,
		UserAgent:    g.userAgent,
	}
}
