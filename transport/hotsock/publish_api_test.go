package hotsock

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// errorBody is what a refusal looks like over HTTP.
func errorBody(code, message string) string {
	return `{"error":{"code":"` + code + `","message":"` + message + `"}}`
}

func TestPublish(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		answer     string
		asked      any // without its Origin
	}{
		{"minimal", `{"channel":"c","event":"e"}`, 202, `{"channel":"c","event":"e"}`,
			actors.PublishRequest{Channel: "c", Event: "e"}},
		{"everything", ` {"channel":"c","event":"e","data": {"a": 1},"store":3600,"emitPubSubEvent":true,"eagerIdGeneration":true,"deduplicationId":"d","scheduleExpressionTimezone":"UTC","key":"ignored","more":[1]} `,
			202, `{"channel":"c","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}`,
			actors.PublishRequest{Channel: "c", Event: "e", Data: []byte(`{"a":1}`), Store: 3600, Emit: true, DeduplicationID: "d"}},
		{"null is as if absent", `{"channel":"c","event":"e","data":null,"store":null,"emitPubSubEvent":null,"eagerIdGeneration":null,"deduplicationId":null,"scheduleExpression":null,"key":null}`,
			202, `{"channel":"c","event":"e"}`, actors.PublishRequest{Channel: "c", Event: "e"}},
		{"false is false", `{"channel":"c","event":"e","emitPubSubEvent":false,"eagerIdGeneration":false}`,
			202, `{"channel":"c","event":"e"}`, actors.PublishRequest{Channel: "c", Event: "e"}},
		{"stored for ever", `{"channel":"c","event":"e","store":-1}`, 202, `{"channel":"c","event":"e"}`,
			actors.PublishRequest{Channel: "c", Event: "e", Store: -1}},
		{"stored as long as can be", `{"channel":"c","event":"e","store":3155695200}`, 202, `{"channel":"c","event":"e"}`,
			actors.PublishRequest{Channel: "c", Event: "e", Store: 3155695200}},
		{"names that need escapes", `{"channel":"c\"","event":"a, b#"}`, 202, `{"channel":"c\"","event":"a, b#"}`,
			actors.PublishRequest{Channel: `c"`, Event: "a, b#"}},
		{"an entry", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":{"a":1},"emitPubSubEvent":true}`,
			202, `{"channel":"c","event":"hotsock.channelStorageSet"}`,
			actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte(`{"a":1}`), Store: -1, Emit: true}},
		{"an entry that expires", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1,"store":60,"eagerIdGeneration":true}`,
			202, `{"channel":"c","event":"hotsock.channelStorageSet"}`,
			actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte(`1`), Store: 60}},
		{"a reaction", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"add"},"uid":"u","umd":{ "n": 1 },"emitPubSubEvent":true,"eagerIdGeneration":true}`,
			202, `{"channel":"c","event":"hotsock.messageReaction","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}`,
			actors.ReactRequest{Channel: "c", MessageID: "m", Reaction: "👍", UID: "u", UMD: []byte(`{"n":1}`), Emit: true}},
		{"a reaction that was not there", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"remove"},"uid":"u","eagerIdGeneration":true}`,
			202, `{"channel":"c","event":"hotsock.messageReaction"}`,
			actors.ReactRequest{Channel: "c", MessageID: "m", Reaction: "👍", Remove: true, UID: "u"}},
		{"an entry on a condition", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1,"ifVersion":12,"store":60,"emitPubSubEvent":true}`,
			202, `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"k","version":7,"data":5},{"key":"z"}]}`,
			actors.WriteStorageRequest{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Data: []byte(`1`), IfVersion: 12, Store: 60, Emit: true, Show: true}}}},
		{"several entries", `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"a","increment":-1.5},{"key":"b","ifAbsent":true,"data":{}}]}`,
			202, `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"k","version":7,"data":5},{"key":"z"}]}`,
			actors.WriteStorageRequest{Channel: "c", Writes: []channel.StorageWrite{{Key: "a", Increment: "-1.5", IfVersion: -1, Store: -1, Show: true}, {Key: "b", Data: []byte("{}"), Store: -1, Show: true}}}},
		{"several entries with a bad key", `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"a,b","increment":1}]}`, 400,
			errorBody("INVALID_STORAGE_KEY", "A storage key must not contain ','."), nil},
		{"several entries for no time", `{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"a"}],"store":0}`, 400,
			errorBody("INVALID_STORE", "store must be -1 or 1 to 3155695200 for an entry."), nil},

		{"a reaction of nobody", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"add"}}`, 400, errorBody("INVALID_MESSAGE", "uid is required: it must be a string."), nil},
		{"a reaction without an action", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍"},"uid":"u"}`, 400, errorBody("INVALID_REACTION", "data.action is required: it must be a string."), nil},
		{"a reaction of a long uid", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"add"},"uid":"` + strings.Repeat("é", 129) + `"}`, 400, errorBody("INVALID_MESSAGE", "uid must be at most 128 characters."), nil},
		{"a reaction with a large umd", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"add"},"uid":"u","umd":"` + strings.Repeat("x", 1023) + `"}`, 400, errorBody("INVALID_MESSAGE", "umd is 1025 bytes; at most 1024 are allowed."), nil},
		{"a scheduled reaction", `{"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"👍","action":"add"},"uid":"u","scheduleExpression":"at(2030-01-01T00:00:00)"}`, 400, errorBody("INVALID_SCHEDULE", "A reaction cannot be scheduled; publish it without scheduleExpression."), nil},
		{"no body", ``, 400, errorBody("INVALID_MESSAGE", "event is required: it must be a string."), nil},
		{"no JSON", `x`, 400, errorBody("INVALID_MESSAGE", "The body is not a JSON object that can be read: expected an object at byte 0."), nil},
		{"a list", `[{"channel":"c","event":"e"}]`, 400, errorBody("INVALID_MESSAGE", "The body is not a JSON object that can be read: expected an object at byte 0."), nil},
		{"a doubled name", `{"channel":"c","event":"e","channel":"d"}`, 400, errorBody("INVALID_MESSAGE", "The body is not a JSON object that can be read: a member stands twice at byte 37."), nil},
		{"names in another case", `{"Channel":"c","Event":"e"}`, 400, errorBody("INVALID_MESSAGE", "event is required: it must be a string."), nil},
		{"every member of a wrong kind", `{"channel":1,"event":[],"key":true,"store":"1","emitPubSubEvent":"true","eagerIdGeneration":1,"deduplicationId":2,"scheduleExpression":{},"scheduleExpressionTimezone":0}`, 400,
			errorBody("INVALID_MESSAGE", "channel must be a string, not a number; event must be a string, not an array; key must be a string, not a boolean; deduplicationId must be a string, not a number; scheduleExpression must be a string, not an object; scheduleExpressionTimezone must be a string, not a number; emitPubSubEvent must be a boolean, not a string; eagerIdGeneration must be a boolean, not a number; store must be a number, not a string."), nil},
		{"no channel", `{"event":"e"}`, 400, errorBody("INVALID_MESSAGE", "channel is required: it must be a string."), nil},
		{"a bad channel", `{"channel":"a b","event":"e"}`, 400, errorBody("INVALID_CHANNEL", "A channel name must not contain white space."), nil},
		{"an empty channel", `{"channel":"","event":"e"}`, 400, errorBody("INVALID_CHANNEL", "A channel name must not be empty."), nil},
		{"a bad event", `{"channel":"c","event":"#e"}`, 400, errorBody("INVALID_EVENT", "An event name must not start with '#'."), nil},
		{"a system event", `{"channel":"c","event":"hotsock.subscribed"}`, 400, errorBody("INVALID_EVENT", `An event name must not start with \"hotsock.\".`), nil},
		{"data over the limit", `{"channel":"c","event":"e","data":"` + strings.Repeat("x", testMaxData) + `"}`, 413, errorBody("DATA_TOO_LARGE", "The data is 1026 bytes; at most 1024 are allowed."), nil},
		{"a body over the limit", `{"channel":"c","event":"e","data":"` + strings.Repeat("x", testMaxData+envelopeSize) + `"}`, 413, errorBody("BODY_TOO_LARGE", "The request's body is over 66560 bytes."), nil},
		{"a retention below the least", `{"channel":"c","event":"e","store":-2}`, 400, errorBody("INVALID_STORE", "store must be -1 or 0 to 3155695200."), nil},
		{"a retention over the most", `{"channel":"c","event":"e","store":3155695201}`, 400, errorBody("INVALID_STORE", "store must be -1 or 0 to 3155695200."), nil},
		{"a retention beyond all numbers", `{"channel":"c","event":"e","store":99999999999999999999}`, 400, errorBody("INVALID_STORE", "store must be -1 or 0 to 3155695200."), nil},
		{"half a second", `{"channel":"c","event":"e","store":0.5}`, 400, errorBody("INVALID_MESSAGE", "store must be a whole number."), nil},
		{"a retention in powers", `{"channel":"c","event":"e","store":1e999}`, 400, errorBody("INVALID_MESSAGE", "store must be a whole number."), nil},
		{"a long deduplication id", `{"channel":"c","event":"e","deduplicationId":"` + strings.Repeat("é", 129) + `"}`, 400, errorBody("INVALID_MESSAGE", "deduplicationId must be at most 128 characters."), nil},
		{"an entry without a key", `{"channel":"c","event":"hotsock.channelStorageSet"}`, 400, errorBody("INVALID_MESSAGE", "key is required: it must be a string."), nil},
		{"an entry with a bad key", `{"channel":"c","event":"hotsock.channelStorageSet","key":"a,b"}`, 400, errorBody("INVALID_STORAGE_KEY", "A storage key must not contain ','."), nil},
		{"an entry that is not stored", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","store":0}`, 400, errorBody("INVALID_STORE", "store must be -1 or 1 to 3155695200 for an entry."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newRecorder()
			h := newTestHandler(t, e, nil)
			r := request(h, "POST", "http://x/publish", tt.body, "Content-Type", "text/plain", "User-Agent", "agent", "X-Request-Id", "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11")
			if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("\n got %d %s\nwant %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			if got := r.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("Content-Type %q", got)
			}
			origin := actors.Origin{Trigger: channel.TriggerServerHTTP, SourceIP: "192.0.2.1", UserAgent: "agent", RequestID: "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11"}
			asked := e.last()
			switch want := tt.asked.(type) {
			case actors.PublishRequest:
				want.Origin = origin
				tt.asked = want
			case actors.WriteStorageRequest:
				want.Origin = origin
				tt.asked = want
			case actors.SetStorageRequest:
				want.Origin = origin
				tt.asked = want
			case actors.ReactRequest:
				want.Origin = origin
				tt.asked = want
			}
			if !reflect.DeepEqual(asked, tt.asked) {
				t.Errorf("asked the engine for %+v, want %+v", asked, tt.asked)
			}
		})
	}
}

func TestPublishNeedsAKey(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	for name, header := range map[string]string{
		"no key": "", "a wrong key": "Bearer " + strings.Repeat("x", 40), "half a key": "Bearer " + testKey[:20],
		"a key and more": "Bearer " + testKey + "0", "another scheme": "Basic " + testKey, "no scheme": testKey,
	} {
		r := request(h, "POST", "http://x/publish", `{"channel":"c","event":"e"}`, "Authorization", header)
		if got := bodyOf(t, r); r.StatusCode != 401 || got != errorBody("UNAUTHORIZED", "An API key is required: Authorization: Bearer <key>.") || r.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%s: %d %s %v", name, r.StatusCode, got, r.Header)
		}
	}
	if got := request(h, "POST", "http://x/publish", `{"channel":"c","event":"e"}`, "Authorization", "bearer  "+testKey); got.StatusCode != 202 {
		t.Errorf("the scheme in lower case: %d", got.StatusCode)
	}
	if len(e.asked) != 1 {
		t.Errorf("the engine was asked %d times", len(e.asked))
	}
}

// TestErrorStatuses walks through what the engine can answer.
func TestErrorStatuses(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	for _, c := range Codes {
		e.answer = &channel.Error{Code: c.Name, Message: "m"}
		r := request(h, "POST", "http://x/publish", `{"channel":"c","event":"e"}`)
		if got := bodyOf(t, r); r.StatusCode != c.Status || got != errorBody(c.Name, "m") {
			t.Errorf("%s: %d %s", c.Name, r.StatusCode, got)
		}
		if retry := r.Header.Get("Retry-After"); (retry != "") != (c.Status == 429 || c.Status == 503) {
			t.Errorf("%s: Retry-After %q", c.Name, retry)
		}
	}
	for name, tt := range map[string]struct {
		err    error
		status int
		body   string
	}{
		"the time limit":   {context.DeadlineExceeded, 503, errorBody("UNAVAILABLE", "This was not answered in time. It may have happened or not.")},
		"a fault":          {errors.New("disk on fire"), 500, errorBody("INTERNAL_ERROR", "Something went wrong. Try again.")},
		"an unlisted code": {&channel.Error{Code: "NEW", Message: "m"}, 500, errorBody("NEW", "m")},
	} {
		e.answer = tt.err
		r := request(h, "POST", "http://x/publish", `{"channel":"c","event":"e"}`)
		if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.body {
			t.Errorf("%s: %d %s", name, r.StatusCode, got)
		}
	}
}

func TestRequestID(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	for _, given := range []string{"", "x", "0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c1", "{0b6f3f0e-9d2c-4ad5-9f5a-3f6a2f1d0c11}", "a\r\nb"} {
		r := request(h, "POST", "http://x/publish", `{"channel":"c","event":"e"}`, "X-Request-Id", given)
		id := e.last().(actors.PublishRequest).Origin.RequestID
		if len(id) != 36 || id == given || r.Header.Get("X-Request-Id") != id {
			t.Errorf("%q became %q, answered %q", given, id, r.Header.Get("X-Request-Id"))
		}
	}
}

func TestTimeLimitReachesTheEngine(t *testing.T) {
	h := newTestHandler(t, newRecorder(), nil)
	h.o.engine = deadlineEngine{newRecorder(), t}
	if r := request(h, http.MethodPost, "http://x/publish", `{"channel":"c","event":"e"}`); r.StatusCode != 202 {
		t.Error(r.Status)
	}
}

// deadlineEngine checks that what it is asked ends some time.
type deadlineEngine struct {
	*recorder
	t *testing.T
}

func (e deadlineEngine) Publish(ctx context.Context, app string, r actors.PublishRequest) (*channel.Published, error) {
	if _, ok := ctx.Deadline(); !ok || app != "app" {
		e.t.Errorf("deadline %v, app %q", ok, app)
	}
	return e.recorder.Publish(ctx, app, r)
}
