package acceptance

import "fmt"

func umdCases() []hotsockCase {
	return []hotsockCase{
		{number: 93, rule: "a umd update is told to all members and goes with what is sent", play: case093},
		{number: 94, rule: "a umd update needs its token and a subscription", play: case094},
		{number: 95, rule: "the connection's umd is for what comes later", play: case095},
		{number: 96, rule: "the connection's umd may be propagated", play: case096},
	}
}

// umdWith keeps a umd token under a name, for "umd c with $name".
func (s *scene) umdWith(name string, c claims) {
	s.vars[name] = hs256.sign(string(c.completed("umd")))
}

func case093(s *scene) {
	joins(s, "A", "presence.93", "u", "", `[{"uid":"u","umd":null}]`)
	joins(s, "B", "presence.93", "bob", "", `[{"uid":"u","umd":null},`+bob+`]`)
	s.play(`A < ` + news("memberAdded", "presence.93", bob, `[{"uid":"u","umd":null},`+bob+`]`))
	s.umdWith("U", `{"uid":"u","umd":{"s":1},"channels":{"presence.93":{"umdUpdate":true}}}`)
	s.play(`A > umd presence.93 with $U`)
	for _, name := range []string{"A", "B"} {
		s.play(name + ` < ` + news("memberUpdated", "presence.93", `{"uid":"u","umd":{"s":1}}`, `[{"uid":"u","umd":{"s":1}},`+bob+`]`))
	}
	s.play(`
		A > pub presence.93 e 1
		B < message presence.93 e 1 {"uid":"u","umd":{"s":1}}
		A > umd presence.93 with $U
		A ∅
		B ∅`)
}

func case094(s *scene) {
	s.connect("A", `{"uid":"u","channels":{"c94":{"subscribe":true},"d94":{"subscribe":true}}}`)
	s.umdWith("without", `{"uid":"u","umd":1,"channels":{"d94":{"umdUpdate":true},"*":{"subscribe":true}}}`)
	s.umdWith("denied", `{"uid":"u","umd":1,"channels":{"*":{"umdUpdate":true},"c94":{"umdUpdate":false}}}`)
	s.umdWith("other", `{"uid":"v","umd":1,"channels":{"*":{"umdUpdate":true}}}`)
	s.subscribeWith("scope", `{"uid":"u","umd":1,"channels":{"*":{"umdUpdate":true}}}`)
	s.umdWith("good", `{"uid":"u","umd":1,"channels":{"*":{"umdUpdate":true}}}`)
	s.play(`
		A > sub c94
		A < subscribed c94 {"uid":"u","umd":null}
		A > umd c94 with $without
		A < error UMD_UPDATE_PERMISSION_DENIED c94
		A > umd c94 with $denied
		A < error UMD_UPDATE_PERMISSION_DENIED c94
		A > umd c94 with $other
		A < error INVALID_UMD_TOKEN c94
		A > umd c94 with $scope
		A < error INVALID_UMD_TOKEN c94
		A > {"event":"hotsock.umdUpdate","channel":"c94"}
		A < error INVALID_UMD_TOKEN c94
		A > umd d94 with $good
		A < error NOT_SUBSCRIBED d94
		A > umd with $good
		A < error UMD_UPDATE_PERMISSION_DENIED
		A > unsub c94
		A < unsubscribed c94 {"uid":"u","umd":null}
		A > umd c94 with $good
		A < error NOT_SUBSCRIBED c94
		A ∅`)
	for _, name := range []string{"c94", "d94"} {
		s.answers(200, pattern(fmt.Sprintf(`{"name":%q,"subscriptionsCount":0}`, name)))(s.server.channels(s.t.Context(), name))
	}
	umdOfWhoIsGone(s)
}

func case095(s *scene) {
	s.connect("A", `{"uid":"u","umd":{"s":0},"channels":{"c95*":{"subscribe":true,"messages":{"*":{"publish":true,"broadcast":true}}}}}`)
	s.connect("B", `{"channels":{"c95*":{"subscribe":true}}}`)
	s.umdWith("U", `{"uid":"u","umd":{"s":1},"umdUpdate":true}`)
	s.play(`
		A > sub c95
		A < subscribed c95 {"uid":"u","umd":{"s":0}}
		B > sub c95
		B < subscribed c95
		B > sub c95c
		B < subscribed c95c
		A > umd with $U
		A > pub c95 e 1
		B < message c95 e 1 {"uid":"u","umd":{"s":0}}
		A > pub c95c e 2
		B < message c95c e 2 {"uid":"u","umd":{"s":1}}
		A > sub c95b
		A < subscribed c95b {"uid":"u","umd":{"s":1}}
		A ∅`)
}

func case096(s *scene) {
	s.connect("A", `{"uid":"u","channels":{"presence.96a":{"autoSubscribe":true},"presence.96b":{"autoSubscribe":true},
		"c96":{"subscribe":true,"messages":{"*":{"publish":true,"echo":true}}}}}`)
	s.umdWith("U", `{"uid":"u","umd":{"s":1},"umdUpdate":true,"umdPropagate":true}`)
	s.subscribeWith("S", `{"uid":"u","umd":"own","channels":{"c96":{"subscribe":true}}}`)
	s.play(`
		A < {"event":"hotsock.subscribed","channel":"presence.96a","data":"<any>","meta":{"uid":"u","umd":null}}
		A < {"event":"hotsock.subscribed","channel":"presence.96b","data":"<any>","meta":{"uid":"u","umd":null}}
		A > sub c96 with $S
		A < subscribed c96 {"uid":"u","umd":"own"}
		A > {"event":"hotsock.umdUpdate","data":{"token":"` + s.vars["U"] + `"},"ref":"r"}`)
	// Three channels answer, in no particular order.
	want := map[string]string{
		"presence.96a": news("memberUpdated", "presence.96a", `{"uid":"u","umd":{"s":1}}`, `[{"uid":"u","umd":{"s":1}}]`),
		"presence.96b": news("memberUpdated", "presence.96b", `{"uid":"u","umd":{"s":1}}`, `[{"uid":"u","umd":{"s":1}}]`),
		"":             `{"event":"hotsock.ack","ref":"r","data":{}}`,
	}
	s.expectEach("A", want)
	s.play(`
		A > pub c96 e 1
		A < message c96 e 1 {"uid":"u","umd":{"s":1}}
		A ∅`)
}

// umdOfWhoIsGone: whenever the update comes, a connection that has ended leaves no member behind.
func umdOfWhoIsGone(s *scene) {
	s.t.Helper()
	s.umdWith("U", `{"uid":"u","umd":{"s":1},"umdUpdate":true,"umdPropagate":true}`)
	joins(s, "G", "presence.94", "u", "", `[{"uid":"u","umd":null}]`)
	gone := s.clients["G"]
	gone.cut()
	for status := 0; status != 401; {
		resp, err := s.server.asConnection(s.t.Context(), gone, "umdUpdate", `{"token":"`+s.vars["U"]+`"}`)
		if err != nil {
			s.t.Fatal(err)
		}
		if status = resp.status; status != 200 && status != 401 {
			s.t.Fatalf("HTTP %s", resp)
		}
	}
	joins(s, "B", "presence.94", "b", "", `[{"uid":"b","umd":null}]`)
}
