package claims

import "testing"

// What a user of a chat carries.
const chatChannels = `{
	"room.*":{"subscribe":true,"messages":{"chat":{"publish":true,"store":86400,"react":["👍","❤️"]},"typing":{"publish":true}}},
	"room.mods":{"subscribe":false},
	"presence.lobby":{"autoSubscribe":true,"alias":"lobby","getInfo":true},
	"user.42":{"autoSubscribe":true,"historyStart":0},
	"#regex:^team-[0-9]{1,4}$":{"subscribe":true,"storage":{"cursor.*":{"observe":true,"set":true,"store":60},"*":{"get":true}}}}`

func BenchmarkVerify(b *testing.B) {
	for _, m := range methods {
		b.Run(m.Alg(), func(b *testing.B) {
			is := newIssuer(m.Alg(), "")
			v := is.verifier(b, Options{})
			c := connect(channels(chatChannels))
			c["uid"], c["umd"] = "ann", map[string]any{"name": "Ann", "n": 1}
			token := is.token(c)
			b.ReportAllocs()
			for b.Loop() {
				accept(b, v, token, ScopeConnect)
			}
		})
	}
}

// BenchmarkVerifyUnseen compiles the channels claim each time, as for users who are named in it.
func BenchmarkVerifyUnseen(b *testing.B) {
	is := hs256()
	v := is.verifier(b, Options{})
	v.channels, v.regexes = nil, nil
	token := is.token(connect(channels(chatChannels)))
	b.ReportAllocs()
	for b.Loop() {
		accept(b, v, token, ScopeConnect)
	}
}

func BenchmarkChannel(b *testing.B) {
	l := Layers{Connect: parse(b, channels(chatChannels))}
	b.ReportAllocs()
	for b.Loop() {
		l.Channel("room.7")
	}
}

func BenchmarkEvent(b *testing.B) {
	g := Layers{Connect: parse(b, channels(chatChannels))}.Channel("room.7")
	b.ReportAllocs()
	for b.Loop() {
		if !g.Event("chat").Publish {
			b.Fatal("denied")
		}
	}
}

func BenchmarkKey(b *testing.B) {
	g := Layers{Connect: parse(b, channels(chatChannels))}.Channel("team-7")
	b.ReportAllocs()
	for b.Loop() {
		if !g.Key("cursor.ann").Set {
			b.Fatal("denied")
		}
	}
}
