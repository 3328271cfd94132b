package claims

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// layers makes a connect and a subscribe token from the JSON of their channels claims; "" is none.
func layers(t testing.TB, subscribed, connected string) (l Layers) {
	t.Helper()
	if subscribed != "" {
		token := hs256().token(subscribe(claimsJSON{"uid": "u", "channels": channels(subscribed)["channels"]}))
		l.Subscribe = accept(t, hs256().verifier(t, Options{}), token, ScopeSubscribe)
	}
	if connected != "" {
		l.Connect = parse(t, channels(connected))
	}
	return l
}

func TestSubscribeRights(t *testing.T) {
	for _, tt := range []struct {
		rule                string
		subscribed, connect string
		channel             string
		want                bool
	}{
		{"nothing said denies", ``, `{}`, "c", false},
		{"no tokens deny", ``, ``, "c", false},
		{"true allows", ``, `{"c":{"subscribe":true}}`, "c", true},
		{"other names are denied", ``, `{"c":{"subscribe":true}}`, "d", false},
		{"a wildcard allows", ``, `{"room.*":{"subscribe":true}}`, "room.1", true},
		{"an exact false beats a wildcard's true", ``, `{"room.*":{"subscribe":true},"room.mods":{"subscribe":false}}`, "room.mods", false},
		{"in either order", ``, `{"room.mods":{"subscribe":false},"room.*":{"subscribe":true}}`, "room.mods", false},
		{"a wildcard's false beats an exact true", ``, `{"room.*":{"subscribe":false},"room.mods":{"subscribe":true}}`, "room.mods", false},
		{"a wildcard's false beats an expression's true", ``, `{"#regex:^a":{"subscribe":true},"a*":{"subscribe":false}}`, "ab", false},
		{"an expression's false beats an exact true", ``, `{"#regex:^a":{"subscribe":false},"ab":{"subscribe":true}}`, "ab", false},
		{"silence on the exact name leaves the wildcard's true", ``, `{"room.*":{"subscribe":true},"room.1":{}}`, "room.1", true},
		{"an expression allows", ``, `{"#regex:^team-[0-9]{1,4}$":{"subscribe":true}}`, "team-12", true},
		{"an expression is exact about its form", ``, `{"#regex:^team-[0-9]{1,4}$":{"subscribe":true}}`, "team-x", false},

		{"autoSubscribe grants by itself", ``, `{"u.1":{"autoSubscribe":true}}`, "u.1", true},
		{"autoSubscribe yields to an explicit false", ``, `{"u.1":{"autoSubscribe":true,"subscribe":false}}`, "u.1", false},
		{"autoSubscribe yields to a wildcard's false", ``, `{"u.1":{"autoSubscribe":true},"u.*":{"subscribe":false}}`, "u.1", false},
		{"autoSubscribe false says nothing", ``, `{"u.1":{"autoSubscribe":false},"u.*":{"subscribe":true}}`, "u.1", true},
		{"autoSubscribe of a subscribe token is nothing", `{"u.1":{"autoSubscribe":true}}`, `{}`, "u.1", false},
		{"autoSubscribe yields to the subscribe token's false", `{"u.1":{"subscribe":false}}`, `{"u.1":{"autoSubscribe":true}}`, "u.1", false},

		{"the subscribe token adds", `{"p":{"subscribe":true}}`, `{}`, "p", true},
		{"the connect token's false does not veto", `{"p":{"subscribe":true}}`, `{"p":{"subscribe":false}}`, "p", true},
		{"the subscribe token's false stands", `{"p":{"subscribe":false}}`, `{"p":{"subscribe":true}}`, "p", false},
		{"where it is silent, the connect token speaks", `{"p":{"getInfo":true}}`, `{"p":{"subscribe":true}}`, "p", true},
		{"false wins inside it as well", `{"p":{"subscribe":true},"*":{"subscribe":false}}`, `{"p":{"subscribe":true}}`, "p", false},
		{"it can stand alone", `{"p":{"subscribe":true}}`, ``, "p", true},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if got := layers(t, tt.subscribed, tt.connect).Channel(tt.channel).Subscribe(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestEventRights(t *testing.T) {
	event := func(messages string) string { return `{"c":{"messages":` + messages + `}}` }
	for _, tt := range []struct {
		rule                string
		subscribed, connect string
		event               string
		want                EventGrant
	}{
		{"nothing said", ``, `{"c":{}}`, "m", EventGrant{}},
		{"publish while subscribed", ``, event(`{"m":{"publish":true}}`), "m", EventGrant{Publish: true}},
		{"broadcast always", ``, event(`{"m":{"broadcast":true}}`), "m", EventGrant{Publish: true, Broadcast: true}},
		{"broadcast and publish", ``, event(`{"m":{"broadcast":true,"publish":true}}`), "m", EventGrant{Publish: true, Broadcast: true}},
		{"broadcast and publish false", ``, event(`{"m":{"broadcast":true,"publish":false}}`), "m", EventGrant{}},
		{"broadcast false and publish", ``, event(`{"m":{"broadcast":false,"publish":true}}`), "m", EventGrant{Publish: true}},
		{"broadcast false alone", ``, event(`{"m":{"broadcast":false}}`), "m", EventGrant{}},
		{"an exact false beats a wildcard's true", ``, event(`{"m.*":{"publish":true},"m.x":{"publish":false}}`), "m.x", EventGrant{}},
		{"other events keep the true", ``, event(`{"m.*":{"publish":true},"m.x":{"publish":false}}`), "m.y", EventGrant{Publish: true}},
		{"rules are joined across channel keys", ``, `{"c":{"subscribe":false,"messages":{"m":{"echo":true}}},"*":{"messages":{"*":{"publish":true}}}}`, "m", EventGrant{Publish: true, Echo: true}},
		{"a false under another channel key wins", ``, `{"c":{"messages":{"m":{"publish":true}}},"*":{"messages":{"*":{"publish":false}}}}`, "m", EventGrant{}},
		{"system events are events", ``, event(`{"hotsock.messageReaction":{"echo":true,"emitPubSubEvent":false}}`), "hotsock.messageReaction", EventGrant{Echo: true, EmitPubSubEvent: False}},

		{"store of the exact event", ``, event(`{"*":{"store":1},"m*":{"store":2},"m":{"store":3},"#regex:m":{"store":4}}`), "m", EventGrant{Store: 3}},
		{"store of the longer wildcard", ``, event(`{"*":{"store":1},"m*":{"store":2},"#regex:m":{"store":4}}`), "mm", EventGrant{Store: 2}},
		{"store of the expression if alone", ``, event(`{"#regex:m":{"store":4}}`), "mm", EventGrant{Store: 4}},
		{"store of equal wildcards by byte order", ``, event(`{"m*":{"store":2},"*m":{"store":1}}`), "mm", EventGrant{Store: 1}},
		{"the channel key comes before the event key", ``, `{"c":{"messages":{"#regex:m":{"store":1}}},"c*":{"messages":{"m":{"store":2}}}}`, "m", EventGrant{Store: 1}},
		{"keys without the directive do not count", ``, event(`{"m":{"echo":true},"*":{"store":5}}`), "m", EventGrant{Echo: true, Store: 5}},
		{"store for ever", ``, event(`{"m":{"store":-1}}`), "m", EventGrant{Store: -1}},
		{"store 0 of the exact event hides a wildcard's", ``, event(`{"m":{"store":0},"*":{"store":9}}`), "m", EventGrant{}},

		{"scheduleBefore", ``, event(`{"m":{"scheduleBefore":1900000000}}`), "m", EventGrant{ScheduleBefore: time.Unix(1_900_000_000, 0).UTC()}},
		{"scheduleBefore 0 forbids", ``, event(`{"m":{"scheduleBefore":0},"*":{"scheduleBefore":1900000000}}`), "m", EventGrant{}},
		{"scheduleBefore negative forbids", ``, event(`{"m":{"scheduleBefore":-5}}`), "m", EventGrant{}},

		{"react true", ``, event(`{"m":{"react":true}}`), "m", EventGrant{React: React{Any: true}}},
		{"react a list", ``, event(`{"m":{"react":["x"]}}`), "m", EventGrant{React: React{Only: []string{"x"}}}},
		{"react lists are joined", ``, event(`{"m":{"react":["x"]},"*":{"react":["y"]}}`), "m", EventGrant{React: React{Only: []string{"x", "y"}}}},
		{"react true beats lists", ``, event(`{"m":{"react":["x"]},"*":{"react":true}}`), "m", EventGrant{React: React{Any: true}}},
		{"react false beats all", ``, event(`{"m":{"react":["x"]},"*":{"react":true},"#regex:.":{"react":false}}`), "m", EventGrant{}},

		{"the subscribe token's list replaces the other's", event(`{"m":{"react":["x"]}}`), event(`{"m":{"react":true}}`), "m", EventGrant{React: React{Only: []string{"x"}}}},
		{"the subscribe token's empty list denies", event(`{"m":{"react":[]}}`), event(`{"m":{"react":true}}`), "m", EventGrant{}},
		{"each directive falls through alone", event(`{"m":{"publish":true}}`), event(`{"m":{"publish":false,"store":7,"echo":true,"react":true,"emitPubSubEvent":true}}`), "m", EventGrant{Publish: true, Echo: true, Store: 7, EmitPubSubEvent: True, React: React{Any: true}}},
		{"the subscribe token's wildcard beats the other's exact key", event(`{"*":{"store":1}}`), event(`{"m":{"store":2}}`), "m", EventGrant{Store: 1}},
		{"broadcast is the connect token's", event(`{"m":{"broadcast":true}}`), `{}`, "m", EventGrant{}},
		{"the subscribe token does not take broadcast away", event(`{"m":{"broadcast":false}}`), event(`{"m":{"broadcast":true}}`), "m", EventGrant{Publish: true, Broadcast: true}},
		{"its publish false does", event(`{"m":{"publish":false}}`), event(`{"m":{"broadcast":true}}`), "m", EventGrant{}},
		{"its publish restores broadcast", event(`{"m":{"publish":true}}`), event(`{"m":{"broadcast":true,"publish":false}}`), "m", EventGrant{Publish: true, Broadcast: true}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			got := layers(t, tt.subscribed, tt.connect).Channel("c").Event(tt.event)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
	if g := (EventGrant{Publish: true}); g.MayPublish(false) || !g.MayPublish(true) {
		t.Error("publish alone is not bound to the subscription")
	}
	if g := (EventGrant{Publish: true, Broadcast: true}); !g.MayPublish(false) {
		t.Error("broadcast is bound to the subscription")
	}
	if r := (React{Only: []string{"x"}}); !r.Allows("x") || r.Allows("y") || !(React{Any: true}).Allows("y") || (React{}).Allows("") {
		t.Error("Allows is wrong")
	}
}

// Two channel keys that list reactions must not write into each other's rule.
func TestJoinedReactionsStayApart(t *testing.T) {
	l := layers(t, ``, `{"*":{"messages":{"a":{"react":["1","2","3"]},"a*":{"react":["4"]},"a*b":{"react":["5"]}}}}`)
	g := l.Channel("c")
	for range 3 {
		if got := g.Event("a").React.Only; len(got) != 4 {
			t.Fatalf("a allows %v", got)
		}
		if got := g.Event("ab").React.Only; len(got) != 2 {
			t.Fatalf("ab allows %v", got)
		}
	}
}

func TestKeyRights(t *testing.T) {
	key := func(storage string) string { return `{"c":{"storage":` + storage + `}}` }
	for _, tt := range []struct {
		rule                string
		subscribed, connect string
		want                KeyGrant
	}{
		{"nothing said", ``, `{}`, KeyGrant{Store: -1}},
		{"each right by itself", ``, key(`{"k":{"get":true}}`), KeyGrant{Get: true, Store: -1}},
		{"everything", ``, key(`{"k":{"observe":true,"get":true,"set":true,"emitPubSubEvent":true,"notifyExpiry":true,"store":60,"scheduleBefore":1900000000.5}}`),
			KeyGrant{Observe: true, Get: true, Set: true, EmitPubSubEvent: true, NotifyExpiry: True, Store: 60, ScheduleBefore: time.Unix(1_900_000_000, 5e8).UTC()}},
		{"false wins", ``, key(`{"k":{"set":true,"observe":false},"*":{"set":false,"observe":true}}`), KeyGrant{Store: -1}},
		{"store of the exact key", ``, key(`{"*":{"store":5},"k":{"store":-1}}`), KeyGrant{Store: -1}},
		{"two tokens", key(`{"*":{"set":true,"store":9}}`), key(`{"k":{"set":false,"get":true,"store":5}}`), KeyGrant{Set: true, Get: true, Store: 9}},
		{"notifyExpiry may be denied", ``, key(`{"k":{"notifyExpiry":false}}`), KeyGrant{NotifyExpiry: False, Store: -1}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if d := cmp.Diff(tt.want, layers(t, tt.subscribed, tt.connect).Channel("c").Key("k")); d != "" {
				t.Error(d)
			}
		})
	}
	if Unset.Or(true) != true || Unset.Or(false) || False.Or(true) || !True.Or(false) {
		t.Error("Or is wrong")
	}
}

func TestChannelDirectives(t *testing.T) {
	g := layers(t, `{"c":{"alias":"mine","umdUpdate":true}}`, `{"c":{"alias":"theirs","getInfo":true,"historyStart":0},"*":{"omitFromSubCount":true,"historyStart":5,"umdUpdate":false}}`).Channel("c")
	start, ok := g.HistoryStart()
	if g.Alias() != "mine" || !g.GetInfo() || !g.OmitFromSubCount() || !g.UMDUpdate() || !ok || start.Unix() != 0 {
		t.Errorf("got %+v", g)
	}
	if start, ok := layers(t, ``, `{"*":{"historyStart":5},"#regex:.":{"historyStart":6}}`).Channel("d").HistoryStart(); !ok || start.Unix() != 5 {
		t.Errorf("history starts at %v, %v", start, ok)
	}
	none := layers(t, ``, `{}`).Channel("c")
	if _, ok := none.HistoryStart(); ok || none.Alias() != "" || none.GetInfo() || none.OmitFromSubCount() || none.UMDUpdate() || none.ObservesAny() {
		t.Errorf("got %+v", none)
	}
	var zero ChannelGrant
	if zero.Subscribe() || zero.Event("m").Publish || zero.Key("k").Get {
		t.Error("the zero grant allows something")
	}
	if !layers(t, `{"*":{"storage":{"k*":{"observe":true}}}}`, `{}`).Channel("c").ObservesAny() {
		t.Error("ObservesAny misses the subscribe token")
	}
	if layers(t, ``, `{"d":{"storage":{"k*":{"observe":true}}}}`).Channel("c").ObservesAny() {
		t.Error("ObservesAny looks at other channels")
	}
}

func TestResolve(t *testing.T) {
	const connected = `{"u.1":{"alias":"me"},"real":{},"u.2":{"alias":"both"}}`
	const subscribed = `{"u.1":{"alias":"self"},"me2":{},"u.3":{"alias":"both"},"u.4":{"alias":"real"},"u.5":{"alias":"me"}}`
	for _, tt := range []struct {
		rule           string
		l              Layers
		name           string
		channel, alias string
	}{
		{"an alias means its channel", layers(t, ``, connected), "me", "u.1", "me"},
		{"a channel means itself, and has its alias", layers(t, ``, connected), "u.1", "u.1", "me"},
		{"an unknown name means itself", layers(t, ``, connected), "x", "x", ""},
		{"no tokens", Layers{}, "x", "x", ""},
		{"the subscribe token's alias beats the other's", layers(t, subscribed, connected), "u.1", "u.1", "self"},
		{"the subscribe token is asked first", layers(t, subscribed, connected), "both", "u.3", "both"},
		{"a real name of the other token beats an alias", layers(t, subscribed, connected), "real", "real", ""},
		{"both aliases resolve", layers(t, subscribed, connected), "self", "u.1", "self"},
		{"the first token's alias hides the second's", layers(t, subscribed, connected), "me", "u.5", "me"},
		{"the connect token's aliases remain", layers(t, `{}`, connected), "me", "u.1", "me"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if channel, alias := tt.l.Resolve(tt.name); channel != tt.channel || alias != tt.alias {
				t.Errorf("got %q, %q, want %q, %q", channel, alias, tt.channel, tt.alias)
			}
		})
	}
}

func TestAutoSubscribes(t *testing.T) {
	c := parse(t, channels(`{
		"b":{"autoSubscribe":true}, "a":{"autoSubscribe":true,"subscribe":true}, "B":{"autoSubscribe":true},
		"no.1":{"autoSubscribe":true}, "no.*":{"subscribe":false}, "off":{"autoSubscribe":false,"subscribe":true}, "*":{"subscribe":true}}`))
	if d := cmp.Diff([]string{"B", "a", "b"}, c.AutoSubscribes()); d != "" {
		t.Error(d)
	}
	c.AutoSubscribes()[0] = "x"
	if c.AutoSubscribes()[0] != "B" {
		t.Error("the slice is not the caller's")
	}
	if d := cmp.Diff([]string{"B", "a", "b", "no.1", "off", "no.*", "*"}, c.Channels()); d != "" {
		t.Error(d)
	}
}
