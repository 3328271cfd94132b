package acceptance

import (
	"fmt"
	"strings"
)

func reactionCases() []hotsockCase {
	return []hotsockCase{
		{number: 72, rule: "a reaction reaches all but who reacts and with echo all", play: case072},
		{number: 73, rule: "the same reaction again is nothing", play: case073},
		{number: 74, rule: "a reaction is taken back once", play: case074},
		{number: 75, rule: "only the reactions that the token names", play: case075},
		{number: 76, rule: "what is wrong with a reaction is told", play: case076},
		{number: 77, rule: "messages are listed with their reactions", play: case077},
		{number: 78, rule: "reactions to what is not visible are not listed", play: case078},
	}
}

// reacts connects somebody to a channel with these rules for messages, and subscribes. uid may be empty.
func reacts(s *scene, name, channel, uid, messages string) {
	s.t.Helper()
	meta, mark := nobody, ""
	if uid != "" {
		meta, mark = fmt.Sprintf(`{"uid":%q,"umd":{"n":%q}}`, uid, name), fmt.Sprintf(`"uid":%q,"umd":{"n":%q},`, uid, name)
	}
	s.connect(name, claims(fmt.Sprintf(`{%s"channels":{%q:{"subscribe":true,"historyStart":0,"messages":%s}}}`, mark, channel, messages)))
	s.play(fmt.Sprintf(`
		%[1]s > sub %[2]s
		%[1]s < subscribed %[2]s %[3]s`, name, channel, meta))
}

// stores publishes a message that is kept, and returns its id.
func stores(s *scene, channel, event string) string {
	s.t.Helper()
	s.answers(202, `{"channel":"<string>","event":"<string>","id":"$last"}`)(s.server.publish(s.t.Context(),
		fmt.Sprintf(`{"channel":%q,"event":%q,"store":60,"eagerIdGeneration":true}`, channel, event)))
	id := strings.Trim(s.vars["last"], `"`)
	delete(s.vars, "last")
	return id
}

// reacting is the frame that asks for a reaction, and reacted the one that tells of it.
func reacting(channel, id, reaction, action string) string {
	return fmt.Sprintf(`{"event":"hotsock.messageReaction","channel":%q,"data":{"messageId":%q,"reaction":%q,"action":%q}}`, channel, id, reaction, action)
}

func reacted(event, channel, id, reaction, action, meta string) string {
	return fmt.Sprintf(`{"id":"<ulid>","event":"hotsock.messageReaction%s","channel":%q,"data":{"messageId":%q,"reaction":%q,"action":%q},"meta":%s}`,
		event, channel, id, reaction, action, meta)
}

func case072(s *scene) {
	id := stores(s, "c72", "chat")
	reacts(s, "A", "c72", "a", `{}`)
	reacts(s, "B", "c72", "b", `{"chat":{"react":true}}`)
	reacts(s, "C", "c72", "c", `{"chat":{"react":true},"hotsock.messageReaction":{"echo":true}}`)
	s.play(`B > ` + reacting("c72", id, "👍", "add"))
	for _, name := range []string{"A", "C"} {
		s.play(name + ` < ` + reacted("Added", "c72", id, "👍", "add", `{"uid":"b","umd":{"n":"B"}}`))
	}
	s.play(`B ∅`)
	s.play(`C > ` + reacting("c72", id, "👍", "add"))
	for _, name := range []string{"A", "B", "C"} {
		s.play(name + ` < ` + reacted("Added", "c72", id, "👍", "add", `{"uid":"c","umd":{"n":"C"}}`))
	}
}

func case073(s *scene) {
	id := stores(s, "c73", "chat")
	reacts(s, "A", "c73", "a", `{}`)
	reacts(s, "B", "c73", "b", `{"chat":{"react":true}}`)
	s.play(`
		B > ` + reacting("c73", id, "👍", "add") + `
		B > ` + reacting("c73", id, "👍", "add") + `
		A < ` + reacted("Added", "c73", id, "👍", "add", `"<any>"`) + `
		A ∅
		B ∅`)
	s.answers(200, pattern(`{"messages":[{"id":"`+id+`","event":"chat","channel":"c73","data":null,"meta":`+nobody+`,"reactions":{"👍":{"count":1}}}]}`))(
		s.server.asConnection(s.t.Context(), s.clients["A"], "listMessages", `{"channel":"c73"}`))
}

func case074(s *scene) {
	id := stores(s, "c74", "chat")
	reacts(s, "A", "c74", "a", `{}`)
	reacts(s, "B", "c74", "b", `{"chat":{"react":true}}`)
	s.play(`
		B > ` + reacting("c74", id, "👍", "add") + `
		B > ` + reacting("c74", id, "👍", "remove") + `
		B > ` + reacting("c74", id, "👍", "remove") + `
		A < ` + reacted("Added", "c74", id, "👍", "add", `"<any>"`) + `
		A < ` + reacted("Removed", "c74", id, "👍", "remove", `{"uid":"b","umd":{"n":"B"}}`) + `
		A ∅
		B ∅`)
	s.answers(200, `{"reactions":[]}`)(s.server.asConnection(s.t.Context(), s.clients["A"], "listReactions", `{"channel":"c74","messageId":"`+id+`"}`))
}

func case075(s *scene) {
	id := stores(s, "c75", "chat")
	reacts(s, "A", "c75", "a", `{"chat":{"react":["👍"]},"hotsock.*":{"echo":true}}`)
	s.play(`
		A > ` + reacting("c75", id, "❤️", "add") + `
		A < error REACTION_PERMISSION_DENIED c75
		A > ` + reacting("c75", id, "👍", "add") + `
		A < ` + reacted("Added", "c75", id, "👍", "add", `"<any>"`))
}

func case076(s *scene) {
	id := stores(s, "c76", "chat")
	const known = `{"*":{"react":true,"publish":true}}`
	reacts(s, "A", "c76", "a", known)
	reacts(s, "N", "c76", "", known)
	s.play(`
		N > ` + reacting("c76", id, "👍", "add") + `
		N < error REACTION_USER_ID_REQUIRED c76
		A > ` + reacting("c76", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "👍", "add") + `
		A < error MESSAGE_NOT_FOUND c76
		A > ` + reacting("c76", "no id at all", "👍", "add") + `
		A < error MESSAGE_NOT_FOUND c76
		A > pub c76 chat 1
		N < {"id":"$unstored","event":"chat","channel":"c76","data":1,"meta":"<any>"}`)
	s.play(`
		A > ` + reacting("c76", strings.Trim(s.vars["unstored"], `"`), "👍", "add") + `
		A < error MESSAGE_NOT_FOUND c76
		A > ` + reacting("c76", id, strings.Repeat("x", 101), "add") + `
		A < error INVALID_REACTION c76
		A > ` + reacting("c76", id, "a#b", "add") + `
		A < error INVALID_REACTION c76
		A > ` + reacting("c76", id, " ", "add") + `
		A < error INVALID_REACTION c76
		A > ` + reacting("c76", id, "👍", "toggle") + `
		A < error INVALID_REACTION c76
		A > {"event":"hotsock.messageReaction","channel":"c76"}
		A < error INVALID_REACTION c76
		A > {"event":"hotsock.messageReaction","channel":"d76"}
		A < error NOT_SUBSCRIBED d76
		A > ` + reacting("c76", id, strings.Repeat("x", 100), "add") + `
		N < ` + reacted("Added", "c76", id, strings.Repeat("x", 100), "add", `"<any>"`) + `
		A ∅`)
}

func case077(s *scene) {
	first, second := stores(s, "c77", "chat"), stores(s, "c77", "chat")
	reacts(s, "A", "c77", "a", `{"*":{"react":true},"hotsock.messageReaction":{"echo":true}}`)
	s.connect("B", `{"uid":"b","channels":{"c77":{"subscribe":true,"historyStart":0,"messages":{"*":{"react":true}}}}}`)
	s.play(`
		B > sub c77
		B < subscribed c77 {"uid":"b","umd":null}
		B > ` + reacting("c77", first, "👍", "add") + `
		A < ` + reacted("Added", "c77", first, "👍", "add", `{"uid":"b","umd":null}`) + `
		A > ` + reacting("c77", first, "❤️", "add") + `
		A > ` + reacting("c77", first, "👍", "add") + `
		A < ` + reacted("Added", "c77", first, "❤️", "add", `"<any>"`) + `
		A < ` + reacted("Added", "c77", first, "👍", "add", `"<any>"`))
	message := func(id, reactions string) string {
		return `{"id":"` + id + `","event":"chat","channel":"c77","data":null,"meta":` + nobody + reactions + `}`
	}
	list := func(body, want string) {
		s.t.Helper()
		s.answers(200, pattern(want))(s.server.asConnection(s.t.Context(), s.clients["A"], "listMessages", body))
	}
	list(`{"channel":"c77"}`, `{"messages":[`+message(first, `,"reactions":{"👍":{"count":2},"❤️":{"count":1}}`)+`,`+message(second, ``)+`]}`)
	list(`{"channel":"c77","expandReactions":true}`, `{"messages":[`+
		message(first, `,"reactions":{"👍":{"count":2,"items":[{"uid":"b"},{"uid":"a","umd":{"n":"A"}}]},"❤️":{"count":1,"items":[{"uid":"a","umd":{"n":"A"}}]}}`)+
		`,`+message(second, `,"reactions":{}`)+`]}`)
	// A client over HTTP and a backend react like others.
	s.answers(202, `{"channel":"c77","event":"hotsock.messageReaction","id":"<ulid>"}`)(s.server.asConnection(s.t.Context(), s.clients["B"], "publishMessage",
		`{"channel":"c77","event":"hotsock.messageReaction","data":{"messageId":"`+second+`","reaction":"👍","action":"add"},"eagerIdGeneration":true}`))
	s.play(`A < ` + reacted("Added", "c77", second, "👍", "add", `{"uid":"b","umd":null}`))
	s.answers(202, `{"channel":"c77","event":"hotsock.messageReaction"}`)(s.server.publish(s.t.Context(),
		`{"channel":"c77","event":"hotsock.messageReaction","uid":"bot","umd":{"b":1},"data":{"messageId":"`+second+`","reaction":"🎉","action":"add"}}`))
	s.play(`A < ` + reacted("Added", "c77", second, "🎉", "add", `{"uid":"bot","umd":{"b":1}}`))
	s.answers(200, `{"reactions":[{"reaction":"👍","uid":"b"},{"reaction":"❤️","uid":"a","umd":{"n":"A"}},{"reaction":"👍","uid":"a","umd":{"n":"A"}}]}`)(
		s.server.asConnection(s.t.Context(), s.clients["A"], "listReactions", `{"channel":"c77","messageId":"`+first+`"}`))
}

func case078(s *scene) {
	id := stores(s, "c78", "chat")
	s.connect("A", claims(fmt.Sprintf(`{"uid":"a","channels":{"c78":{"subscribe":true,"historyStart":%d,"messages":{"*":{"react":true}}}}}`, in(3600e9))))
	list := func(channel string) (response, error) {
		return s.server.asConnection(s.t.Context(), s.clients["A"], "listReactions", fmt.Sprintf(`{"channel":%q,"messageId":%q}`, channel, id))
	}
	s.answers(403, `{"error":{"code":"NOT_SUBSCRIBED","message":"<string>"}}`)(list("c78"))
	s.play(`
		A > sub c78
		A < subscribed c78 {"uid":"a","umd":null}
		A > ` + reacting("c78", id, "👍", "add") + `
		A < error MESSAGE_NOT_FOUND c78`)
	s.answers(404, `{"error":{"code":"MESSAGE_NOT_FOUND","message":"<string>"}}`)(list("c78"))
}
