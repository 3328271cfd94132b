package pusher

import (
	"reflect"
	"strings"
	"testing"

	"dormouse/actors/channel"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        command
	}{
		{"ping", `{"event":"pusher:ping","data":{}}`, ping{}},
		{"a ping without data", `{"event":"pusher:ping"}`, ping{}},
		{"pong", `{"event":"pusher:pong","data":{}}`, pong{}},
		{"subscribe", `{"event":"pusher:subscribe","data":{"auth":"","channel":"room"}}`, &subscribe{channel: "room"}},
		{"subscribe with data", `{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"{\"user_id\":\"1\"}","channel":"presence-a"}}`,
			&subscribe{channel: "presence-a", auth: "k:s", data: `{"user_id":"1"}`, hasData: true}},
		{"subscribe with empty data", `{"event":"pusher:subscribe","data":{"auth":"k:s","channel_data":"","channel":"c"}}`,
			&subscribe{channel: "c", auth: "k:s", hasData: true}},
		{"subscribe with nulls", `{"event":"pusher:subscribe","data":{"auth":null,"channel_data":null,"channel":"c"}}`, &subscribe{channel: "c"}},
		{"subscribe with more", `{"event":"pusher:subscribe","data":{"channel":"c","shared":{"a":[1,{}]}},"x":1}`, &subscribe{channel: "c"}},
		{"subscribe to nothing", `{"event":"pusher:subscribe","data":{"channel":""}}`, &subscribe{}},
		{"unsubscribe", `{"event":"pusher:unsubscribe","data":{"channel":"c"}}`, unsubscribe{"c"}},
		{"sign in", `{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{\"id\":\"1\"}"}}`, &signin{auth: "k:s", data: `{"id":"1"}`}},
		{"a client event", ` { "event" : "client-hi" , "channel" : "private-a" , "data" : {"t" : 12345678901234567890 , "s":"\u00e9\/"} } `,
			&clientEvent{channel: "private-a", event: "client-hi", data: []byte(`{"t" : 12345678901234567890 , "s":"\u00e9\/"}`)}},
		{"a client event without data", `{"event":"client-hi","channel":"private-a"}`, &clientEvent{channel: "private-a", event: "client-hi"}},
		{"a client event of null", `{"event":"client-hi","channel":"private-a","data":null}`, &clientEvent{channel: "private-a", event: "client-hi"}},
		{"names are unescaped", `{"\u0065vent":"client\u002dhi","channel":"private\u002Da","data":1}`, &clientEvent{channel: "private-a", event: "client-hi", data: []byte("1")}},
		{"the last of two members counts", `{"event":"x","event":"pusher:ping"}`, ping{}},
		{"half a character", `{"event":"client-hi","channel":"private-a","data":"\ud83d"}`, &clientEvent{channel: "private-a", event: "client-hi", data: []byte(`"\ud83d"`)}},
		{"the prefix of client events alone", `{"event":"client-","channel":"private-a"}`, &clientEvent{channel: "private-a", event: "client-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame := []byte(tt.frame)
			cmd, refused := decode(frame)
			if refused != nil {
				t.Fatal(refused)
			}
			for i := range frame {
				frame[i] = 'x' // nothing of it may be kept
			}
			if !reflect.DeepEqual(cmd, tt.want) {
				t.Errorf("got %#v, want %#v", cmd, tt.want)
			}
		})
	}
}

// malformed is what is answered with an error, and harms nobody.
var malformed = []struct{ name, frame, want string }{
	{"nothing", "", "Invalid message format"},
	{"no JSON", "hello", "Invalid message format"},
	{"an array", "[]", "Invalid message format"},
	{"a number", "5", "Invalid message format"},
	{"a string", `"pusher:ping"`, "Invalid message format"},
	{"null", "null", "Invalid message format"},
	{"half an object", `{"event":"pusher:ping"`, "Invalid message format"},
	{"two objects", `{"event":"pusher:ping"}{}`, "Invalid message format"},
	{"more behind it", `{"event":"pusher:ping"} x`, "Invalid message format"},
	{"no value", `{"event":}`, "Invalid message format"},
	{"a comma too many", `{"event":"pusher:ping",}`, "Invalid message format"},
	{"bad UTF-8", "{\"event\":\"pusher:ping\",\"x\":\"\xff\"}", "Invalid message format"},
	{"no event", `{}`, "Invalid message format"},
	{"an event that is a number", `{"event":5}`, "Invalid message format"},
	{"an event that is null", `{"event":null}`, "Invalid message format"},
	{"subscribe without data", `{"event":"pusher:subscribe"}`, "Invalid message format"},
	{"subscribe with null", `{"event":"pusher:subscribe","data":null}`, "Invalid message format"},
	{"subscribe with a text", `{"event":"pusher:subscribe","data":"{\"channel\":\"c\"}"}`, "Invalid message format"},
	{"subscribe with a list", `{"event":"pusher:subscribe","data":["c"]}`, "Invalid message format"},
	{"subscribe without a channel", `{"event":"pusher:subscribe","data":{}}`, "Invalid message format"},
	{"subscribe to a number", `{"event":"pusher:subscribe","data":{"channel":5}}`, "Invalid message format"},
	{"subscribe with another auth", `{"event":"pusher:subscribe","data":{"channel":"c","auth":{}}}`, "Invalid message format"},
	{"subscribe with an object", `{"event":"pusher:subscribe","data":{"channel":"c","channel_data":{"user_id":"1"}}}`, "Invalid message format"},
	{"unsubscribe without data", `{"event":"pusher:unsubscribe"}`, "Invalid message format"},
	{"unsubscribe from a number", `{"event":"pusher:unsubscribe","data":{"channel":1}}`, "Invalid message format"},
	{"sign in without data", `{"event":"pusher:signin"}`, "Invalid message format"},
	{"sign in without auth", `{"event":"pusher:signin","data":{"user_data":"{}"}}`, "Invalid message format"},
	{"sign in with an object", `{"event":"pusher:signin","data":{"auth":"","user_data":{"id":"1"}}}`, "Invalid message format"},
	{"a client event without a channel", `{"event":"client-x"}`, "Invalid message format"},
	{"a client event on a number", `{"event":"client-x","channel":1,"data":{}}`, "Invalid message format"},
	{"an event of the server", `{"event":"pusher:error","data":{}}`, "Unsupported event received"},
	{"an event of nobody", `{"event":"","data":{}}`, "Unsupported event received"},
	{"client events begin with it", `{"event":"my-client-x","channel":"private-a","data":{}}`, "Unsupported event received"},
	{"depth", `{"event":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`, "Invalid message format"},
}

func TestDecodeMalformed(t *testing.T) {
	for _, tt := range malformed {
		t.Run(tt.name, func(t *testing.T) {
			cmd, refused := decode([]byte(tt.frame))
			if cmd != nil || refused == nil || refused.Message != tt.want {
				t.Fatalf("got %#v, %v", cmd, refused)
			}
			want := `{"event":"pusher:error","data":{"code":null,"message":"` + tt.want + `"}}`
			if got := (Codec{}).Append(nil, &channel.Message{Kind: channel.KindError, Err: refused}); string(got) != want {
				t.Errorf("told %s", got)
			}
		})
	}
}

func TestScanArray(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		max        int
		elements   []string
		count      int
		ok         bool
	}{
		{"empty", ` [ ] `, 2, nil, 0, true},
		{"values", `[1, "a" ,{"b":[2]}]`, 3, []string{"1", `"a"`, `{"b":[2]}`}, 3, true},
		{"too many", `[1,2,3`, 2, []string{"1", "2"}, 3, true},
		{"no array", `{}`, 2, nil, 0, false},
		{"no end", `[1`, 2, nil, 1, false},
		{"two of them", `[1][2]`, 2, nil, 1, false},
		{"a comma too many", `[1,]`, 2, nil, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			elements, count, ok := scanArray([]byte(tt.text), tt.max)
			if ok != tt.ok {
				t.Fatalf("ok is %v", ok)
			}
			if !ok {
				return
			}
			var got []string
			for _, v := range elements {
				got = append(got, string(v.raw))
			}
			if count != tt.count || !reflect.DeepEqual(got, tt.elements) {
				t.Errorf("got %q, %d", got, count)
			}
		})
	}
}
