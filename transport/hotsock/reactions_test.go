package hotsock

import (
	"reflect"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// TestReactionFaults: what is wrong with a reaction's data is not told at once, but to those who may react.
func TestReactionFaults(t *testing.T) {
	for data, want := range map[string]string{
		`null`:              "data is required: it must be an object.",
		`"x"`:               "data must be an object, not a string.",
		`{"a":1,"a":2}`:     "data cannot be read: a member stands twice at byte 11.",
		`{}`:                "data.messageId is required: it must be a string.",
		`{"messageId":"m"}`: "data.reaction is required: it must be a string.",
		`{"messageId":1,"reaction":["x"],"action":"add"}`: "data.messageId must be a string, not a number; data.reaction must be a string, not an array.",
		`{"messageId":"m","reaction":"x"}`:                "data.action is required: it must be a string.",
		`{"messageId":"m","reaction":"x","action":"ADD"}`: `data.action must be "add" or "remove".`,
	} {
		cmd, refused := decode([]byte(`{"event":"hotsock.messageReaction","channel":"c","data":`+data+`}`), testMaxData)
		if refused != nil {
			t.Fatal(refused.err)
		}
		r := cmd.(*actors.React)
		if r.Fault == nil || r.Fault.Code != "INVALID_REACTION" || r.Fault.Message != want || r.Channel != "c" {
			t.Errorf("%s: %v, want %s", data, r.Fault, want)
		}
	}
}

func TestListReactions(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	const who = "/connection/listReactions?connectionId=AbC_d-EfGhIJKLM%3D&connectionSecret=" + testSecret
	ask := &actors.ListReactions{Channel: "c", MessageID: "m"}
	two := []channel.Reaction{{Reaction: "👍", UID: "a", UMD: []byte(`{"n":1}`)}, {Reaction: `"`, UID: "b"}}
	for _, tt := range []struct {
		name, target, body string
		reacted            []channel.Reaction
		status             int
		answer             string
		asked              any
	}{
		{"two", who, `{"channel":"c","messageId":"m"}`, two, 200, `{"reactions":[{"reaction":"👍","uid":"a","umd":{"n":1}},{"reaction":"\"","uid":"b"}]}`, ask},
		{"none", who, `{"channel":"c","messageId":"m"}`, nil, 200, `{"reactions":[]}`, ask},
		{"no message", who, `{"channel":"c"}`, nil, 400, errorBody("INVALID_MESSAGE", "messageId is required: it must be a string."), nil},
		{"wrong kinds", who, `{"channel":1,"messageId":{}}`, nil, 400, errorBody("INVALID_MESSAGE", "channel must be a string, not a number; messageId must be a string, not an object."), nil},
		{"no secret", "/connection/listReactions?connectionId=x", `{"channel":"c","messageId":"m"}`, nil, 401, errorBody("UNAUTHORIZED", "connectionId and connectionSecret are required in the query."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked, e.reacted.Items = nil, tt.reacted
			r := request(h, "POST", "http://x"+tt.target, tt.body, "Authorization", "")
			if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("\n got %d %s\nwant %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			if !reflect.DeepEqual(e.last(), tt.asked) {
				t.Errorf("asked %+v", e.last())
			}
		})
	}
	e.answer = channel.ErrMessageNotFound
	if r := request(h, "POST", "http://x"+who, `{"channel":"c","messageId":"m"}`); r.StatusCode != 404 {
		t.Error(r.Status)
	}
}

func TestAppendCounts(t *testing.T) {
	counts := []channel.ReactionCount{
		{Reaction: "👍", Count: 2, By: []channel.Member{{UID: "a", UMD: []byte(`{"n":1}`)}, {UID: "b"}}},
		{Reaction: "y \"z\"", Count: 1, By: []channel.Member{{UID: "c"}}},
	}
	for _, tt := range []struct {
		counts []channel.ReactionCount
		expand bool
		want   string
	}{
		{nil, false, ``},
		{nil, true, `,"reactions":{}`},
		{counts, false, `,"reactions":{"👍":{"count":2},"y \"z\"":{"count":1}}`},
		{counts, true, `,"reactions":{"👍":{"count":2,"items":[{"uid":"a","umd":{"n":1}},{"uid":"b"}]},"y \"z\"":{"count":1,"items":[{"uid":"c"}]}}`},
	} {
		if got := string(appendCounts(nil, tt.counts, tt.expand)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
