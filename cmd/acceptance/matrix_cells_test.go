package acceptance

import "fmt"

// How a connection stands to the channel of a cell.
const (
	apart     = "never subscribed"
	joined    = "subscribed by the connect token"
	layered   = "subscribed by a subscribe token"
	left      = "a subscription by token has ended"
	automatic = "subscribed by itself"
)

// A cell is one question to the server: may this command be, with those rights?
type cell struct {
	command   string // an event
	channel   string // its own
	state     string
	connect   rules  // what the connect token says about the channel
	layer     rules  // what the subscribe token says that made the subscription
	form      string // of the token that the command presents
	presented rules  // what that token says
	whole     verdict
	userless  bool // the connection has no uid
	http      bool // the command is a call of the Client HTTP API
	together  bool // the set has entries and a condition
	expired   bool // the connect token has expired since it was used
}

func (c *cell) subscribed() bool {
	switch c.state {
	case joined, layered:
		return true
	case automatic:
		return decide(said(c.connect, c.channel, "", "", "subscribe")) != no
	}
	return false
}

// inForce are the rules of the token that made the subscription, if it lives.
func (c *cell) inForce() rules {
	if c.state == layered {
		return c.layer
	}
	return nil
}

// The names in a cell.
const (
	someEvent    = "go.ab"
	someReaction = "👍"
	wrongOnes    = "❤️"
)

// Keys that speak about the name of a channel, and one that does not; the same for events and storage keys,
// which are all [someEvent].
func keysOf(channel string) map[string]string {
	return map[string]string{"exact": channel, "wildcard": channel[:len(channel)-1] + "*", "regex": "#regex:^" + channel[:len(channel)-2] + "[.]", "other": channel + "y"}
}

var namesOf = map[string]string{"exact": someEvent, "wildcard": "go*b", "regex": "#regex:[.]ab$", "other": "go", "all": "*"}

// saying is a value under one key, or two.
type saying struct {
	key   string
	inner string
	value any
}

func (c *cell) rulesOf(section, directive string, all ...saying) rules {
	token := rules{}
	for _, s := range all {
		of := under(token, keysOf(c.channel)[s.key])
		if section != "" {
			of = under(under(of, section), namesOf[s.inner])
		}
		of[directive] = s.value
	}
	return token
}

// under returns the object at a key, which is made if there is none.
func under(token rules, key string) rules {
	of, ok := token[key].(rules)
	if !ok {
		of = rules{}
		token[key] = of
	}
	return of
}

// forms are the ways in which a token may speak about a name with a boolean directive of the channel.
var forms = [][]saying{
	{},
	{{"exact", "", true}}, {{"exact", "", false}},
	{{"wildcard", "", true}}, {{"wildcard", "", false}},
	{{"regex", "", true}}, {{"regex", "", false}},
	{{"other", "", true}}, {{"other", "", false}, {"exact", "", true}},
	{{"exact", "", true}, {"wildcard", "", false}}, {{"exact", "", false}, {"wildcard", "", true}},
	{{"exact", "", true}, {"regex", "", false}}, {{"wildcard", "", true}, {"regex", "", true}},
}

// innerForms are the same for a directive of an event or a storage key.
func innerForms() [][]saying {
	all := [][]saying{
		{},
		{{"exact", "exact", true}, {"wildcard", "all", false}},
		{{"exact", "exact", false}, {"wildcard", "all", true}},
		{{"exact", "exact", true}, {"exact", "all", false}},
		{{"wildcard", "wildcard", true}, {"regex", "regex", true}},
		{{"other", "all", true}},
		{{"other", "all", false}, {"exact", "all", true}},
	}
	for _, key := range []string{"exact", "wildcard", "regex"} {
		for _, inner := range []string{"exact", "wildcard", "regex"} {
			all = append(all, []saying{{key, inner, true}})
		}
		all = append(all, []saying{{key, "exact", false}}, []saying{{key, "other", true}})
	}
	return all
}

// layers are what the subscribe token says about the directive that the cell is about.
var layers = [][]saying{{}, {{"exact", "exact", true}}, {{"wildcard", "all", false}}, {{"exact", "exact", false}, {"wildcard", "all", true}}}

// generator makes cells, each with a channel that no other cell speaks of.
type generator struct {
	rows  map[string]bool // the commands that have cells
	cells []*cell
}

func (g *generator) add(c cell, fill func(c *cell)) {
	c.channel = fmt.Sprintf("m%d.x", len(g.cells))
	c.connect, c.layer, c.presented = rules{}, rules{}, rules{}
	fill(&c)
	switch c.state {
	case joined:
		under(c.connect, c.channel)["subscribe"] = true
	case layered, left:
		under(c.layer, c.channel)["subscribe"] = true
	}
	g.rows[c.command] = true
	g.cells = append(g.cells, &c)
}

// inner adds all cells of a command that an event's or a key's directive allows.
func (g *generator) inner(c cell, section, directive string, also func(c *cell), all [][]saying, layers [][]saying) {
	fill := func(form, layer []saying) func(*cell) {
		return func(c *cell) {
			c.connect = c.rulesOf(section, directive, form...)
			c.layer = c.rulesOf(section, directive, layer...)
			if also != nil {
				also(c)
			}
		}
	}
	for _, form := range all {
		for _, c.state = range []string{apart, joined} {
			g.add(c, fill(form, nil))
		}
		for _, layer := range layers {
			c.state = layered
			g.add(c, fill(form, layer))
		}
		c.state = left
		g.add(c, fill(form, layers[1]))
	}
}

func (g *generator) publishing(expired bool) {
	c := cell{command: someEvent, expired: expired}
	for _, broadcast := range [][]saying{{}, {{"exact", "exact", true}}, {{"wildcard", "all", true}, {"regex", "regex", false}}} {
		g.inner(c, "messages", "publish", func(c *cell) {
			for key, of := range c.rulesOf("messages", "broadcast", broadcast...) {
				for event, said := range of.(rules)["messages"].(rules) {
					under(under(under(c.connect, key), "messages"), event)["broadcast"] = said.(rules)["broadcast"]
				}
			}
		}, innerForms(), layers)
	}
}

// calling asks by HTTP what publishing and storing ask by frames.
func (g *generator) calling() {
	g.inner(cell{command: someEvent, http: true}, "messages", "publish", nil, innerForms(), layers)
	g.inner(cell{command: "hotsock.channelStorageSet", http: true}, "storage", "set", nil, innerForms(), layers)
	g.inner(cell{command: "hotsock.channelStorageSet", http: true, together: true}, "storage", "set", nil, innerForms(), layers)
	g.inner(cell{command: "hotsock.channelStorageGet", http: true}, "storage", "get", nil, innerForms(), layers)
}

func (g *generator) storing(expired bool) {
	g.inner(cell{command: "hotsock.channelStorageSet", expired: expired}, "storage", "set", nil, innerForms(), layers)
	g.inner(cell{command: "hotsock.channelStorageSet", expired: expired, together: true}, "storage", "set", nil, innerForms(), layers)
	g.inner(cell{command: "hotsock.channelStorageGet", expired: expired}, "storage", "get", nil, innerForms(), layers)
}

// together is an entry of a set of entries: the condition holds, so that it is the rights alone that count.
func together(data int) rules {
	return rules{"key": someEvent, "data": data, "ifAbsent": true}
}

func (g *generator) reacting() {
	only, others, none := []string{someReaction}, []string{wrongOnes}, []string{}
	all := append(innerForms(),
		[]saying{{"exact", "exact", only}}, []saying{{"wildcard", "wildcard", others}}, []saying{{"regex", "all", none}},
		[]saying{{"exact", "exact", others}, {"wildcard", "all", only}}, []saying{{"exact", "exact", only}, {"regex", "all", false}})
	layers := append(layers, []saying{{"exact", "exact", only}}, []saying{{"exact", "regex", others}})
	g.inner(cell{command: "hotsock.messageReaction"}, "messages", "react", nil, all, layers)
	g.inner(cell{command: "hotsock.messageReaction", userless: true}, "messages", "react", nil, all[:4], layers[:2])
}

// subscribing crosses what the connect token says with what is presented.
func (g *generator) subscribing() {
	c := cell{command: "hotsock.subscribe"}
	auto := []saying{{"auto", "", true}}
	for _, form := range append(forms, auto, append(auto, forms[2]...), append(auto, forms[4]...)) {
		isAuto := len(form) > 0 && form[0].key == "auto"
		fill := func(presented []saying) func(*cell) {
			return func(c *cell) {
				if isAuto {
					c.connect = c.rulesOf("", "subscribe", form[1:]...)
					under(c.connect, c.channel)["autoSubscribe"] = true
				} else {
					c.connect = c.rulesOf("", "subscribe", form...)
				}
				c.presented = c.rulesOf("", "subscribe", presented...)
			}
		}
		states := []string{apart, layered, left}
		if isAuto {
			states = []string{automatic}
		}
		for _, c.state = range states {
			c.form = noToken
			g.add(c, fill(nil))
			for _, c.form = range goodForms {
				for _, presented := range [][]saying{{}, forms[1], forms[4], forms[9]} {
					g.add(c, fill(presented))
				}
			}
			for _, c.form = range badForms("subscribe") {
				g.add(c, fill(forms[1]))
			}
		}
	}
}

func (g *generator) unsubscribing() {
	for _, c := range []cell{{command: "hotsock.unsubscribe"}, {command: "hotsock.unsubscribe", userless: true}, {command: "hotsock.unsubscribe", expired: true}} {
		for _, form := range forms {
			for _, c.state = range []string{apart, layered, left} {
				g.add(c, func(c *cell) { c.connect = c.rulesOf("", "subscribe", form...) })
			}
		}
		c.state = automatic
		g.add(c, func(c *cell) { under(c.connect, c.channel)["autoSubscribe"] = true })
	}
}

// updating: what the connect token says of umdUpdate means nothing.
func (g *generator) updating() {
	c := cell{command: "hotsock.umdUpdate"}
	for _, connect := range [][]saying{{}, forms[1]} {
		fill := func(presented []saying) func(*cell) {
			return func(c *cell) {
				c.connect = c.rulesOf("", "umdUpdate", connect...)
				c.presented = c.rulesOf("", "umdUpdate", presented...)
			}
		}
		for _, c.state = range []string{apart, joined, layered, left} {
			for _, c.form = range goodForms {
				for _, form := range forms {
					g.add(c, fill(form))
				}
			}
			for _, c.form = range append(badForms("umd"), noToken) {
				g.add(c, fill(forms[1]))
			}
		}
	}
}

// updatingWhole is about the connection's own umd.
func (g *generator) updatingWhole() {
	c := cell{command: "hotsock.umdUpdate", state: ownUMD}
	for _, c.whole = range []verdict{unsaid, yes, no} {
		for _, c.form = range append(badForms("umd"), append(goodForms, noToken)...) {
			g.add(c, func(c *cell) { c.presented = c.rulesOf("", "umdUpdate", forms[1]...) })
		}
	}
}

// ownUMD is the state of cells about the connection itself.
const ownUMD = "of the connection"

// withoutRights are commands that everybody may send, and events that nobody may.
func (g *generator) withoutRights(command string) {
	for _, c := range []cell{{command: command}, {command: command, userless: true}, {command: command, expired: true}} {
		for _, c.state = range []string{apart, joined} {
			g.add(c, func(c *cell) {})
			g.add(c, func(c *cell) {
				c.connect = rules{c.channel: rules{"messages": rules{"*": rules{"publish": true, "broadcast": true}}}}
			})
		}
	}
}

// nobodys are events that only the server sends, or nobody.
var nobodys = []string{"hotsock.connected", "hotsock.subscribed", "hotsock.unsubscribed", "hotsock.error", "hotsock.ack", "hotsock.memberAdded",
	"hotsock.memberUpdated", "hotsock.memberRemoved", "hotsock.messageReactionAdded", "hotsock.messageReactionRemoved",
	"hotsock.channelStorageUpdated", "hotsock.channelStorageData", "hotsock.channelStorageList", "hotsock.keepAlive", "hotsock.", "hotsock.SUBSCRIBE"}

// want is what the protocol says.
func (c *cell) want() string {
	good := c.form == noToken && c.command == "hotsock.subscribe"
	for _, form := range goodForms {
		good = good || c.form == form
	}
	switch c.command {
	case someEvent:
		return publishAnswer(c.inForce(), c.connect, c.subscribed(), c.channel, someEvent)
	case "hotsock.channelStorageSet":
		return storageAnswer(c.inForce(), c.connect, c.channel, someEvent, "set")
	case "hotsock.channelStorageGet":
		return storageAnswer(c.inForce(), c.connect, c.channel, someEvent, "get")
	case "hotsock.messageReaction":
		return reactionAnswer(c.inForce(), c.connect, c.subscribed(), !c.userless, c.channel, someEvent, someReaction)
	case "hotsock.subscribe":
		if !good {
			return "INVALID_SUBSCRIBE_TOKEN"
		}
		return subscribeAnswer(c.presented, c.connect, c.subscribed(), c.channel)
	case "hotsock.unsubscribe":
		if !c.subscribed() {
			return "NOT_SUBSCRIBED"
		}
		return answerOK
	case "hotsock.umdUpdate":
		if !good {
			return "INVALID_UMD_TOKEN"
		}
		if c.state == ownUMD {
			return umdAnswer(nil, c.whole, false, "")
		}
		return umdAnswer(c.presented, unsaid, c.subscribed(), c.channel)
	case "hotsock.heartbeat", "hotsock.ping":
		return answerOK
	case "hotsock.pong":
		return answerNone
	}
	return "UNKNOWN_EVENT"
}
