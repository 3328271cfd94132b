package acceptance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func eventCases() []hotsockCase {
	return []hotsockCase{
		{number: 107, rule: "backends hear of connections subscriptions counts and messages", play: case107},
		{number: 108, rule: "a message without emitPubSubEvent is told to no backend", play: case108},
		{number: 109, rule: "a webhook is tried again with the same id", play: case109},
	}
}

// eventScene starts a server of its own that tells h.
func eventScene(s *scene, h *hooks) *scene {
	s.t.Helper()
	return newScene(s.t, serve(s.t, defaults().with(h.settings())))
}

func case107(s *scene) {
	h := newHooks(s.t, nil)
	e := eventScene(s, h)
	a := e.connect("A", `{"uid":"ann","umd":{"n":1},"channels":{"c":{"subscribe":true,"messages":{"e":{"publish":true,"emitPubSubEvent":true}}}}}`)
	e.play(`
		A > sub c
		A < {"event":"hotsock.subscribed","channel":"c","data":"<any>","meta":"<any>"}
		A > {"event":"e","channel":"c","data":{"x":1}}
		A > unsub c
		A < {"event":"hotsock.unsubscribed","channel":"c","data":"<any>","meta":"<any>"}`)
	a.cut()
	calls := h.wait(s.t, func(calls []hookCall) bool { return len(calls) >= 7 })
	if got, want := typesOf(calls, "c"), []string{"subscribed", "channelUpdated", "messagePublished", "unsubscribed", "channelUpdated"}; !slices.Equal(got, want) {
		s.t.Errorf("of the channel: %v, want %v", got, want)
	}
	if got, want := typesOf(calls, ""), []string{"connected", "disconnected"}; !slices.Equal(got, want) {
		s.t.Errorf("of the connection: %v, want %v", got, want)
	}
	const versions = `"hotsockVersion":"<string>","serverVersion":"<string>"`
	connection := `{"source":"hotsock.v1","type":"hotsock.%s","metadata":{` + versions + `},"dataType":"connection","data":` +
		`{"id":"$id","connectedAt":"$at","disconnectedAt":%s,"keepAlive":false,"sourceIp":"127.0.0.1","uid":"ann","umd":{"n":1},"userAgent":"<string>"}}`
	channel := `{"source":"hotsock.v1","type":"hotsock.%s","metadata":{"channel":"c",` + versions + `},"dataType":"%s","data":%s}`
	subscription := `{"channel":"c","connectionId":"$id","uid":"ann","umd":{"n":1}}`
	want := map[string][]string{
		"connected":      {fmt.Sprintf(connection, "connected", "null")},
		"disconnected":   {fmt.Sprintf(connection, "disconnected", `"<string>"`)},
		"subscribed":     {fmt.Sprintf(channel, "subscribed", "subscription", subscription)},
		"unsubscribed":   {fmt.Sprintf(channel, "unsubscribed", "subscription", subscription)},
		"channelUpdated": {fmt.Sprintf(channel, "channelUpdated", "channel", `{"name":"c","subscriptionsCount":1}`), fmt.Sprintf(channel, "channelUpdated", "channel", `{"name":"c","subscriptionsCount":0}`)},
		"messagePublished": {`{"source":"hotsock.v1","type":"hotsock.messagePublished","metadata":{"channel":"c","event":"e","requestId":"<string>","trigger":"client.websocket",` +
			`"connectionId":"$id","sourceIp":"127.0.0.1","userAgent":"<string>",` + versions + `},"dataType":"message","data":{"channel":"c","event":"e","id":"<ulid>","data":{"x":1},"meta":{"uid":"ann","umd":{"n":1}}}}`},
	}
	vars := map[string]string{"id": fmt.Sprintf("%q", a.id)}
	for _, c := range calls {
		if c.bad != "" {
			s.t.Errorf("%s: %s", c.event.Type, c.bad)
		}
		name := strings.TrimPrefix(c.event.Type, "hotsock.")
		if len(want[name]) == 0 {
			s.t.Errorf("one %s too many: %s", name, c.body)
			continue
		}
		if err := pattern(want[name][0]).match(c.body, vars); err != nil {
			s.t.Errorf("%s: %v\ngot  %s\nwant %s", name, err, c.body, want[name][0])
		}
		want[name] = want[name][1:]
	}
}

func case108(s *scene) {
	h := newHooks(s.t, nil)
	e := eventScene(s, h)
	e.connect("A", `{"channels":{"c":{"subscribe":true,"messages":{"*":{"publish":true,"echo":true}}}}}`)
	e.play(`
		A > sub c
		A < subscribed c
		A > {"event":"e","channel":"c","data":1}
		A < {"event":"e","channel":"c","data":1,"id":"<ulid>","meta":"<any>"}
		A > unsub c`)
	calls := h.wait(s.t, func(calls []hookCall) bool { return len(typesOf(calls, "c")) >= 4 })
	if slices.Contains(typesOf(calls, "c"), "messagePublished") {
		s.t.Errorf("got %v", typesOf(calls, "c"))
	}
}

func case109(s *scene) {
	h := newHooks(s.t, func(call int, _ *backendEvent) int {
		if call <= 2 {
			return 500
		}
		return 200
	})
	e := eventScene(s, h)
	e.answers(202, `"<any>"`)(e.server.publish(s.t.Context(), `{"channel":"c","event":"e","data":1,"emitPubSubEvent":true}`))
	calls := h.wait(s.t, func(calls []hookCall) bool { return len(calls) >= 3 })
	for _, c := range calls {
		if c.bad != "" || c.id == "" || c.id != calls[0].id || string(c.body) != string(calls[0].body) {
			s.t.Errorf("%s %s: %s", c.id, c.body, c.bad)
		}
	}
	if calls[2].said != 200 {
		s.t.Errorf("the third is answered with %d", calls[2].said)
	}
	if h.answer = nil; len(h.all()) != 3 {
		s.t.Errorf("%d calls, want 3", len(h.all()))
	}
}

// deadLetters reads what GET /events/dead says.
func deadLetters(s *scene) []struct{ ID, Endpoint, Reason string } {
	s.t.Helper()
	resp, err := s.server.request(s.t.Context(), "GET", "http://"+s.server.addr+"/events/dead", apiKey, "")
	if err != nil || resp.status != 200 {
		s.t.Fatal(err, resp)
	}
	var page struct {
		Items []struct{ ID, Endpoint, Reason string }
	}
	if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
		s.t.Fatal(err)
	}
	return page.Items
}

func deadLetterPath(s *scene, id string) string {
	return "http://" + s.server.addr + "/events/dead/" + url.PathEscape(id)
}
