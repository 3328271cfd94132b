package claims

import (
	"slices"
	"time"
)

// EventGrant is what is allowed with one event on one channel. The zero value allows nothing.
//
// Source: Hotsock docs, Claims, "messages".
type EventGrant struct {
	// Publish: the event may be published while subscribed, at least.
	Publish bool
	// Broadcast: it may be published subscribed or not, even where subscribing is denied. Implies
	// Publish: an explicit publish:false takes broadcast away too.
	Broadcast bool
	// Echo: the sending connection hears its own message. On the event hotsock.messageReaction it
	// speaks of reactions and needs no right to publish.
	Echo bool
	// EmitPubSubEvent: the backend is told. A Flag, because False on hotsock.messageReaction silences
	// reactions even to messages whose own event is True.
	EmitPubSubEvent Flag
	// Store is for how many seconds messages are kept: 0 not at all (the default), -1 for ever, at
	// most MaxStore.
	Store int64
	// ScheduleBefore is the latest instant, inclusive, for which a delivery may be scheduled. Zero
	// forbids scheduling, and so does an instant that has passed.
	ScheduleBefore time.Time
	// React says which reactions are allowed on stored messages of this event.
	React React
}

// MayPublish reports whether a connection may publish the event, given whether it is subscribed.
func (g EventGrant) MayPublish(subscribed bool) bool { return g.Broadcast || g.Publish && subscribed }

// React is a set of allowed reactions. The zero value allows none.
//
// Source: Hotsock docs, Reactions.
type React struct {
	Any  bool     // every reaction
	Only []string // else just these, in no useful order, some perhaps twice; do not modify
}

// Allows reports whether reaction is in the set. It may break the rules of [CheckReaction].
func (r React) Allows(reaction string) bool { return r.Any || slices.Contains(r.Only, reaction) }

// KeyGrant is what is allowed with one storage key of one channel. The zero value allows nothing, but
// has another Store than a grant that was resolved.
//
// Source: Hotsock docs, Claims, "storage".
type KeyGrant struct {
	Observe         bool // told of the present value on subscribing, and of changes
	Get             bool // may read, subscribed or not
	Set             bool // may write, subscribed or not
	EmitPubSubEvent bool // the backend is told of this connection's writes
	// NotifyExpiry: observers are told when an entry that this connection wrote expires. Unset leaves
	// that to the server. The directive notifyExpiry is ours; Hotsock has no such thing.
	NotifyExpiry Flag
	// Store is for how many seconds entries that this connection writes are kept: -1 for ever (the
	// default), else 1 to MaxStore.
	Store int64
	// ScheduleBefore is the latest instant, inclusive, for which a write may be scheduled. Zero
	// forbids scheduling, and so does an instant that has passed.
	ScheduleBefore time.Time
}

func eventGrant(m messageRules) EventGrant {
	return EventGrant{
		Publish:         m.publish.Or(m.broadcast == True),
		Broadcast:       m.publish != False && m.broadcast == True,
		Echo:            m.echo.Or(false),
		EmitPubSubEvent: m.emitPubSubEvent,
		Store:           m.store.value,
		ScheduleBefore:  orNever(m.scheduleBefore),
		React: React{
			Any:  m.react.flag == True,
			Only: m.react.list(),
		},
	}
}

func keyGrant(s storageRules) KeyGrant {
	g := KeyGrant{
		Observe:         s.observe.Or(false),
		Get:             s.get.Or(false),
		Set:             s.set.Or(false),
		EmitPubSubEvent: s.emitPubSubEvent.Or(false),
		NotifyExpiry:    s.notifyExpiry,
		Store:           -1,
		ScheduleBefore:  orNever(s.scheduleBefore),
	}
	if s.store.set {
		g.Store = s.store.value
	}
	return g
}

// list is what remains of a list beside a flag: true makes it needless, false denies it.
func (r reactions) list() []string {
	if r.flag != Unset {
		return nil
	}
	return r.only
}

// orNever makes the zero time of an instant that is not set or not after 1970, so that "0" forbids as
// documented.
func orNever(s setting[time.Time]) time.Time {
	if !s.set || s.value.Unix() <= 0 {
		return time.Time{}
	}
	return s.value
}
