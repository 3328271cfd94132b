package claims

import "time"

// Flag is a boolean directive after resolution: true, false, or said by nobody.
type Flag uint8

// The values of a Flag.
const (
	Unset Flag = iota
	False
	True
)

// Or returns the flag as a bool, def if it is Unset.
func (f Flag) Or(def bool) bool { return f == True || f == Unset && def }

// Layers are the tokens that speak about one channel of one connection: the subscribe token of its
// subscription and the connection's own. Either may be nil.
type Layers struct{ Subscribe, Connect *Claims }

// Resolve turns a name that a client sent into the channel it means, and that channel's alias.
func (l Layers) Resolve(name string) (channel, alias string) { return name, "" }

// Channel collects what the layers allow on the channel with that real name.
func (l Layers) Channel(name string) *ChannelGrant { return &ChannelGrant{} }

// ChannelGrant is what two layers of claims allow on one channel.
type ChannelGrant struct{}

// Subscribe reports whether the connection may subscribe.
func (g *ChannelGrant) Subscribe() bool { return false }

// Alias returns the channel's friendly name, "" if it has none.
func (g *ChannelGrant) Alias() string { return "" }

// GetInfo reports whether the channel's count and members may be read.
func (g *ChannelGrant) GetInfo() bool { return false }

// HistoryStart returns the time of the oldest message that history shows, inclusive. false: only what
// came since the current subscription began.
func (g *ChannelGrant) HistoryStart() (time.Time, bool) { return time.Time{}, false }

// OmitFromSubCount reports whether the subscription leaves the channel's count alone.
func (g *ChannelGrant) OmitFromSubCount() bool { return false }

// UMDUpdate reports whether the subscription's umd may be updated; ask it of a umd token alone.
func (g *ChannelGrant) UMDUpdate() bool { return false }

// ObservesAny is a cheap no when no storage key could be observed.
func (g *ChannelGrant) ObservesAny() bool { return false }

// Event returns what is allowed with events of that name on the channel.
func (g *ChannelGrant) Event(event string) EventGrant { return EventGrant{} }

// Key returns what is allowed with that storage key of the channel.
func (g *ChannelGrant) Key(key string) KeyGrant { return KeyGrant{Store: -1} }

// EventGrant is what is allowed with one event on one channel. The zero value allows nothing.
type EventGrant struct {
	// Publish: the event may be published while subscribed.
	Publish bool
	// Broadcast: it may be published subscribed or not. Implies Publish.
	Broadcast bool
	// Echo: the sending connection hears its own message.
	Echo bool
	// EmitPubSubEvent tells the backend of the message. A Flag, because an explicit false on
	// hotsock.messageReaction silences reactions to any message.
	EmitPubSubEvent Flag
	// Store is the retention in seconds: 0 none, -1 for ever, at most MaxStore.
	Store int64
	// ScheduleBefore is the latest instant, inclusive, for which a delivery may be scheduled. Zero
	// forbids scheduling.
	ScheduleBefore time.Time
	// React says which reactions are allowed on stored messages of this event.
	React React
}

// MayPublish reports whether the event may be published by a connection in that state.
func (g EventGrant) MayPublish(subscribed bool) bool { return g.Broadcast || g.Publish && subscribed }

// React is a set of allowed reactions. The zero value allows none.
type React struct {
	Any  bool     // every reaction
	Only []string // else just these; do not modify
}

// Allows reports whether reaction is in the set.
func (r React) Allows(reaction string) bool { return r.Any }

// KeyGrant is what is allowed with one storage key of one channel.
type KeyGrant struct {
	Observe         bool // told of changes, and of the present value on subscribing
	Get             bool // may read, subscribed or not
	Set             bool // may write, subscribed or not
	EmitPubSubEvent bool // the backend hears of this connection's writes
	// NotifyExpiry: observers are told when an entry of this connection expires. Unset leaves it to
	// the server. A directive of ours, not Hotsock's.
	NotifyExpiry Flag
	// Store is the retention in seconds of entries that this connection writes: -1 (the default) for
	// ever, else 1 to MaxStore.
	Store int64
	// ScheduleBefore is the latest instant, inclusive, for which a write may be scheduled. Zero
	// forbids scheduling.
	ScheduleBefore time.Time
}

// MaxStore is the longest finite retention in seconds, about a hundred years.
const MaxStore = 3_155_695_200
