package claims

import (
	"encoding/binary"
	"slices"
	"time"
)

// Layers are the tokens that speak about one channel of one connection: the subscribe token that
// made its subscription, and the connection's own. Either may be nil.
//
// For each directive the subscribe token is asked first; if it says anything, an explicit false
// included, that is the answer, else the connect token is asked. autoSubscribe and broadcast come
// from the connect token alone. Without a live subscription made by a token, Subscribe must be nil.
//
// Within one token every key that matches takes part: among booleans an explicit false wins, then a
// true; of other directives the most specific key's wins, see [Pattern.Compare]. The rules under
// messages and storage are joined across all matching channel keys.
//
// Source: Hotsock docs, Claims, "Directive precedence", and Subscribe Tokens.
type Layers struct{ Subscribe, Connect *Claims }

func (l Layers) sets() (subscribe, connect *channelSet) {
	if l.Subscribe != nil {
		subscribe = l.Subscribe.channels
	}
	if l.Connect != nil {
		connect = l.Connect.channels
	}
	return subscribe, connect
}

// Resolve turns a name that a client sent into the channel it means, and that channel's alias, ""
// if it has none.
//
// A name that is an exact key of either token means itself; else it is looked for among the aliases
// of the subscribe token, then of the connect token; else it means itself too. So a real name always
// beats an alias. If both tokens give the channel an alias, the subscribe token's is returned, while
// both keep resolving. The channel may break the rules of [CheckChannel] if name did.
// Source: Hotsock docs, Claims, "alias".
func (l Layers) Resolve(name string) (channel, alias string) {
	subscribe, connect := l.sets()
	channel = name
	if subscribe.rules(name) == nil && connect.rules(name) == nil {
		if real, ok := subscribe.named(name); ok {
			channel = real
		} else if real, ok := connect.named(name); ok {
			channel = real
		}
	}
	return channel, aliasIn(subscribe.rules(channel), connect.rules(channel))
}

func aliasIn(subscribe, connect *channelRules) string {
	switch {
	case subscribe != nil && subscribe.alias != "":
		return subscribe.alias
	case connect != nil:
		return connect.alias
	}
	return ""
}

// Channel collects what the layers allow on the channel with that real name, as Resolve returned it.
//
// Its cost is one look-up and one trial of each pattern under channels. The grant refers to the
// entries that match and to nothing else of the tokens; keep it for as long as the layers stay the
// same.
func (l Layers) Channel(name string) *ChannelGrant {
	subscribe, connect := l.sets()
	var found [8]*channelRules // most names match fewer, and the grant keeps a slice of the right size
	first := subscribe.appendMatching(found[:0], name)
	both := connect.appendMatching(first, name)
	g := &ChannelGrant{
		rules:  slices.Clone(both),
		layers: len(first),
		alias:  aliasIn(subscribe.rules(name), connect.rules(name)),
	}
	g.getInfo = g.flag(func(r *channelRules) Flag { return r.getInfo })
	g.omitFromSubCount = g.flag(func(r *channelRules) Flag { return r.omitFromSubCount })
	g.umdUpdate = g.flag(func(r *channelRules) Flag { return r.umdUpdate })
	g.subscribe = g.flag(func(r *channelRules) Flag { return r.subscribe })
	if own := connect.rules(name); own != nil && own.autoSubscribe == True {
		g.subscribe = g.subscribe.over(True)
	}
	for _, r := range g.rules {
		g.historyStart = g.historyStart.over(r.historyStart)
		g.observes = g.observes || r.observesAny()
	}
	return g
}

// ChannelGrant is what the layers allow on one channel. It is immutable and safe for concurrent use.
// The zero value allows nothing.
type ChannelGrant struct {
	rules  []*channelRules // the subscribe token's, then the connect token's, each by specificity
	layers int             // how many of rules are the subscribe token's

	alias                                           string
	historyStart                                    setting[time.Time]
	subscribe, getInfo, omitFromSubCount, umdUpdate Flag
	observes                                        bool
}

// flag resolves one boolean of the channel.
func (g *ChannelGrant) flag(of func(*channelRules) Flag) Flag {
	var subscribe, connect Flag
	for _, r := range g.rules[:g.layers] {
		subscribe = subscribe.join(of(r))
	}
	for _, r := range g.rules[g.layers:] {
		connect = connect.join(of(r))
	}
	return subscribe.over(connect)
}

// Subscribe reports whether the connection may subscribe to the channel. autoSubscribe on the exact
// name in the connect token counts as true where subscribe itself is not said.
func (g *ChannelGrant) Subscribe() bool { return g.subscribe.Or(false) }

// Alias returns the channel's friendly name, "" if it has none.
func (g *ChannelGrant) Alias() string { return g.alias }

// GetInfo reports whether the channel's count and members may be read, subscribed or not.
func (g *ChannelGrant) GetInfo() bool { return g.getInfo.Or(false) }

// HistoryStart returns the time of the oldest message that history may show, inclusive; 1970 stands
// for everything. If it returns false, only what came since the subscription began may be shown.
func (g *ChannelGrant) HistoryStart() (time.Time, bool) {
	return g.historyStart.value, g.historyStart.set
}

// OmitFromSubCount reports whether the subscription leaves the channel's count alone.
func (g *ChannelGrant) OmitFromSubCount() bool { return g.omitFromSubCount.Or(false) }

// UMDUpdate reports whether the umd of the subscription may be changed. Ask it of the umd token
// alone, as Layers{Connect: token}: no other token can give this right.
func (g *ChannelGrant) UMDUpdate() bool { return g.umdUpdate.Or(false) }

// ObservesAny is a cheap no: false if there is no storage key for which Key(key).Observe is true. true
// promises nothing.
func (g *ChannelGrant) ObservesAny() bool { return g.observes }

// AppendObserves appends which keys may be observed, as far as the rules are written in the same way: equal
// bytes mean equal answers of Key(key).Observe for every key.
func (g *ChannelGrant) AppendObserves(to []byte) []byte {
	for i, r := range g.rules {
		for s := range r.storage.all() {
			if s.says.observe == Unset {
				continue
			}
			layer := byte('c')
			if i < g.layers {
				layer = 's'
			}
			to = binary.AppendUvarint(append(to, layer, byte(s.says.observe)), uint64(len(s.key)))
			to = append(to, s.key...)
		}
	}
	return to
}

func (r *channelRules) observesAny() bool {
	for s := range r.storage.all() {
		if s.says.observe == True {
			return true
		}
	}
	return false
}

// Event returns what is allowed with events of that name on the channel. The name may break the rules
// of [CheckEvent]; system events are asked about like others.
func (g *ChannelGrant) Event(event string) EventGrant {
	var subscribe, connect messageRules
	for _, r := range g.rules[:g.layers] {
		for m := range r.messages.matching(event) {
			subscribe = subscribe.join(m)
		}
	}
	for _, r := range g.rules[g.layers:] {
		for m := range r.messages.matching(event) {
			connect = connect.join(m)
		}
	}
	return eventGrant(subscribe.over(connect))
}

// Key returns what is allowed with that storage key of the channel. The key may break the rules of
// [CheckStorageKey].
func (g *ChannelGrant) Key(key string) KeyGrant {
	var subscribe, connect storageRules
	for _, r := range g.rules[:g.layers] {
		for s := range r.storage.matching(key) {
			subscribe = subscribe.join(s)
		}
	}
	for _, r := range g.rules[g.layers:] {
		for s := range r.storage.matching(key) {
			connect = connect.join(s)
		}
	}
	return keyGrant(subscribe.over(connect))
}
