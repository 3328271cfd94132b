package hotsock

import (
	"reflect"
	"strings"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
)

const asClient = "?connectionId=AbC_d-EfGhIJKLM%3D&connectionSecret=" + testSecret

func entriesDone(name string) string {
	return `{"channel":"` + name + `","event":"hotsock.channelStorageSet","entries":[{"key":"k","version":7},{"key":"n","version":7,"data":6}]}`
}

func TestClientCalls(t *testing.T) {
	e := newRecorder()
	e.info = channel.Info{Subscriptions: 4}
	e.entries.Items = []channel.Entry{{Key: "k", Data: []byte("1"), Meta: &channel.Meta{UID: "u"}}}
	h := newTestHandler(t, e, nil)
	long := strings.Repeat("x", testMaxData)
	keys := strings.TrimSuffix(strings.Repeat(`"k",`, 101), ",")
	for _, tt := range []struct {
		name, verb, body string
		status           int
		answer           string
		asked            any
	}{
		{"a message", "publishMessage", `{"channel":"c","event":"e","data": {"a": 1}}`, 202, `{"channel":"c","event":"e"}`,
			&actors.Publish{Channel: "c", Event: "e", Data: []byte(`{"a":1}`)}},
		{"its id", "publishMessage", `{"channel":"alias","event":"e","eagerIdGeneration":true}`, 202,
			`{"channel":"alias","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}`, &actors.Publish{Channel: "alias", Event: "e", EagerID: true}},
		{"a schedule goes to the engine", "publishMessage", `{"channel":"c","event":"e","scheduleExpression":"at(x)","scheduleExpressionTimezone":"UTC"}`, 202,
			`{"channel":"c","event":"e"}`, &actors.Publish{Channel: "c", Event: "e", Schedule: actors.Schedule{Expression: "at(x)", Timezone: "UTC"}}},
		{"a system event", "publishMessage", `{"channel":"c","event":"hotsock.channelStorageSet"}`, 400,
			errorBody("INVALID_EVENT", `An event name must not start with \"hotsock.\".`), nil},
		{"no event", "publishMessage", `{"channel":"c"}`, 400, errorBody("INVALID_MESSAGE", "event is required: it must be a string."), nil},
		{"too much data", "publishMessage", `{"channel":"c","event":"e","data":"` + long + `"}`, 413, errorBody("DATA_TOO_LARGE", "The data is 1026 bytes; at most 1024 are allowed."), nil},

		{"an entry", "channelStorageGet", `{"channel":"alias","key":"k"}`, 200,
			`{"event":"hotsock.channelStorageData","channel":"real","key":"k","data":{"n":1},"meta":{"uid":"u","umd":null}}`, &actors.GetStorage{Channel: "alias", Key: "k"}},
		{"an entry without key", "channelStorageGet", `{"channel":"c"}`, 400, errorBody("INVALID_MESSAGE", "key is required: it must be a string."), nil},
		{"a write", "channelStorageSet", `{"channel":"c","key":"k","data":[1]}`, 202, `{"channel":"c","event":"hotsock.channelStorageSet"}`,
			&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("[1]")}},
		{"a clear", "channelStorageSet", `{"channel":"c","key":"k"}`, 202, `{"channel":"c","event":"hotsock.channelStorageSet"}`, &actors.SetStorage{Channel: "c", Key: "k"}},
		{"a write of nothing", "channelStorageSet", `{"channel":"c"}`, 400, errorBody("INVALID_MESSAGE", "key is required: it must be a string."), nil},
		{"a write on a condition", "channelStorageSet", `{"channel":"alias","key":"k","data":[1],"ifVersion":6}`, 202, entriesDone("alias"),
			&actors.WriteStorage{Channel: "alias", Writes: []channel.StorageWrite{{Key: "k", Data: []byte("[1]"), IfVersion: 6}}}},
		{"a count", "channelStorageSet", `{"channel":"c","key":"n","increment":-1.5}`, 202, entriesDone("c"),
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "n", Increment: "-1.5", IfVersion: -1}}}},
		{"several writes", "channelStorageSet", `{"channel":"c","entries":[{"key":"k","data":1,"ifAbsent":true},{"key":"n","increment":1}],"scheduleExpression":"at(x)"}`, 202, entriesDone("c"),
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Data: []byte("1")}, {Key: "n", Increment: "1", IfVersion: -1}}, Schedule: actors.Schedule{Expression: "at(x)"}}},
		{"a condition beside entries", "channelStorageSet", `{"channel":"c","ifVersion":1,"entries":[{"key":"k"}]}`, 400, errorBody("INVALID_MESSAGE", "ifVersion must be in entries, where entries are."), nil},
		{"a version", "channelStorageGet", `{"channel":"alias","key":"k","version":true}`, 200,
			`{"event":"hotsock.channelStorageData","channel":"real","key":"k","data":{"n":1},"meta":{"uid":"u","umd":null},"version":7}`, &actors.GetStorage{Channel: "alias", Key: "k"}},
		{"entries with versions", "channelStorageList", `{"channel":"c","versions":true}`, 200, `{"items":[{"key":"k","data":1,"meta":{"uid":"u","umd":null},"version":0}]}`, &actors.ListStorage{Channel: "c"}},
		{"a write too large", "channelStorageSet", `{"channel":"c","key":"k","data":"` + long + `"}`, 413, errorBody("DATA_TOO_LARGE", "The data is 1026 bytes; at most 1024 are allowed."), nil},

		{"entries", "channelStorageList", `{"channel":"c","after":"a"}`, 200, `{"items":[{"key":"k","data":1,"meta":{"uid":"u","umd":null}}]}`, &actors.ListStorage{Channel: "c", After: "a"}},
		{"entries by key", "channelStorageList", `{"channel":"c","keys":["a", "b\u0063" ,"d"]}`, 200, `{"items":[{"key":"k","data":1,"meta":{"uid":"u","umd":null}}]}`,
			&actors.ListStorage{Channel: "c", Keys: []string{"a", "bc", "d"}}},
		{"no keys", "channelStorageList", `{"channel":"c","keys":[ ]}`, 200, `{"items":[{"key":"k","data":1,"meta":{"uid":"u","umd":null}}]}`, &actors.ListStorage{Channel: "c", Keys: []string{}}},
		{"too many keys", "channelStorageList", `{"channel":"c","keys":[` + keys + `]}`, 400, errorBody("INVALID_MESSAGE", "keys must name at most 100."), nil},
		{"a key that is none", "channelStorageList", `{"channel":"c","keys":["a",1]}`, 400, errorBody("INVALID_MESSAGE", "keys must be an array of strings; element 1 is a number."), nil},
		{"keys as text", "channelStorageList", `{"channel":"c","keys":"a"}`, 400, errorBody("INVALID_MESSAGE", "keys must be an array, not a string."), nil},

		{"who is there", "getChannelInfo", `{"channel":"c"}`, 200, `{"channel":"c","subscriptionsCount":4}`, &actors.GetInfo{Channel: "c"}},
		{"members", "getChannelInfo", `{"channel":"presence.c"}`, 200, `{"channel":"presence.c","subscriptionsCount":4,"members":[]}`, &actors.GetInfo{Channel: "presence.c"}},
		{"a umd", "umdUpdate", `{"token":"t","channel":"c"}`, 200, `{}`, &actors.UpdateUMD{Channel: "c", Token: "t"}},
		{"a umd of the connection", "umdUpdate", `{"token":"t"}`, 200, `{}`, &actors.UpdateUMD{Token: "t"}},
		{"a umd of a channel without a name", "umdUpdate", `{"token":"t","channel":""}`, 400, errorBody("INVALID_CHANNEL", "A channel name must not be empty."), nil},
		{"no token", "umdUpdate", `{"channel":"c"}`, 400, errorBody("INVALID_MESSAGE", "token is required: it must be a string."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			r := request(h, "POST", "http://x/connection/"+tt.verb+asClient, tt.body, "Authorization", "", "User-Agent", "agent")
			if got := bodyOf(t, r); r.StatusCode != tt.status || got != tt.answer {
				t.Errorf("\n got %d %s\nwant %d %s", r.StatusCode, got, tt.status, tt.answer)
			}
			if got := e.last(); !reflect.DeepEqual(got, tt.asked) {
				t.Errorf("asked the engine for %+v, want %+v", got, tt.asked)
			}
			if tt.asked != nil && (e.from.Trigger != channel.TriggerClientHTTP || e.from.SourceIP != "192.0.2.1" || e.from.UserAgent != "agent" || e.from.RequestID == "") {
				t.Errorf("from %+v", e.from)
			}
		})
	}
}

// TestStrangersBodiesAreNotRead: a body is only read from who may ask.
func TestStrangersBodiesAreNotRead(t *testing.T) {
	h := newTestHandler(t, newRecorder(), nil)
	for _, query := range []string{"", "?connectionId=x", asClient + "x"} {
		r := request(h, "POST", "http://x/connection/getChannelInfo"+query, "no JSON")
		if got := bodyOf(t, r); r.StatusCode != 401 || !strings.Contains(got, "UNAUTHORIZED") {
			t.Errorf("%q: %d %s", query, r.StatusCode, got)
		}
	}
}
