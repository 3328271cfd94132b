package claims

import (
	"encoding/json"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The oracle answers what two tokens allow, from the rules as they are documented and from the
// claims as plain maps. It shares no code with the package: it collects everything that matches, then
// decides.

type object = map[string]any

// said is one value of a directive, with the keys under which it stands.
type said struct {
	channelKey, innerKey string
	value                any
}

func oracleMatches(key, name string) bool {
	switch {
	case strings.HasPrefix(key, "#regex:"):
		return regexp.MustCompile(key[7:]).MatchString(name)
	case strings.Contains(key, "*"):
		return naive([]rune(key), []rune(name))
	}
	return key == name
}

// oracleBefore reports whether key a is more specific than key b.
func oracleBefore(a, b string) bool {
	rank := func(key string) string {
		switch {
		case strings.HasPrefix(key, "#regex:"):
			return "3"
		case strings.Contains(key, "*"):
			return fmt.Sprintf("2 %05d", 99999-len([]rune(strings.ReplaceAll(key, "*", ""))))
		}
		return "1"
	}
	return rank(a)+"\x00"+a < rank(b)+"\x00"+b
}

// collect returns every value of a directive in one token, the most specific first. section is "" for
// a directive of the channel itself.
func collect(token object, channel, section, inner, directive string) (all []said) {
	for ck, c := range token {
		if !oracleMatches(ck, channel) {
			continue
		}
		if section == "" {
			if v, ok := c.(object)[directive]; ok {
				all = append(all, said{ck, "", v})
			}
			continue
		}
		keys, _ := c.(object)[section].(object)
		for ik, i := range keys {
			if v, ok := i.(object)[directive]; ok && oracleMatches(ik, inner) {
				all = append(all, said{ck, ik, v})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].channelKey != all[j].channelKey {
			return oracleBefore(all[i].channelKey, all[j].channelKey)
		}
		return oracleBefore(all[i].innerKey, all[j].innerKey)
	})
	return all
}

// oracle is two tokens' channels; nil is no token.
type oracle struct{ subscribe, connect object }

// boolean is "true", "false" or "" for not said.
func (o oracle) boolean(channel, section, inner, directive string) string {
	for _, token := range []object{o.subscribe, o.connect} {
		answer := ""
		for _, s := range collect(token, channel, section, inner, directive) {
			if s.value == false {
				answer = "false"
			} else if answer == "" {
				answer = "true"
			}
		}
		if answer != "" {
			return answer
		}
	}
	return ""
}

func (o oracle) number(channel, section, inner, directive string) (int64, bool) {
	for _, token := range []object{o.subscribe, o.connect} {
		if all := collect(token, channel, section, inner, directive); len(all) > 0 {
			return int64(all[0].value.(int)), true
		}
	}
	return 0, false
}

func (o oracle) publishes(channel, event string, subscribed bool) bool {
	publish := o.boolean(channel, "messages", event, "publish")
	broadcast := oracle{connect: o.connect}.boolean(channel, "messages", event, "broadcast")
	if publish == "false" {
		return false
	}
	return broadcast == "true" || publish == "true" && subscribed
}

func (o oracle) reacts(channel, event, reaction string) bool {
	for _, token := range []object{o.subscribe, o.connect} {
		all := collect(token, channel, "messages", event, "react")
		if len(all) == 0 {
			continue
		}
		allowed, any := false, false
		for _, s := range all {
			switch v := s.value.(type) {
			case bool:
				if !v {
					return false
				}
				any = true
			case []string:
				for _, r := range v {
					allowed = allowed || r == reaction
				}
			}
		}
		return any || allowed
	}
	return false
}

func (o oracle) subscribes(channel string) bool {
	answer := o.boolean(channel, "", "", "subscribe")
	if own, ok := o.connect[channel].(object); ok && answer == "" && own["autoSubscribe"] == true {
		return true
	}
	return answer == "true"
}

func (o oracle) resolve(name string) (channel, alias string) {
	channel = name
	_, mine := o.subscribe[name]
	_, theirs := o.connect[name]
	if !mine && !theirs {
	search:
		for _, token := range []object{o.subscribe, o.connect} {
			for key, c := range token {
				if c.(object)["alias"] == name {
					channel = key
					break search
				}
			}
		}
	}
	for _, token := range []object{o.connect, o.subscribe} {
		if c, ok := token[channel].(object); ok && c["alias"] != nil {
			alias = c["alias"].(string)
		}
	}
	return channel, alias
}

var (
	someKeys  = rapid.SampledFrom([]string{"a", "b", "ab", "a.b", "*", "a*", "*b", "a*b", "*.*", "#regex:^a", "#regex:b$", "#regex:."})
	someNames = rapid.SampledFrom([]string{"a", "b", "ab", "a.b", "ba", "x", "one", "two"})
)

// draws sets each of the directives with a chance of one in two.
func draws(t *rapid.T, into object, directives map[string]*rapid.Generator[any]) object {
	names := make([]string, 0, len(directives))
	for name := range directives {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if rapid.Bool().Draw(t, "has "+name) {
			into[name] = directives[name].Draw(t, name)
		}
	}
	return into
}

func anyOf[T any](values ...T) *rapid.Generator[any] {
	return rapid.Map(rapid.SampledFrom(values), func(v T) any { return v })
}

var (
	booleans = anyOf(true, true, false)
	dates    = anyOf(0, 1_700_000_000, 1_900_000_000)
	stores   = anyOf(-1, 1, 2, 3)

	messageDirectives = map[string]*rapid.Generator[any]{
		"publish": booleans, "broadcast": booleans, "echo": booleans, "emitPubSubEvent": booleans,
		"store": stores, "scheduleBefore": dates,
		"react": rapid.OneOf(booleans, anyOf([]string{}, []string{"x"}, []string{"y", "z"})),
	}
	storageDirectives = map[string]*rapid.Generator[any]{
		"observe": booleans, "get": booleans, "set": booleans, "emitPubSubEvent": booleans, "notifyExpiry": booleans,
		"store": stores, "scheduleBefore": dates,
	}
	channelDirectives = map[string]*rapid.Generator[any]{
		"subscribe": booleans, "getInfo": booleans, "omitFromSubCount": booleans, "umdUpdate": booleans, "historyStart": dates,
	}
)

// drawToken draws the channels claim of one token.
func drawToken(t *rapid.T) object {
	inner := func(directives map[string]*rapid.Generator[any]) object {
		all := object{}
		for _, key := range rapid.SliceOfNDistinct(someKeys, 0, 4, rapid.ID).Draw(t, "inner keys") {
			all[key] = draws(t, object{}, directives)
		}
		return all
	}
	token := object{}
	aliases := []string{"one", "two"}
	for _, key := range rapid.SliceOfNDistinct(someKeys, 0, 5, rapid.ID).Draw(t, "channel keys") {
		c := draws(t, object{"messages": inner(messageDirectives), "storage": inner(storageDirectives)}, channelDirectives)
		if !strings.ContainsAny(key, "*#") {
			draws(t, c, map[string]*rapid.Generator[any]{"autoSubscribe": booleans})
			if len(aliases) > 0 && rapid.Bool().Draw(t, "has alias") {
				c["alias"], aliases = aliases[0], aliases[1:]
			}
		}
		token[key] = c
	}
	return token
}

// layersOf signs and verifies both tokens, so that the whole way is compared.
func (o oracle) layersOf(v *Verifier) (l Layers) {
	if o.subscribe != nil {
		l.Subscribe = must(v.Verify(hs256().token(subscribe(claimsJSON{"uid": "u", "channels": o.subscribe})), ScopeSubscribe, now))
	}
	if o.connect != nil {
		l.Connect = must(v.Verify(hs256().token(connect(claimsJSON{"channels": o.connect})), ScopeConnect, now))
	}
	return l
}

func TestGrantsAgreeWithTheOracle(t *testing.T) {
	v := hs256().verifier(t, Options{Limits: Limits{TokenSize: 64 << 10, RegexWeight: 1 << 20, Regexes: 256}})
	rapid.Check(t, func(t *rapid.T) {
		o := oracle{connect: drawToken(t)}
		if rapid.Bool().Draw(t, "subscribe token") {
			o.subscribe = drawToken(t)
		}
		l := o.layersOf(v)
		name, inner := someNames.Draw(t, "name"), someNames.Draw(t, "inner")
		same := func(what string, got, want any) {
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s of %q %q is %v, want %v\nsubscribe %s\nconnect %s", what, name, inner, got, want,
					must(json.Marshal(o.subscribe)), must(json.Marshal(o.connect)))
			}
		}
		channel, alias := l.Resolve(name)
		wantChannel, wantAlias := o.resolve(name)
		same("channel", channel, wantChannel)
		same("alias", alias, wantAlias)

		g := l.Channel(channel)
		same("grant's alias", g.Alias(), wantAlias)
		same("subscribe", g.Subscribe(), o.subscribes(channel))
		same("getInfo", g.GetInfo(), o.boolean(channel, "", "", "getInfo") == "true")
		same("omitFromSubCount", g.OmitFromSubCount(), o.boolean(channel, "", "", "omitFromSubCount") == "true")
		same("umdUpdate", g.UMDUpdate(), o.boolean(channel, "", "", "umdUpdate") == "true")
		start, set := g.HistoryStart()
		wantStart, wantSet := o.number(channel, "", "", "historyStart")
		same("historyStart set", set, wantSet)
		if set {
			same("historyStart", start.Unix(), wantStart)
		}
		sameEvent(o, channel, inner, g.Event(inner), same)
		sameKey(o, channel, inner, g.Key(inner), same)
		if g.Key(inner).Observe && !g.ObservesAny() {
			t.Fatal("ObservesAny denies what Key allows")
		}
		sameRanges(t, g, inner)
	})
}

func sameEvent(o oracle, channel, event string, got EventGrant, same func(string, any, any)) {
	for _, subscribed := range []bool{false, true} {
		same(fmt.Sprintf("publish while subscribed %v", subscribed), got.MayPublish(subscribed), o.publishes(channel, event, subscribed))
	}
	same("echo", got.Echo, o.boolean(channel, "messages", event, "echo") == "true")
	same("emitPubSubEvent", map[Flag]string{Unset: "", True: "true", False: "false"}[got.EmitPubSubEvent], o.boolean(channel, "messages", event, "emitPubSubEvent"))
	store, _ := o.number(channel, "messages", event, "store")
	same("store", got.Store, store)
	same("scheduleBefore", seconds(got.ScheduleBefore), first(o.number(channel, "messages", event, "scheduleBefore")))
	for _, reaction := range []string{"x", "y", "z", "other"} {
		same("react "+reaction, got.React.Allows(reaction), o.reacts(channel, event, reaction))
	}
}

func sameKey(o oracle, channel, key string, got KeyGrant, same func(string, any, any)) {
	for directive, value := range map[string]bool{"observe": got.Observe, "get": got.Get, "set": got.Set, "emitPubSubEvent": got.EmitPubSubEvent} {
		same("storage "+directive, value, o.boolean(channel, "storage", key, directive) == "true")
	}
	same("notifyExpiry", map[Flag]string{Unset: "", True: "true", False: "false"}[got.NotifyExpiry], o.boolean(channel, "storage", key, "notifyExpiry"))
	store, set := o.number(channel, "storage", key, "store")
	if !set {
		store = -1
	}
	same("storage store", got.Store, store)
	same("storage scheduleBefore", seconds(got.ScheduleBefore), first(o.number(channel, "storage", key, "scheduleBefore")))
}

// seconds is a time as a number, 0 for none.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func first[T, U any](t T, _ U) T { return t }
