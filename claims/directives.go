package claims

import (
	"slices"
	"time"
)

// Flag is a boolean directive after resolution: said to be true, said to be false, or not said.
type Flag uint8

// The values of a Flag. Among several that speak of one thing in one token the greatest wins: an
// explicit false beats any true, and anything said beats silence.
const (
	Unset Flag = iota
	True
	False
)

// Or returns the flag as a bool, def if it is Unset.
func (f Flag) Or(def bool) bool {
	if f == Unset {
		return def
	}
	return f == True
}

// join is the rule within one token.
func (f Flag) join(g Flag) Flag { return max(f, g) }

// over is the rule between two tokens: f speaks first.
func (f Flag) over(g Flag) Flag {
	if f == Unset {
		return g
	}
	return f
}

// setting is a directive that is not a boolean. Within a token the most specific wins, between tokens
// the first, so that both rules are one.
type setting[T any] struct {
	value T
	set   bool
}

func (s setting[T]) over(t setting[T]) setting[T] {
	if s.set {
		return s
	}
	return t
}

// channelRules is what one key of channels says.
type channelRules struct {
	subscribe, autoSubscribe, getInfo, omitFromSubCount, umdUpdate Flag

	alias        string // "" if none
	historyStart setting[time.Time]
	messages     table[messageRules]
	storage      table[storageRules]
}

// messageRules is what one key of messages says, or several joined, or two tokens one over the other.
type messageRules struct {
	publish, broadcast, echo, emitPubSubEvent Flag

	store          setting[int64]
	scheduleBefore setting[time.Time]
	react          reactions
}

// join adds what a less specific key of the same token says.
func (m messageRules) join(n *messageRules) messageRules {
	return messageRules{
		publish:         m.publish.join(n.publish),
		broadcast:       m.broadcast.join(n.broadcast),
		echo:            m.echo.join(n.echo),
		emitPubSubEvent: m.emitPubSubEvent.join(n.emitPubSubEvent),
		store:           m.store.over(n.store),
		scheduleBefore:  m.scheduleBefore.over(n.scheduleBefore),
		react:           m.react.join(n.react),
	}
}

// over lets m, of the subscribe token, speak before n, of the connect token. Broadcast comes from the
// connect token alone.
func (m messageRules) over(n messageRules) messageRules {
	return messageRules{
		publish:         m.publish.over(n.publish),
		broadcast:       n.broadcast,
		echo:            m.echo.over(n.echo),
		emitPubSubEvent: m.emitPubSubEvent.over(n.emitPubSubEvent),
		store:           m.store.over(n.store),
		scheduleBefore:  m.scheduleBefore.over(n.scheduleBefore),
		react:           m.react.over(n.react),
	}
}

// reactions is the directive react: a boolean or a list.
type reactions struct {
	flag   Flag
	only   []string
	listed bool // a list was given, be it empty
}

func (r reactions) join(s reactions) reactions {
	r.flag = r.flag.join(s.flag)
	r.listed = r.listed || s.listed
	switch {
	case len(s.only) == 0:
	case len(r.only) == 0:
		r.only = s.only
	default:
		r.only = slices.Concat(r.only, s.only) // never append: r.only may belong to a rule
	}
	return r
}

func (r reactions) over(s reactions) reactions {
	if r.flag != Unset || r.listed {
		return r
	}
	return s
}

// storageRules is what one key of storage says, or several joined, or two tokens one over the other.
type storageRules struct {
	observe, get, set, emitPubSubEvent, notifyExpiry Flag

	store          setting[int64]
	scheduleBefore setting[time.Time]
}

func (s storageRules) join(t *storageRules) storageRules {
	return storageRules{
		observe:         s.observe.join(t.observe),
		get:             s.get.join(t.get),
		set:             s.set.join(t.set),
		emitPubSubEvent: s.emitPubSubEvent.join(t.emitPubSubEvent),
		notifyExpiry:    s.notifyExpiry.join(t.notifyExpiry),
		store:           s.store.over(t.store),
		scheduleBefore:  s.scheduleBefore.over(t.scheduleBefore),
	}
}

func (s storageRules) over(t storageRules) storageRules {
	return storageRules{
		observe:         s.observe.over(t.observe),
		get:             s.get.over(t.get),
		set:             s.set.over(t.set),
		emitPubSubEvent: s.emitPubSubEvent.over(t.emitPubSubEvent),
		notifyExpiry:    s.notifyExpiry.over(t.notifyExpiry),
		store:           s.store.over(t.store),
		scheduleBefore:  s.scheduleBefore.over(t.scheduleBefore),
	}
}
