package acceptance

import (
	"fmt"
	"strings"
	"time"
)

func subscribeCases() []hotsockCase {
	return []hotsockCase{
		{number: 19, rule: "subscribe is answered", play: case019},
		{number: 20, rule: "subscribing twice is refused", play: case020},
		{number: 21, rule: "subscribing without the right is refused", play: case021},
		{number: 22, rule: "leaving what was not joined is refused", play: case022},
		{number: 23, rule: "after unsubscribe nothing comes", play: case023},
		{number: 24, rule: "an explicit false wins over a wildcard", play: case024},
		{number: 25, rule: "a regex grants what it matches", play: case025},
		{number: 26, rule: "regex true and wildcard false is denied", play: case026},
		{number: 27, rule: "channel names have 256 characters and no wildcards", play: case027},
		{number: 28, rule: "autoSubscribe needs no frame", play: case028},
		{number: 29, rule: "autoSubscribe to presence without uid is an error and no end", play: case029},
		{number: 33, rule: "a subscribe token of the same uid grants", play: case033},
		{number: 34, rule: "a subscribe token of another uid or scope is invalid", play: case034},
		{number: 35, rule: "a subscribe token bound to the connection brings its uid and umd", play: case035},
		{number: 36, rule: "a single use subscribe token subscribes once", play: case036},
		{number: 37, rule: "the rights of a subscribe token end with the subscription", play: case037},
	}
}

func case019(s *scene) {
	s.connect("A", `{"channels":{"c19":{"subscribe":true}}}`)
	s.play(`
		A > sub c19
		A < {"event":"hotsock.subscribed","channel":"c19","data":{},"meta":{"uid":null,"umd":null}}
		A ∅`)
}

func case020(s *scene) {
	s.connect("A", `{"channels":{"c20":{"subscribe":true}}}`)
	s.play(`
		A > sub c20
		A > sub c20
		A < subscribed c20
		A < error ALREADY_SUBSCRIBED c20
		A ∅`)
}

func case021(s *scene) {
	s.connect("A", `{"channels":{"c21":{"subscribe":true}}}`)
	s.play(`
		A > sub d21
		A < error SUBSCRIBE_PERMISSION_DENIED d21
		A > sub c21
		A < subscribed c21`)
}

func case022(s *scene) {
	s.connect("A", `{"channels":{"c22":{"subscribe":true}}}`)
	s.play(`
		A > unsub c22
		A < error NOT_SUBSCRIBED c22`)
}

func case023(s *scene) {
	s.connect("A", `{"channels":{"c23":{"subscribe":true}}}`)
	s.play(`
		A > sub c23
		A < subscribed c23`)
	s.answers(202, `{"channel":"c23","event":"e"}`)(s.server.publish(s.t.Context(), `{"channel":"c23","event":"e","data":1}`))
	s.play(`
		A < message c23 e 1
		A > unsub c23
		A < unsubscribed c23`)
	s.answers(202, `{"channel":"c23","event":"e"}`)(s.server.publish(s.t.Context(), `{"channel":"c23","event":"e","data":2}`))
	s.play(`A ∅`)
}

func case024(s *scene) {
	for _, channels := range []string{
		`{"room24.*":{"subscribe":true},"room24.mods":{"subscribe":false}}`,
		`{"room24.mods":{"subscribe":false},"room24.*":{"subscribe":true}}`,
	} {
		s.connect("A", claims(`{"channels":`+channels+`}`))
		s.play(`
			A > sub room24.1
			A < subscribed room24.1
			A > sub room24.mods
			A < error SUBSCRIBE_PERMISSION_DENIED room24.mods`)
	}
}

func case025(s *scene) {
	s.connect("A", `{"channels":{"#regex:^team-[0-9]{1,4}$":{"subscribe":true}}}`)
	s.play(`
		A > sub team-12
		A < subscribed team-12
		A > sub team-x
		A < error SUBSCRIBE_PERMISSION_DENIED team-x
		A > sub team-12345
		A < error SUBSCRIBE_PERMISSION_DENIED team-12345`)
}

func case026(s *scene) {
	s.connect("A", `{"channels":{"#regex:^team-":{"subscribe":true},"team-26*":{"subscribe":false}}}`)
	s.play(`
		A > sub team-26
		A < error SUBSCRIBE_PERMISSION_DENIED team-26
		A > sub team-27
		A < subscribed team-27`)
}

func case027(s *scene) {
	s.connect("A", `{"channels":{"*":{"subscribe":true}}}`)
	for _, name := range []string{strings.Repeat("n", 257), "a b", "a,b", "a*", "a#", "a\nb"} {
		s.play(fmt.Sprintf(`A > {"event":"hotsock.subscribe","channel":%s}`, text(name)))
		frame, err := s.clients["A"].next(patience)
		if err != nil {
			s.t.Fatal(err)
		}
		refused := decodeInto[struct{ Error struct{ Code string } }](s.t, frame)
		if code := refused.Error.Code; code != "INVALID_CHANNEL" {
			s.t.Errorf("the name %q gets %s, want INVALID_CHANNEL", name, frame)
		}
	}
	for _, name := range []string{strings.Repeat("n", 256), strings.Repeat("ü", 256)} {
		s.play(fmt.Sprintf(`
			A > {"event":"hotsock.subscribe","channel":%[1]q}
			A < {"event":"hotsock.subscribed","channel":%[1]q,"data":{},"meta":%[2]s}`, name, nobody))
	}
}

func case028(s *scene) {
	s.connect("A", `{"channels":{"u.28":{"autoSubscribe":true}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"u.28","data":{"autoSubscribed":true},"meta":{"uid":null,"umd":null}}`)
	s.answers(202, `"<any>"`)(s.server.publish(s.t.Context(), `{"channel":"u.28","event":"e","data":1}`))
	s.play(`A < message u.28 e 1`)
}

func case029(s *scene) {
	s.connect("A", `{"channels":{"presence.29":{"autoSubscribe":true}}}`)
	s.play(`
		A < error PRESENCE_CHANNEL_USER_ID_REQUIRED presence.29
		A > ping
		A < pong`)
}

func case033(s *scene) {
	s.connect("A", `{"uid":"u"}`)
	s.subscribeWith("S", `{"uid":"u","channels":{"p33":{"subscribe":true}}}`)
	s.play(`
		A > sub p33 with $S
		A < subscribed p33 {"uid":"u","umd":null}`)
}

func case034(s *scene) {
	s.connect("A", `{"uid":"u","channels":{"p34":{"subscribe":true}}}`)
	s.subscribeWith("other", `{"uid":"v","channels":{"p34":{"subscribe":true}}}`)
	s.subscribeWith("unbound", `{"channels":{"p34":{"subscribe":true}}}`)
	s.subscribeWith("expired", claims(fmt.Sprintf(`{"exp":%d,"uid":"u","channels":{"p34":{"subscribe":true}}}`, in(-time.Minute))))
	s.subscribeWith("connect", `{"scope":"connect","uid":"u","channels":{"p34":{"subscribe":true}}}`)
	s.vars["garbage"] = "garbage"
	// The connect token alone would do. A bad token is a fault all the same.
	s.play(`
		A > sub p34 with $other
		A < error INVALID_SUBSCRIBE_TOKEN p34
		A > sub p34 with $unbound
		A < error INVALID_SUBSCRIBE_TOKEN p34
		A > sub p34 with $expired
		A < error INVALID_SUBSCRIBE_TOKEN p34
		A > sub p34 with $connect
		A < error INVALID_SUBSCRIBE_TOKEN p34
		A > sub p34 with $garbage
		A < error INVALID_SUBSCRIBE_TOKEN p34
		A > sub p34
		A < subscribed p34 {"uid":"u","umd":null}`)
}

func case035(s *scene) {
	a := s.connect("A", `{}`)
	s.connect("B", `{"channels":{"p35":{"autoSubscribe":true}}}`)
	s.subscribeWith("S", claims(fmt.Sprintf(
		`{"connectionId":%q,"uid":"z","umd":1,"channels":{"p35":{"subscribe":true,"messages":{"chat":{"publish":true}}}}}`, a.id)))
	s.play(`
		B < {"event":"hotsock.subscribed","channel":"p35","data":{"autoSubscribed":true},"meta":{"uid":null,"umd":null}}
		A > sub p35 with $S
		A < subscribed p35 {"uid":"z","umd":1}
		A > pub p35 chat "hi"
		B < message p35 chat "hi" {"uid":"z","umd":1}
		B > sub p35 with $S
		B < error INVALID_SUBSCRIBE_TOKEN p35`)
}

func case036(s *scene) {
	s.connect("A", `{"uid":"u"}`)
	s.subscribeWith("S", `{"singleUse":true,"jti":"j36","uid":"u","channels":{"p36":{"subscribe":true}}}`)
	s.play(`
		A > sub p36 with $S
		A < subscribed p36 {"uid":"u","umd":null}
		A > unsub p36
		A < unsubscribed p36 {"uid":"u","umd":null}
		A > sub p36 with $S
		A < error INVALID_SUBSCRIBE_TOKEN p36`)
}

func case037(s *scene) {
	s.connect("A", `{"uid":"u"}`)
	s.connect("B", `{"channels":{"p37":{"subscribe":true}}}`)
	s.subscribeWith("S", `{"uid":"u","channels":{"p37":{"subscribe":true,"messages":{"chat":{"publish":true}}}}}`)
	s.play(`
		B > sub p37
		B < subscribed p37
		A > sub p37 with $S
		A < subscribed p37 {"uid":"u","umd":null}
		A > pub p37 chat 1
		B < message p37 chat 1 {"uid":"u","umd":null}
		A > unsub p37
		A < unsubscribed p37 {"uid":"u","umd":null}
		A > pub p37 chat 2
		A < error PUBLISH_PERMISSION_DENIED p37
		B ∅`)
}
