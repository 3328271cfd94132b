package acceptance

import (
	"encoding/json"
	"fmt"
	"path"
	"time"

	"github.com/oklog/ulid/v2"
)

func scheduleCases() []hotsockCase {
	return []hotsockCase{
		{number: 79, rule: "a scheduled message comes when it is due", play: case079},
		{number: 80, rule: "scheduling needs a right that reaches far enough", play: case080},
		{number: 81, rule: "a schedule is read in its time zone", play: case081},
		{number: 82, rule: "what is no single moment to come is refused", play: case082},
		{number: 83, rule: "what was due while the server was down is sent once on its start", play: case083, alone: true},
	}
}

// soon is a moment two to three seconds from now, as an at() names them.
func soon() time.Time { return time.Now().Add(3 * time.Second).Truncate(time.Second) }

// at writes a moment as an expression that is read in its own zone.
func at(due time.Time) string { return "at(" + due.Format("2006-01-02T15:04:05") + ")" }

// later writes a message for a moment in UTC, as a frame and as the body of a publish.
func later(channel, event, data, expression string) string {
	return fmt.Sprintf(`{"event":%q,"channel":%q,"data":%s,"scheduleExpression":%q}`, event, channel, data, expression)
}

// madeBetween holds if a message's id says that it was made when it was due or after, and before it came.
// How late that is depends on the machine.
func madeBetween(s *scene, message []byte, due time.Time) {
	s.t.Helper()
	var m struct{ ID ulid.ULID }
	if err := json.Unmarshal(message, &m); err != nil {
		s.t.Fatal(err)
	}
	if made := ulid.Time(m.ID.Time()); made.Before(due) || made.After(time.Now()) {
		s.t.Errorf("%s says it was made at %v, want from %v to %v", message, made, due, time.Now())
	}
}

// A message is its author's as it was sent, and comes without its author too.
func case079(s *scene) {
	rights := fmt.Sprintf(`{"m":{"publish":true,"echo":true,"scheduleBefore":%d}}`, in(time.Hour))
	pair(s, "c79", rights)
	s.connect("C", claims(`{"uid":"c","channels":{"c79":{"messages":{"n":{"broadcast":true,"scheduleBefore":`+fmt.Sprint(in(time.Hour))+`}}}}}`))
	due := soon()
	// They are a second apart, for messages of one second have no order among them.
	s.play(`
		A > ` + later("c79", "m", `{"x":1}`, at(due.UTC())) + `
		C > ` + later("c79", "n", `2`, at(due.Add(time.Second).UTC())) + `
		C > ping
		C < pong
		A ∅
		B ∅`)
	s.clients["C"].cut()
	author := `{"uid":"a","umd":{"n":1}}`
	for _, name := range []string{"A", "B"} {
		frame := s.clients[name].expect(pattern(`{"id":"$id","event":"m","channel":"c79","data":{"x":1},"meta":`+author+`}`), s.vars)
		madeBetween(s, frame, due)
	}
	frame := s.clients["B"].expect(incoming(`message c79 n 2 {"uid":"c","umd":null}`), s.vars)
	madeBetween(s, frame, due.Add(time.Second))
	s.play(`B ∅`)
}

func case080(s *scene) {
	due := soon()
	before := map[string]string{
		"c80.unset": "",
		"c80.zero":  `,"scheduleBefore":0`,
		"c80.past":  `,"scheduleBefore":1`,
		"c80.short": fmt.Sprintf(`,"scheduleBefore":%d`, due.Unix()-1),
	}
	for channel, right := range before {
		pair(s, channel, `{"m":{"publish":true`+right+`}}`)
		message := later(channel, "m", "1", at(due.UTC()))
		s.play(`
			A > ` + message + `
			A < error SCHEDULE_PERMISSION_DENIED ` + channel)
		s.answers(403, `{"error":{"code":"SCHEDULE_PERMISSION_DENIED","message":"<string>"}}`)(
			s.server.asConnection(s.t.Context(), s.clients["A"], "publishMessage", message))
	}
	// The last moment itself is within the right; nothing that was refused comes beside it.
	due = soon()
	s.connect("A", claims(fmt.Sprintf(`{"channels":{"c80.*":{"subscribe":true,"messages":{"m":{"broadcast":true,"scheduleBefore":%d}}}}}`, due.Unix())))
	s.connect("B", `{"channels":{"c80.*":{"subscribe":true}}}`)
	for channel := range before {
		s.play(`
			B > sub ` + channel + `
			B < subscribed ` + channel + `
			A > ` + later(channel, "m", "2", at(due.UTC())))
	}
	for range before {
		s.clients["B"].expect(`{"id":"<ulid>","event":"m","channel":"<string>","data":2,"meta":{"uid":null,"umd":null}}`, s.vars)
	}
	s.play(`
		A ∅
		B ∅`)
}

// schedule has the server take a message for later, and returns the id of the schedule.
func schedule(s *scene, body string) string {
	s.t.Helper()
	resp, err := s.server.publish(s.t.Context(), body)
	var answer, asked struct{ Channel, Event, ScheduleArn string }
	s.answers(202, `{"channel":"<string>","event":"<string>","scheduleArn":"<string>"}`)(resp, err)
	if err := json.Unmarshal([]byte(resp.body), &answer); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(body), &asked); err != nil {
		s.t.Fatal(err)
	}
	id := path.Base(answer.ScheduleArn)
	if answer.Channel != asked.Channel || answer.Event != asked.Event || !wildcards["<ulid>"].MatchString(id) {
		s.t.Fatalf("got %s for %s", resp, body)
	}
	return id
}

// managed asks for one schedule.
func managed(s *scene, id string) (response, error) {
	return s.server.request(s.t.Context(), "GET", "http://"+s.server.addr+"/schedules/"+id, apiKey, "")
}

func case081(s *scene) {
	const message = `{"channel":"c81","event":"e","data":%d,"scheduleExpression":%q,"scheduleExpressionTimezone":"America/New_York"}`
	for local, utc := range map[string]string{
		"at(2050-01-15T09:00:00)": "2050-01-15T14:00:00Z", // in winter
		"at(2050-12-31T23:59:59)": "2051-01-01T04:59:59Z", // in the next year
	} {
		id := schedule(s, fmt.Sprintf(message, 0, local))
		resp, err := managed(s, id)
		if err != nil || resp.status != 200 {
			s.t.Fatal(resp, err)
		}
		var got struct{ DueAt, ScheduleExpression, ScheduleExpressionTimezone string }
		if err := json.Unmarshal([]byte(resp.body), &got); err != nil {
			s.t.Fatal(err)
		}
		if got.DueAt != utc || got.ScheduleExpression != local || got.ScheduleExpressionTimezone != "America/New_York" {
			s.t.Errorf("%s in New York is kept as %s, want it due at %s", local, resp, utc)
		}
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		s.t.Fatal(err)
	}
	s.connect("A", `{"channels":{"c81":{"subscribe":true}}}`)
	s.play(`
		A > sub c81
		A < subscribed c81`)
	due := soon()
	id := schedule(s, fmt.Sprintf(message, 1, at(due.In(zone))))
	madeBetween(s, s.clients["A"].expect(incoming(`message c81 e 1`), s.vars), due)
	s.answers(404, `{"error":{"code":"SCHEDULE_NOT_FOUND","message":"<string>"}}`)(managed(s, id))
}

func case082(s *scene) {
	pair(s, "c82", fmt.Sprintf(`{"m":{"publish":true,"scheduleBefore":%d}}`, in(1000*24*time.Hour)))
	for _, wrong := range []string{
		`"scheduleExpression":"rate(1 hour)"`,
		`"scheduleExpression":"cron(0 9 * * ? *)"`,
		`"scheduleExpression":"at(2026-02-30T00:00:00)"`,
		`"scheduleExpression":"at(2050-01-01T00:00:00)","scheduleExpressionTimezone":"America/Nowhere"`,
		`"scheduleExpression":"at(2020-01-01T00:00:00)"`,
	} {
		message := `{"event":"m","channel":"c82","data":1,` + wrong + `}`
		s.answers(400, `{"error":{"code":"INVALID_SCHEDULE","message":"<string>"}}`)(
			s.server.publish(s.t.Context(), message))
		s.answers(400, `{"error":{"code":"INVALID_SCHEDULE","message":"<string>"}}`)(
			s.server.asConnection(s.t.Context(), s.clients["A"], "publishMessage", message))
		s.play(`
			A > ` + message + `
			A < error INVALID_SCHEDULE c82`)
	}
	s.play(`B ∅`)
}

func case083(s *scene) {
	due := soon()
	id := schedule(s, fmt.Sprintf(`{"channel":"c83","event":"e","data":83,"store":3600,"scheduleExpression":%q}`, at(due.UTC())))
	if _, err := s.server.stop(); err != nil {
		s.t.Fatal(err)
	}
	s.wait(time.Until(due.Add(time.Second)))
	// The second start must find nothing to do.
	for _, name := range []string{"first", "second"} {
		if err := s.server.start(); err != nil {
			s.t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); ; s.wait(pollEvery) {
			resp, err := managed(s, id)
			if err != nil {
				s.t.Fatal(err)
			}
			if resp.status == 404 {
				break
			}
			if time.Now().After(deadline) {
				s.t.Fatalf("still waiting: %s", resp)
			}
		}
		c := s.connect(name, `{"channels":{"c83":{"subscribe":true,"historyStart":0}}}`)
		s.play(name + ` > sub c83
			` + name + ` < subscribed c83`)
		all, err := listAll(s.t.Context(), s.server, c, "c83", "")
		if err != nil {
			s.t.Fatal(err)
		}
		if len(all) != 1 || all[0].Data != 83 {
			s.t.Fatalf("after the %s start there is %v, want the one message", name, all)
		}
		s.play(name + ` ∅`)
		c.cut() // or the server waits for it to leave
		if name == "first" {
			if _, err := s.server.stop(); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}
