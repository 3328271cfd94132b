package cmd

// The modes: compat speaks Hotsock's protocol and has limits of its own, most of them larger.
const (
	compat    = "compat"
	strictAWS = "strict-aws"
)

var modes = []string{compat, strictAWS}

// strictLimits are the limits that Hotsock has by what it is built on, as the file spells them. An application
// that keeps within them can go back to Hotsock, or is shown where it would fail there.
//
// Source: Hotsock docs, "Limits"; Amazon API Gateway, "Quotas for WebSocket APIs".
var strictLimits = []struct{ key, is string }{
	{"limits.connection_age", "2h"},
	{"limits.connection_age_spread", "0%"},
	{"limits.idle_timeout", "10m"},
	{"limits.frame_size", "32KiB"},
	{"limits.message_size", "128KiB"},
	{"limits.url_size", "4096"},
	{"limits.data_size", "32KiB"},
	{"limits.history_page_size", "1MiB"},
	{"storage.notify_expiry", "false"},
}

// setMode puts the limits of the mode in the place of defaults. What a file, a variable or a flag sets stays.
func (l *loaded) setMode(settings []setting) {
	if l.Mode != strictAWS {
		return
	}
	for _, limit := range strictLimits {
		if _, set := l.where[limit.key]; set {
			continue
		}
		for _, s := range settings {
			if s.key != limit.key {
				continue
			}
			if err := s.value.set(tree{kind: treeScalar, scalar: limit.is}, ""); err != nil {
				panic(err) // the table above is wrong
			}
			l.where[limit.key] = place{name: "mode " + strictAWS}
		}
	}
}
