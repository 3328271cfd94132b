package acceptance

import "bytes"

func aliasCases() []hotsockCase {
	return []hotsockCase{
		{number: 30, rule: "an alias subscribes to the real name", play: case030},
		{number: 31, rule: "frames carry the real name", play: case031},
		{number: 32, rule: "both names unsubscribe", play: case032},
	}
}

// aliased connects A with the alias "me" for a channel and subscribes by it.
func aliased(s *scene, channel string) []byte {
	s.t.Helper()
	a := s.connect("A", claims(`{"channels":{"`+channel+`":{"alias":"me","subscribe":true}}}`))
	s.play(`A > sub me`)
	return a.expect(incoming(`subscribed `+channel+` {"channelAlias":"me","uid":null,"umd":null}`), s.vars)
}

func case030(s *scene) {
	frame := aliased(s, "u.30")
	if !bytes.Contains(frame, []byte(`"meta":{"channelAlias":"me",`)) {
		s.t.Errorf("channelAlias does not stand first in meta: %s", frame)
	}
}

func case031(s *scene) {
	aliased(s, "u.31")
	s.answers(202, `{"channel":"u.31","event":"e"}`)(s.server.publish(s.t.Context(), `{"channel":"u.31","event":"e","data":1}`))
	s.play(`A < message u.31 e 1`)
}

func case032(s *scene) {
	aliased(s, "u.32")
	s.play(`
		A > unsub u.32
		A < unsubscribed u.32 {"channelAlias":"me","uid":null,"umd":null}
		A > sub u.32
		A < subscribed u.32 {"channelAlias":"me","uid":null,"umd":null}
		A > unsub me
		A < unsubscribed u.32 {"channelAlias":"me","uid":null,"umd":null}
		A > unsub me
		A < error NOT_SUBSCRIBED me`)
}
