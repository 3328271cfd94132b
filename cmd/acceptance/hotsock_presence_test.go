package acceptance

import (
	"fmt"
	"strings"
)

func presenceCases() []hotsockCase {
	return []hotsockCase{
		{number: 51, rule: "the first member sees itself", play: case051},
		{number: 52, rule: "a joiner sees all and all see the joiner", play: case052},
		{number: 53, rule: "a second device with equal umd is no news", play: case053},
		{number: 54, rule: "a second device with another umd is an update to all", play: case054},
		{number: 55, rule: "one of two devices may leave unseen", play: case055},
		{number: 56, rule: "the last device takes the member with it", play: case056},
		{number: 57, rule: "a full presence channel refuses", settings: settings{
			"limits.umd_size": 40000, "limits.token_size": 65536,
		}, play: case057},
		{number: 58, rule: "presence needs a uid", play: case058},
	}
}

// joins connects somebody and subscribes, and expects a list of members. umd may be empty.
func joins(s *scene, name, channel, uid, umd, members string) {
	s.t.Helper()
	mark, known := "", "null"
	if umd != "" {
		mark, known = `,"umd":`+umd, umd
	}
	s.connect(name, claims(fmt.Sprintf(`{"uid":%q%s,"channels":{%q:{"subscribe":true,"messages":{"*":{"publish":true}}}}}`, uid, mark, channel)))
	s.play(fmt.Sprintf(`
		%[1]s > sub %[2]s
		%[1]s < {"event":"hotsock.subscribed","channel":"%[2]s","data":{"members":%[5]s},"meta":{"uid":"%[3]s","umd":%[4]s}}`,
		name, channel, uid, known, members))
}

// news is the frame that tells of a member.
func news(event, channel, member, members string) string {
	return fmt.Sprintf(`{"event":"hotsock.%s","channel":%q,"data":{"member":%s,"members":%s}}`, event, channel, member, members)
}

const (
	ann = `{"uid":"ann","umd":null}`
	bob = `{"uid":"bob","umd":null}`
)

func case051(s *scene) {
	joins(s, "A", "presence.51", "ann", "", `[`+ann+`]`)
	s.play(`A ∅`)
}

func case052(s *scene) {
	joins(s, "A", "presence.52", "ann", "", `[`+ann+`]`)
	joins(s, "B", "presence.52", "bob", "", `[`+ann+`,`+bob+`]`)
	s.play(`
		A < ` + news("memberAdded", "presence.52", bob, `[`+ann+`,`+bob+`]`) + `
		B ∅`)
}

func case053(s *scene) {
	joins(s, "A", "presence.53", "ann", `{"d":1,"e":2}`, `[{"uid":"ann","umd":{"d":1,"e":2}}]`)
	joins(s, "A2", "presence.53", "ann", `{"e":2,"d":1}`, `[{"uid":"ann","umd":"<any>"}]`)
	s.play(`
		A ∅
		A2 ∅`)
	s.answers(200, `{"name":"presence.53","subscriptionsCount":2,"members":[{"uid":"ann","umd":"<any>"}]}`)(
		s.server.channels(s.t.Context(), "presence.53"))
}

func case054(s *scene) {
	joins(s, "B", "presence.54", "bob", "", `[`+bob+`]`)
	joins(s, "A", "presence.54", "ann", `1`, `[`+bob+`,{"uid":"ann","umd":1}]`)
	s.play(`B < ` + news("memberAdded", "presence.54", `{"uid":"ann","umd":1}`, `[`+bob+`,{"uid":"ann","umd":1}]`))
	joins(s, "A2", "presence.54", "ann", `2`, `[`+bob+`,{"uid":"ann","umd":2}]`)
	for _, name := range []string{"B", "A", "A2"} {
		s.play(name + ` < ` + news("memberUpdated", "presence.54", `{"uid":"ann","umd":2}`, `[`+bob+`,{"uid":"ann","umd":2}]`))
	}
	s.play(`
		A ∅
		B ∅`)
}

func case055(s *scene) {
	joins(s, "B", "presence.55", "bob", "", `[`+bob+`]`)
	joins(s, "A", "presence.55", "ann", "", `[`+bob+`,`+ann+`]`)
	joins(s, "A2", "presence.55", "ann", "", `[`+bob+`,`+ann+`]`)
	s.play(`B < ` + news("memberAdded", "presence.55", ann, `[`+bob+`,`+ann+`]`))
	s.clients["A2"].cut()
	s.play(`
		A > unsub presence.55
		A < unsubscribed presence.55 {"uid":"ann","umd":null}
		B < ` + news("memberRemoved", "presence.55", ann, `[`+bob+`]`) + `
		B ∅`)
}

func case056(s *scene) {
	joins(s, "B", "presence.56", "bob", "", `[`+bob+`]`)
	joins(s, "A", "presence.56", "ann", `{"d":1}`, `[`+bob+`,{"uid":"ann","umd":{"d":1}}]`)
	s.play(`B < ` + news("memberAdded", "presence.56", `{"uid":"ann","umd":{"d":1}}`, `[`+bob+`,{"uid":"ann","umd":{"d":1}}]`))
	s.clients["A"].cut()
	s.play(`
		B < ` + news("memberRemoved", "presence.56", `{"uid":"ann","umd":{"d":1}}`, `[`+bob+`]`) + `
		B ∅`)
}

// The list may have 100 KiB. Two members of 40,000 bytes fit, and a third of a bit more than 20,000 does not.
func case057(s *scene) {
	umd := func(size int) string { return `"` + strings.Repeat("m", size-2) + `"` }
	joins(s, "A", "presence.57", "ann", umd(40000), `"<any>"`)
	joins(s, "B", "presence.57", "bob", umd(40000), `"<any>"`)
	s.play(`A < {"event":"hotsock.memberAdded","channel":"presence.57","data":"<any>"}`)
	s.connect("C", claims(`{"uid":"cat","umd":`+umd(23000)+`,"channels":{"presence.57":{"subscribe":true}}}`))
	s.play(`
		C > sub presence.57
		C < error PRESENCE_CHANNEL_CAPACITY_REACHED presence.57
		C > ping
		C < pong
		A ∅
		B ∅`)
	joins(s, "D", "presence.57", "dog", umd(22000), `"<any>"`)
}

func case058(s *scene) {
	s.connect("A", `{"channels":{"presence.58":{"subscribe":true}}}`)
	s.connect("B", `{"uid":"","channels":{"presence.58":{"subscribe":true}}}`)
	for _, name := range []string{"A", "B"} {
		s.play(name + ` > sub presence.58`)
		s.play(name + ` < error PRESENCE_CHANNEL_USER_ID_REQUIRED presence.58`)
	}
}
