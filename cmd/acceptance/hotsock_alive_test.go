package acceptance

import (
	"time"
)

func aliveCases() []hotsockCase {
	return []hotsockCase{
		{number: 59, rule: "who misses the heartbeat is closed and leaves presence", play: case059},
		{number: 60, rule: "who keeps the heartbeat stays", play: case060},
		{number: 61, rule: "keepAlive comes again and again", settings: settings{"limits.keep_alive_period": "500ms"}, play: case061},
		{number: 62, rule: "ping is answered", play: case062},
		{number: 63, rule: "pong is taken in silence", play: case063},
	}
}

// missedHeartbeat is the close code of who does not keep it.
const missedHeartbeat = 4001

func case059(s *scene) {
	joins(s, "B", "presence.59", "bob", "", `[`+bob+`]`)
	began := time.Now()
	s.connect("A", `{"uid":"ann","heartbeatTimeout":5,"channels":{"presence.59":{"subscribe":true}}}`)
	s.play(`
		A > sub presence.59
		A < {"event":"hotsock.subscribed","channel":"presence.59","data":{"members":"<any>"},"meta":{"uid":"ann","umd":null}}
		B < ` + news("memberAdded", "presence.59", ann, `[`+bob+`,`+ann+`]`))
	s.wait(3 * time.Second)
	s.play(`
		A > ping
		A < pong`) // it is not a heartbeat
	s.clients["A"].expectClose(missedHeartbeat)
	if open := time.Since(began); open < 5*time.Second {
		s.t.Errorf("closed after %v, before the heartbeat was missed", open)
	} else {
		s.tr.add("closed after %v", open)
		s.t.Logf("closed %v after connecting", open.Round(time.Millisecond))
	}
	s.play(`B < ` + news("memberRemoved", "presence.59", ann, `[`+bob+`]`))
}

func case060(s *scene) {
	s.connect("A", `{"heartbeatTimeout":5}`)
	for range 2 {
		s.wait(4 * time.Second)
		s.play(`A > heartbeat`)
	}
	s.wait(2 * time.Second)
	s.play(`
		A ∅
		A > ping
		A < pong`)
}

func case061(s *scene) {
	s.connect("A", `{"keepAlive":true}`)
	s.connect("B", `{}`)
	s.play(`
		A < {"event":"hotsock.keepAlive","data":{}}
		A < {"event":"hotsock.keepAlive","data":{}}
		A < {"event":"hotsock.keepAlive","data":{}}
		B ∅`)
}

func case062(s *scene) {
	s.connect("A", `{}`)
	s.play(`
		A > {"event":"hotsock.ping"}
		A < {"event":"hotsock.pong","data":"{}"}`)
}

func case063(s *scene) {
	s.connect("A", `{}`)
	s.play(`
		A > {"event":"hotsock.pong"}
		A ∅
		A > ping
		A < pong`)
}
