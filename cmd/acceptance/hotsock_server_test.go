package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

func serverCases() []hotsockCase {
	return []hotsockCase{
		{number: 99, rule: "a minimal publish is accepted", play: case099},
		{number: 102, rule: "both API keys publish and no other", play: case102},
		{number: 103, rule: "a published message has no meta and is listed with nulls", play: case103},
		{number: 104, rule: "a channel that was never used has nobody", play: case104},
		{number: 105, rule: "who is left out of the count is a member all the same", play: case105},
		{number: 106, rule: "a channel name may hold a slash", play: case106},
		{number: 110, rule: "who never reads is closed and slows nobody", play: case110, alone: true},
		{number: 112, rule: "a refused token makes clients wait longer and longer", play: case112},
		{number: 114, rule: "every accepted message outlives kill minus nine", play: case114, alone: true},
	}
}

func case099(s *scene) {
	resp, err := s.server.publish(s.t.Context(), `{"channel":"c99","event":"e"}`)
	if err != nil {
		s.t.Fatal(err)
	}
	if got := strings.TrimSpace(resp.body); resp.status != 202 || got != `{"channel":"c99","event":"e"}` {
		s.t.Errorf("got %s", resp)
	}
}

func case102(s *scene) {
	for key, status := range map[string]int{apiKey: 202, otherAPIKey: 202, strings.Repeat("w", 40): 401, "": 401} {
		resp, err := s.server.request(s.t.Context(), "POST", "http://"+s.server.addr+"/publish", key, `{"channel":"c102","event":"e"}`)
		if err != nil {
			s.t.Fatal(err)
		}
		if resp.status != status {
			s.t.Errorf("key %q gets %s, want %d", key, resp, status)
		}
		if status == 401 {
			s.answers(401, `{"error":{"code":"UNAUTHORIZED","message":"<string>"}}`)(resp, nil)
		}
	}
}

func case103(s *scene) {
	a := s.connect("A", `{"channels":{"c103":{"subscribe":true,"historyStart":0}}}`)
	s.play(`
		A > sub c103
		A < subscribed c103`)
	s.answers(202, `"<any>"`)(s.server.publish(s.t.Context(), `{"channel":"c103","event":"e","data":{"x":1},"store":60}`))
	s.play(`A < {"id":"$id","event":"e","channel":"c103","data":{"x":1}}`)
	s.answers(200, `{"messages":[{"id":"$id","event":"e","channel":"c103","data":{"x":1},"meta":{"uid":null,"umd":null}}]}`)(
		s.server.asConnection(s.t.Context(), a, "listMessages", `{"channel":"c103"}`))
}

func case104(s *scene) {
	s.answers(200, `{"name":"never.used","subscriptionsCount":0}`)(s.server.channels(s.t.Context(), "never.used"))
	s.answers(200, `{"name":"presence.never","subscriptionsCount":0,"members":[]}`)(s.server.channels(s.t.Context(), "presence.never"))
	s.answers(200, `{"items":[]}`)(s.server.channels(s.t.Context(), "never.used/storage"))
}

func case105(s *scene) {
	s.connect("A", `{"uid":"ann","channels":{"c105":{"subscribe":true},"presence.105":{"subscribe":true}}}`)
	s.connect("B", `{"uid":"bob","channels":{"c105":{"subscribe":true,"omitFromSubCount":true},"presence.105":{"subscribe":true,"omitFromSubCount":true}}}`)
	s.play(`
		A > sub c105
		A < subscribed c105 {"uid":"ann","umd":null}
		B > sub c105
		B < subscribed c105 {"uid":"bob","umd":null}
		A > sub presence.105
		A < {"event":"hotsock.subscribed","channel":"presence.105","data":{"members":[` + ann + `]},"meta":"<any>"}
		B > sub presence.105
		B < {"event":"hotsock.subscribed","channel":"presence.105","data":{"members":[` + ann + `,` + bob + `]},"meta":"<any>"}
		A < ` + news("memberAdded", "presence.105", bob, `[`+ann+`,`+bob+`]`))
	s.answers(200, `{"name":"c105","subscriptionsCount":1}`)(s.server.channels(s.t.Context(), "c105"))
	s.answers(200, `{"name":"presence.105","subscriptionsCount":1,"members":[`+ann+`,`+bob+`]}`)(
		s.server.channels(s.t.Context(), "presence.105"))
	s.clients["B"].cut()
	s.play(`A < ` + news("memberRemoved", "presence.105", bob, `[`+ann+`]`))
	s.answers(200, `{"name":"c105","subscriptionsCount":1}`)(s.server.channels(s.t.Context(), "c105"))
}

func case106(s *scene) {
	s.connect("A", `{"channels":{"a/b":{"autoSubscribe":true}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"a/b","data":"<any>","meta":"<any>"}`)
	s.answers(200, `{"name":"a/b","subscriptionsCount":1}`)(s.server.channels(s.t.Context(), "a%2Fb"))
}

// case114 publishes one by one until the server is gone, starts it again, and looks for everything that it
// had accepted.
func case114(s *scene) {
	ctx := s.t.Context()
	const store = `{"channel":"c114","event":"e","data":%d,"store":-1}`
	accepted := 0
	killed := make(chan struct{})
	for {
		resp, err := s.server.publish(ctx, fmt.Sprintf(store, accepted))
		if err != nil {
			s.tr.add("after %d accepted: %v", accepted, err)
			break
		}
		if resp.status != 202 {
			s.t.Fatalf("publish %d: %s", accepted, resp)
		}
		accepted++
		if accepted == 150 {
			go func() {
				defer close(killed)
				s.server.kill()
			}()
		}
	}
	<-killed
	if err := s.server.start(); err != nil {
		s.t.Fatal(err)
	}
	a := s.connect("A", `{"channels":{"c114":{"autoSubscribe":true,"historyStart":0}}}`)
	s.play(`A < {"event":"hotsock.subscribed","channel":"c114","data":"<any>","meta":"<any>"}`)
	s.answers(202, `"<any>"`)(s.server.publish(ctx, fmt.Sprintf(store, 1_000_000)))
	s.play(`A < message c114 e 1000000`)
	listed, err := listAll(ctx, s.server, a, "c114", "")
	if err != nil {
		s.t.Fatal(err)
	}
	next, last := 0, ""
	for _, m := range listed {
		if m.ID <= last {
			s.t.Fatalf("id %s is listed after %s", m.ID, last)
		}
		last = m.ID
		if m.Data == next {
			next++ // one more than was accepted may be there: its answer never came
		}
	}
	if next < accepted {
		s.t.Fatalf("message %d of %d accepted is not listed", next, accepted)
	}
	if listed[len(listed)-1].Data != 1_000_000 {
		s.t.Errorf("the last message listed is %v, want the one after the restart", listed[len(listed)-1])
	}
}

// A listedMessage is a stored message whose data is a number.
type listedMessage struct {
	ID   string
	Data int
}

// listAll pages through a channel's stored messages, oldest first, beginning after an id.
func listAll(ctx context.Context, s *server, c *client, channel, after string) ([]listedMessage, error) {
	var all []listedMessage
	for {
		resp, err := s.asConnection(ctx, c, "listMessages", fmt.Sprintf(`{"channel":%q,"after":%q}`, channel, after))
		if err != nil {
			return nil, err
		}
		if resp.status != 200 {
			return nil, fmt.Errorf("listMessages: %s", resp)
		}
		var page struct{ Messages []listedMessage }
		if err := json.Unmarshal([]byte(resp.body), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Messages...)
		if len(page.Messages) < 100 {
			return all, nil
		}
		after = all[len(all)-1].ID
	}
}
