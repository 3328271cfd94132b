package acceptance

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

func publishCases() []hotsockCase {
	return []hotsockCase{
		{number: 38, rule: "a message reaches the others with its author", play: case038},
		{number: 39, rule: "echo reaches the author too with the same id", play: case039},
		{number: 40, rule: "another connection of the same uid hears without echo", play: case040},
		{number: 41, rule: "publishing another event is denied", play: case041},
		{number: 42, rule: "publish needs a subscription", play: case042},
		{number: 43, rule: "broadcast needs none", play: case043},
		{number: 44, rule: "publish false denies broadcast", play: case044},
		{number: 45, rule: "an exact false wins over a wildcard event", play: case045},
		{number: 46, rule: "event names have their rules", play: case046},
		{number: 47, rule: "data arrives byte for byte", play: case047},
		{number: 48, rule: "data over the limit is refused and the connection lives", play: case048},
		{number: 49, rule: "what is no frame is refused and the connection lives", play: case049},
		{number: 50, rule: "all subscribers see one order and rising ids", play: case050},
	}
}

// pair connects A, with these rights on a channel's events, and B. Both are subscribed.
func pair(s *scene, channel, events string) {
	s.t.Helper()
	s.connect("A", claims(fmt.Sprintf(`{"uid":"a","umd":{"n":1},"channels":{%q:{"subscribe":true,"messages":%s}}}`, channel, events)))
	s.connect("B", claims(fmt.Sprintf(`{"channels":{%q:{"subscribe":true}}}`, channel)))
	s.play(fmt.Sprintf(`
		A > sub %[1]s
		A < subscribed %[1]s {"uid":"a","umd":{"n":1}}
		B > sub %[1]s
		B < subscribed %[1]s`, channel))
}

func case038(s *scene) {
	pair(s, "c38", `{"m":{"publish":true}}`)
	s.play(`
		A > pub c38 m {"x":1}
		B < {"id":"<ulid>","event":"m","channel":"c38","data":{"x":1},"meta":{"uid":"a","umd":{"n":1}}}
		A > {"event":"m","channel":"c38"}
		B < message c38 m null {"uid":"a","umd":{"n":1}}
		A ∅`)
}

func case039(s *scene) {
	pair(s, "c39", `{"m":{"publish":true,"echo":true}}`)
	s.play(`
		A > pub c39 m 1
		A < {"id":"$id","event":"m","channel":"c39","data":1,"meta":{"uid":"a","umd":{"n":1}}}
		B < {"id":"$id","event":"m","channel":"c39","data":1,"meta":{"uid":"a","umd":{"n":1}}}`)
}

func case040(s *scene) {
	pair(s, "c40", `{"m":{"publish":true}}`)
	s.connect("A2", `{"uid":"a","channels":{"c40":{"subscribe":true}}}`)
	s.play(`
		A2 > sub c40
		A2 < subscribed c40 {"uid":"a","umd":null}
		A > pub c40 m 1
		A2 < message c40 m 1 {"uid":"a","umd":{"n":1}}
		A ∅`)
}

func case041(s *scene) {
	pair(s, "c41", `{"m":{"publish":true}}`)
	s.play(`
		A > pub c41 n 1
		A < error PUBLISH_PERMISSION_DENIED c41
		B ∅`)
}

func case042(s *scene) {
	s.connect("A", `{"channels":{"c42":{"subscribe":true,"messages":{"m":{"publish":true}}}}}`)
	s.play(`
		A > pub c42 m 1
		A < error NOT_SUBSCRIBED c42`)
}

func case043(s *scene) {
	s.connect("A", `{"uid":"a","channels":{"c43":{"messages":{"m":{"broadcast":true}}}}}`)
	s.connect("B", `{"channels":{"c43":{"subscribe":true}}}`)
	s.play(`
		B > sub c43
		B < subscribed c43
		A > sub c43
		A < error SUBSCRIBE_PERMISSION_DENIED c43
		A > pub c43 m 1
		B < message c43 m 1 {"uid":"a","umd":null}
		A ∅`)
}

func case044(s *scene) {
	pair(s, "c44", `{"m":{"broadcast":true,"publish":false}}`)
	s.play(`
		A > pub c44 m 1
		A < error PUBLISH_PERMISSION_DENIED c44
		B ∅`)
}

func case045(s *scene) {
	pair(s, "c45", `{"m.*":{"publish":true},"m.x":{"publish":false}}`)
	s.play(`
		A > pub c45 m.x 1
		A < error PUBLISH_PERMISSION_DENIED c45
		A > pub c45 m.y 1
		B < message c45 m.y 1 {"uid":"a","umd":{"n":1}}`)
}

func case046(s *scene) {
	pair(s, "c46", `{"*":{"publish":true}}`)
	a := s.clients["A"]
	for _, event := range []string{"hotsock.x", "#e", "a*b", strings.Repeat("e", 129)} {
		a.send(fmt.Sprintf(`{"event":%s,"channel":"c46","data":1}`, text(event)))
		code := "INVALID_EVENT"
		if strings.HasPrefix(event, "hotsock.") {
			code = "UNKNOWN_EVENT"
		}
		a.expect(incoming("error "+code+" c46"), s.vars)
	}
	for _, event := range []string{"a#b", "a b", "a,b", strings.Repeat("é", 128)} {
		a.send(fmt.Sprintf(`{"event":%s,"channel":"c46","data":1}`, text(event)))
		s.clients["B"].expect(pattern(fmt.Sprintf(
			`{"id":"<ulid>","event":%s,"channel":"c46","data":1,"meta":{"uid":"a","umd":{"n":1}}}`, text(event))), s.vars)
	}
	s.play(`
		A ∅
		B ∅`)
}

func case047(s *scene) {
	pair(s, "c47", `{"m":{"publish":true}}`)
	const data = `{"z":1152921504606846977,"a":"🐭é","nested":{"none":null,"list":[1.0,1e2,-0]}}`
	s.play(`A > {"event":"m","channel":"c47","data":` + data + `}`)
	frame := s.clients["B"].expect(pattern(`{"id":"<ulid>","event":"m","channel":"c47","data":`+data+`,"meta":"<any>"}`), s.vars)
	if !bytes.Contains(frame, []byte(`"data":`+data+`,`)) {
		s.t.Errorf("data changed on its way:\nsent %s\ngot  %s", data, frame)
	}
}

func case048(s *scene) {
	pair(s, "c48", `{"m":{"publish":true}}`)
	const limit = 256 << 10
	data := func(size int) string { return `"` + strings.Repeat("d", size-2) + `"` }
	a, b := s.clients["A"], s.clients["B"]
	a.send(`{"event":"m","channel":"c48","data":` + data(limit) + `}`)
	b.expect(pattern(`{"id":"<ulid>","event":"m","channel":"c48","data":`+data(limit)+`,"meta":"<any>"}`), s.vars)
	a.send(`{"event":"m","channel":"c48","data":` + data(limit+1) + `}`)
	s.play(`
		A < error DATA_TOO_LARGE c48
		A > ping
		A < pong
		B ∅`)
}

func case049(s *scene) {
	a := s.connect("A", `{"channels":{"c49":{"subscribe":true}}}`)
	for _, c := range []struct{ frame, names string }{
		{`not json`, ""},
		{`[]`, ""},
		{`"hotsock.ping"`, ""},
		{`null`, ""},
		{``, ""},
		{`{"event":["x"]}`, "event"},
		{`{"event":1}`, "event"},
		{`{}`, "event"},
		{`{"event":null}`, "event"},
		{`{"event":"m","channel":7}`, "channel"},
		{`{"event":"hotsock.channelStorageSet","channel":"c49","key":{}}`, "key"},
		{`{"event":"m","channel":"c49","scheduleExpression":5}`, "scheduleExpression"},
		{`{"event":"hotsock.ping"}{"event":"hotsock.ping"}`, ""},
	} {
		a.send(c.frame)
		frame, err := a.next(patience)
		if err != nil {
			s.t.Fatalf("after %s: %v", c.frame, err)
		}
		refused := decodeInto[struct {
			Error struct{ Code, Message string }
		}](s.t, frame)
		if refused.Error.Code != "INVALID_MESSAGE" || !strings.Contains(refused.Error.Message, c.names) {
			s.t.Errorf("%s gets %s, want INVALID_MESSAGE that names %q", c.frame, frame, c.names)
		}
	}
	s.play(`
		A > ping
		A < pong
		A ∅`)
}

func case050(s *scene) {
	const clients, each = 10, 100
	names := make([]string, clients)
	for i := range names {
		names[i] = fmt.Sprintf("P%d", i)
		s.connect(names[i], `{"channels":{"c50":{"subscribe":true,"messages":{"m":{"publish":true,"echo":true}}}}}`)
		s.play(fmt.Sprintf(`
			%[1]s > sub c50
			%[1]s < subscribed c50`, names[i]))
	}
	var senders sync.WaitGroup
	for i, name := range names {
		c := s.clients[name]
		senders.Go(func() {
			for n := range each {
				c.send(fmt.Sprintf(`{"event":"m","channel":"c50","data":[%d,%d]}`, i, n))
			}
		})
	}
	var first []string
	for _, name := range names {
		order := take(s, s.clients[name], clients*each)
		if first == nil {
			first = order
			continue
		}
		for i := range order {
			if order[i] != first[i] {
				s.t.Fatalf("%s sees %s at place %d, %s sees %s", name, order[i], i, names[0], first[i])
			}
		}
	}
	senders.Wait()
}

// take reads n messages, checks that ids rise and that each author's messages keep their order, and returns
// id and data of each.
func take(s *scene, c *client, n int) []string {
	s.t.Helper()
	type message struct {
		ID   string
		Data [2]int
	}
	var order []string
	last, next := "", map[int]int{}
	for range n {
		frame, err := c.next(patience)
		if err != nil {
			s.t.Fatalf("%s, after %d of %d messages: %v", c.name, len(order), n, err)
		}
		m := decodeInto[message](s.t, frame)
		if m.ID <= last {
			s.t.Fatalf("%s gets id %s after %s", c.name, m.ID, last)
		}
		author, place := m.Data[0], m.Data[1]
		if place != next[author] {
			s.t.Fatalf("%s gets message %d of author %d, want %d", c.name, place, author, next[author])
		}
		last, next[author] = m.ID, place+1
		order = append(order, fmt.Sprint(m.ID, m.Data))
	}
	return order
}
