package hotsock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors"
	"dormouse/actors/channel"
)

const testMaxData = 1 << 10

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame string
		want  actors.Command
	}{
		{"a message", `{"event":"chat","channel":"c","data":{"n":1}}`, &actors.Publish{Channel: "c", Event: "chat", Data: []byte(`{"n":1}`)}},
		{"white space goes, and nothing else", " { \"event\" : \"chat\" ,\n\"channel\":\"c\",\t\"data\" : { \"b\" : [ 1 , 2.50 , \"a b\\\" \\u00e9\" ] , \"a\" : { } , \"c\":[ ] } } \r\n",
			&actors.Publish{Channel: "c", Event: "chat", Data: []byte(`{"b":[1,2.50,"a b\" \u00e9"],"a":{},"c":[]}`)}},
		{"numbers keep their digits", `{"event":"chat","channel":"c","data":[1152921504606846977,1e999,-0,0.10,1E+2,123456789012345678901234567890]}`,
			&actors.Publish{Channel: "c", Event: "chat", Data: []byte(`[1152921504606846977,1e999,-0,0.10,1E+2,123456789012345678901234567890]`)}},
		{"members in data may be doubled", `{"event":"chat","channel":"c","data":{"a":1,"a":2}}`, &actors.Publish{Channel: "c", Event: "chat", Data: []byte(`{"a":1,"a":2}`)}},
		{"data may be any value", `{"event":"chat","channel":"c","data":"x"}`, &actors.Publish{Channel: "c", Event: "chat", Data: []byte(`"x"`)}},
		{"data null is no data", `{"event":"chat","channel":"c","data":null}`, &actors.Publish{Channel: "c", Event: "chat"}},
		{"no data", `{"event":"chat","channel":"c"}`, &actors.Publish{Channel: "c", Event: "chat"}},
		{"null is as if absent", `{"event":"chat","channel":"c","key":null,"ref":null,"scheduleExpression":null,"scheduleExpressionTimezone":null}`,
			&actors.Publish{Channel: "c", Event: "chat"}},
		{"names are unescaped", `{"\u0065vent":"ch\u0061t","channel":"\ud83d\udc4d\/\b\f\n\r\t\"\\"}`, &actors.Publish{Channel: "👍/\b\f\n\r\t\"\\", Event: "chat"}},
		{"unknown members are ignored", `{"Event":"x","EVENT":1,"event":"chat","channel":"c","more":[{"event":"y"}]}`, &actors.Publish{Channel: "c", Event: "chat"}},
		{"a schedule", `{"event":"chat","channel":"c","scheduleExpression":"at(2026-01-01T00:00:00)","scheduleExpressionTimezone":"Europe/Paris","ref":"r"}`,
			&actors.Publish{Channel: "c", Event: "chat", Ref: "r", Schedule: actors.Schedule{Expression: "at(2026-01-01T00:00:00)", Timezone: "Europe/Paris"}}},
		{"names are the engine's to check", `{"event":"a*","channel":""}`, &actors.Publish{Event: "a*"}},
		{"subscribe", `{"event":"hotsock.subscribe","channel":"c"}`, &actors.Subscribe{Channel: "c"}},
		{"subscribe with a token", `{"event":"hotsock.subscribe","channel":"c","data":{"token":"eyJ","more":1},"ref":"r"}`, &actors.Subscribe{Channel: "c", Token: "eyJ", Ref: "r"}},
		{"subscribe with data but no token", `{"event":"hotsock.subscribe","channel":"c","data":{}}`, &actors.Subscribe{Channel: "c"}},
		{"subscribe with token null", `{"event":"hotsock.subscribe","channel":"c","data":{"token":null}}`, &actors.Subscribe{Channel: "c"}},
		{"subscribe with resume", `{"event":"hotsock.subscribe","channel":"c","data":{"resume":true,"after":null}}`, &actors.Subscribe{Channel: "c", Resume: true}},
		{"subscribe after a position", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"Ab-_","seq":9007199254740991,"more":[]},"token":"t"}}`, &actors.Subscribe{Channel: "c", Token: "t", After: &channel.Position{Epoch: "Ab-_", Seq: 9007199254740991}}},
		{"subscribe after the beginning", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"","seq":0}}}`, &actors.Subscribe{Channel: "c", After: &channel.Position{}}},
		{"unsubscribe", `{"event":"hotsock.unsubscribe","channel":"c","ref":"r"}`, &actors.Unsubscribe{Channel: "c", Ref: "r"}},
		{"set", `{"event":"hotsock.channelStorageSet","channel":"game.lobby","key":"settings","data":{"maxPlayers":4},"ref":"r"}`,
			&actors.SetStorage{Channel: "game.lobby", Key: "settings", Data: []byte(`{"maxPlayers":4}`), Ref: "r"}},
		{"set on a condition", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1,"ifVersion":12,"ref":"r"}`,
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Data: []byte("1"), IfVersion: 12}}, Ref: "r"}},
		{"set if absent", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":1,"ifAbsent":true}`,
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Data: []byte("1")}}}},
		{"count up", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","increment":1e3}`,
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "k", Increment: "1e3", IfVersion: -1}}}},
		{"set several", `{"event":"hotsock.channelStorageSet","channel":"c","entries":[ {"key":"a","data":{"x": [1, 2]}} , {"key":"b","increment":-1,"ifVersion":3},{"key":"c","ifAbsent":false}]}`,
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "a", Data: []byte(`{"x":[1,2]}`), IfVersion: -1}, {Key: "b", Increment: "-1", IfVersion: 3}, {Key: "c", IfVersion: -1}}}},
		{"get with its version", `{"event":"hotsock.channelStorageGet","channel":"c","key":"k","version":true}`, &actors.GetStorage{Channel: "c", Key: "k", Version: true}},
		{"clear", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k"}`, &actors.SetStorage{Channel: "c", Key: "k"}},
		{"a scheduled set", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","scheduleExpression":"at(x)"}`,
			&actors.SetStorage{Channel: "c", Key: "k", Schedule: actors.Schedule{Expression: "at(x)"}}},
		{"get", `{"event":"hotsock.channelStorageGet","channel":"c","key":"k","ref":"r"}`, &actors.GetStorage{Channel: "c", Key: "k", Ref: "r"}},
		{"a umd update of a subscription", `{"event":"hotsock.umdUpdate","channel":"c","data":{"token":"eyJ"},"ref":"r"}`, &actors.UpdateUMD{Channel: "c", Token: "eyJ", Ref: "r"}},
		{"a umd update of the connection", `{"event":"hotsock.umdUpdate","data":{"token":"eyJ"}}`, &actors.UpdateUMD{Token: "eyJ"}},
		{"a umd update without a token", `{"event":"hotsock.umdUpdate","channel":null}`, &actors.UpdateUMD{}},
		{"a reaction", `{"event":"hotsock.messageReaction","channel":"c","data":{"messageId":"m","reaction":"👍","action":"add","more":1},"ref":"r"}`,
			&actors.React{Channel: "c", MessageID: "m", Reaction: "👍", Ref: "r"}},
		{"a reaction is removed", `{"event":"hotsock.messageReaction","channel":"c","data":{"messageId":"m","reaction":"\ud83d\udc4d","action":"remove"},"scheduleExpression":"at(x)"}`,
			&actors.React{Channel: "c", MessageID: "m", Reaction: "👍", Remove: true, Schedule: actors.Schedule{Expression: "at(x)"}}},
		{"heartbeat", `{"event":"hotsock.heartbeat","ref":"r"}`, &actors.Heartbeat{Ref: "r"}},
		{"ping", `{"event":"hotsock.ping"}`, &actors.Ping{}},
		{"pong says nothing", `{"event":"hotsock.pong"}`, nil},
		{"64 characters of ref", `{"event":"hotsock.ping","ref":"` + strings.Repeat("é", 64) + `"}`, &actors.Ping{Ref: strings.Repeat("é", 64)}},
		{"data of just the limit", `{"event":"e","channel":"c","data":"` + strings.Repeat("x", testMaxData-2) + `"}`,
			&actors.Publish{Channel: "c", Event: "e", Data: []byte(`"` + strings.Repeat("x", testMaxData-2) + `"`)}},
		{"white space does not count", `{"event":"e","channel":"c","data":[` + strings.Repeat(" ", 2*testMaxData) + `]}`,
			&actors.Publish{Channel: "c", Event: "e", Data: []byte(`[]`)}},
		{"data of just the depth", `{"event":"e","channel":"c","data":` + strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth) + `}`,
			&actors.Publish{Channel: "c", Event: "e", Data: []byte(strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frame := []byte(tt.frame)
			cmd, refused := decode(frame, testMaxData)
			if refused != nil {
				t.Fatalf("refused: %v", refused.err)
			}
			clear(frame) // the buffer is used again
			if !reflect.DeepEqual(cmd, tt.want) {
				t.Errorf("\n got %+v\nwant %+v", cmd, tt.want)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	invalid, unreadable := channel.ErrInvalidMessage, "The message is not a JSON object that can be read: "
	for _, tt := range []struct {
		name    string
		frame   string
		err     *channel.Error
		message string
		channel string
		ref     string
	}{
		{"nothing", ``, invalid, unreadable + "expected an object at byte 0.", "", ""},
		{"no JSON", `not json`, invalid, unreadable + "expected an object at byte 0.", "", ""},
		{"an array", `[]`, invalid, unreadable + "expected an object at byte 0.", "", ""},
		{"half an object", `{"event":"chat","channel":"c"`, invalid, unreadable + "expected a comma or the object's end at byte 29.", "", ""},
		{"two objects", `{"event":"chat","channel":"c"}{}`, invalid, unreadable + "unexpected text after the object at byte 30.", "", ""},
		{"a comma too many", `{"event":"chat",}`, invalid, unreadable + "expected a member's name at byte 16.", "", ""},
		{"a comma too few", `{"event":"chat" "channel":"c"}`, invalid, unreadable + "expected a comma or the object's end at byte 16.", "", ""},
		{"a comma too many in data", `{"data":[1,]}`, invalid, unreadable + "expected a value at byte 11.", "", ""},
		{"brackets that do not match", `{"data":[1}}`, invalid, unreadable + "expected a comma or the end of an array or object at byte 10.", "", ""},
		{"a name that is no string", `{event:"chat"}`, invalid, unreadable + "expected a member's name at byte 1.", "", ""},
		{"a doubled name", `{"event":"chat","channel":"c","event":"x"}`, invalid, unreadable + "a member stands twice at byte 38.", "", ""},
		{"a name doubled by an escape", `{"event":"chat","channel":"c","\u0065vent":"x"}`, invalid, unreadable + "a member stands twice at byte 43.", "", ""},
		{"a doubled name that nobody knows", `{"x":1,"event":"chat","x":2}`, invalid, unreadable + "a member stands twice at byte 26.", "", ""},
		{"a doubled null", `{"event":null,"event":"x"}`, invalid, unreadable + "a member stands twice at byte 22.", "", ""},
		{"bad UTF-8 in a name", "{\"event\":\"a\xff\"}", invalid, unreadable + "invalid UTF-8 at byte 11.", "", ""},
		{"bad UTF-8 in data", "{\"event\":\"a\",\"data\":[\"xxxxxxxxxxxx\xc3\"]}", invalid, unreadable + "invalid UTF-8 at byte 34.", "", ""},
		{"an encoded surrogate", "{\"data\":\"\xed\xa0\x80\"}", invalid, unreadable + "invalid UTF-8 at byte 9.", "", ""},
		{"a lone high surrogate", `{"data":"\ud83d"}`, invalid, unreadable + "lone surrogate at byte 15.", "", ""},
		{"a lone low surrogate", `{"data":"\udc4d"}`, invalid, unreadable + "lone surrogate at byte 15.", "", ""},
		{"two high surrogates", `{"data":"\ud83d\ud83d"}`, invalid, unreadable + "lone surrogate at byte 15.", "", ""},
		{"an unknown escape", `{"data":"\x"}`, invalid, unreadable + "unknown escape at byte 9.", "", ""},
		{"a short escape", `{"data":"\u00g0"}`, invalid, unreadable + "bad \\u escape at byte 9.", "", ""},
		{"a line break in a string", "{\"data\":\"a\nb\"}", invalid, unreadable + "control character in a string at byte 10.", "", ""},
		{"a NUL behind", "{}\x00", invalid, unreadable + "unexpected text after the object at byte 2.", "", ""},
		{"a leading zero", `{"data":01}`, invalid, unreadable + "expected a comma or the object's end at byte 9.", "", ""},
		{"a leading plus", `{"data":+1}`, invalid, unreadable + "expected a value at byte 8.", "", ""},
		{"a number that ends too early", `{"data":1.}`, invalid, unreadable + "expected a digit at byte 10.", "", ""},
		{"NaN", `{"data":NaN}`, invalid, unreadable + "expected a value at byte 8.", "", ""},
		{"a literal in another case", `{"data":nuLL}`, invalid, unreadable + "expected a value at byte 8.", "", ""},
		{"65 levels", `{"data":` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, invalid, unreadable + "nested too deep at byte 72.", "", ""},
		{"10,000 levels", `{"data":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `}`, invalid, unreadable + "nested too deep at byte 328.", "", ""},
		{"a mebibyte of brackets", strings.Repeat("[", 1<<20), invalid, unreadable + "expected an object at byte 0.", "", ""},
		{"a mebibyte of brackets as data", `{"data":` + strings.Repeat("[", 1<<20), invalid, unreadable + "nested too deep at byte 72.", "", ""},
		{"a mebibyte of empty arrays", `{"data":[` + strings.Repeat("[],", 1<<20/3), invalid, unreadable + "too many values at byte 196617.", "", ""},
		{"65 members", `{` + members(65) + `}`, invalid, unreadable + "too many members at byte 439.", "", ""},

		{"an event that is no string", `{"event":["x"],"channel":"c"}`, invalid, "event must be a string, not an array.", "c", ""},
		{"several members of the wrong kind", `{"event":"x","channel":7,"key":{},"ref":true,"scheduleExpression":1.5,"scheduleExpressionTimezone":[]}`, invalid,
			"channel must be a string, not a number; key must be a string, not an object; ref must be a string, not a boolean; scheduleExpression must be a string, not a number; scheduleExpressionTimezone must be a string, not an array.", "", ""},
		{"65 characters of ref", `{"event":"x","channel":"c","ref":"` + strings.Repeat("é", 65) + `"}`, invalid, "ref must be at most 64 characters.", "c", ""},
		{"no event", `{"channel":"c","ref":"r"}`, invalid, "event is required: it must be a string.", "c", "r"},
		{"event null", `{"event":null,"channel":"c"}`, invalid, "event is required: it must be a string.", "c", ""},
		{"an event in another case", `{"Event":"chat","channel":"c"}`, invalid, "event is required: it must be a string.", "c", ""},
		{"no channel", `{"event":"chat","ref":"r"}`, invalid, "channel is required: it must be a string.", "", "r"},
		{"subscribe without a channel", `{"event":"hotsock.subscribe"}`, invalid, "channel is required: it must be a string.", "", ""},
		{"unsubscribe without a channel", `{"event":"hotsock.unsubscribe"}`, invalid, "channel is required: it must be a string.", "", ""},
		{"set without a key", `{"event":"hotsock.channelStorageSet","channel":"c"}`, invalid, "key is required: it must be a string.", "c", ""},
		{"get without a key", `{"event":"hotsock.channelStorageGet","channel":"c"}`, invalid, "key is required: it must be a string.", "c", ""},
		{"an unknown system event", `{"event":"hotsock.x","channel":"c","ref":"r"}`, channel.ErrUnknownEvent, channel.ErrUnknownEvent.Message, "c", "r"},
		{"a system event in another case", `{"event":"hotsock.Subscribe","channel":"c"}`, channel.ErrUnknownEvent, channel.ErrUnknownEvent.Message, "c", ""},
		{"the system prefix alone", `{"event":"hotsock.","channel":"c"}`, channel.ErrUnknownEvent, channel.ErrUnknownEvent.Message, "c", ""},
		{"a reaction without a channel", `{"event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"x","action":"add"}}`, invalid, "channel is required: it must be a string.", "", ""},
		{"a reaction of too much", `{"event":"hotsock.messageReaction","channel":"c","data":{"more":"` + strings.Repeat("x", testMaxData) + `"}}`, channel.ErrDataTooLarge, "The data is 1035 bytes; at most 1024 are allowed.", "c", ""},
		{"a umd update of a channel without a name", `{"event":"hotsock.umdUpdate","channel":"","data":{"token":"eyJ"},"ref":"r"}`, channel.ErrInvalidChannel, "A channel name must not be empty.", "", "r"},
		{"a umd update with another token", `{"event":"hotsock.umdUpdate","channel":"c","data":{"token":1}}`, invalid, "data.token must be a string, not a number.", "c", ""},
		{"subscribe with data that is no object", `{"event":"hotsock.subscribe","channel":"c","data":"eyJ"}`, invalid, "data must be an object, not a string.", "c", ""},
		{"subscribe with a token that is no string", `{"event":"hotsock.subscribe","channel":"c","data":{"token":7}}`, invalid, "data.token must be a string, not a number.", "c", ""},
		{"a condition of another kind", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","ifVersion":"1"}`, invalid, "ifVersion must be a number, not a string.", "c", ""},
		{"a version that is none", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","ifVersion":-1}`, invalid, "ifVersion must be a whole number from 0 on.", "c", ""},
		{"two conditions", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","ifVersion":1,"ifAbsent":true}`, invalid, "ifAbsent and ifVersion cannot be together.", "c", ""},
		{"an increment and data", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","increment":1,"data":null}`, invalid, "increment and data cannot be together.", "c", ""},
		{"a condition without a key", `{"event":"hotsock.channelStorageSet","channel":"c","ifVersion":1}`, invalid, "key is required: it must be a string.", "c", ""},
		{"entries and a key", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","entries":[]}`, invalid, "key must be in entries, where entries are.", "c", ""},
		{"entries that are no list", `{"event":"hotsock.channelStorageSet","channel":"c","entries":{}}`, invalid, "entries must be an array, not an object.", "c", ""},
		{"an entry that is no object", `{"event":"hotsock.channelStorageSet","channel":"c","entries":[{"key":"a"},7]}`, invalid, "entries[1] must be an object, not a number.", "c", ""},
		{"an entry with a doubled member", `{"event":"hotsock.channelStorageSet","channel":"c","entries":[{"key":"a","key":"b"}]}`, invalid, "entries[0] cannot be read: a member stands twice at byte 17.", "c", ""},
		{"an entry with a fault", `{"event":"hotsock.channelStorageSet","channel":"c","entries":[{"key":"a","increment":"1"}]}`, invalid, "entries[0].increment must be a number, not a string.", "c", ""},
		{"get with a version that is none", `{"event":"hotsock.channelStorageGet","channel":"c","key":"k","version":1}`, invalid, "version must be a boolean, not a number.", "c", ""},
		{"subscribe with members of wrong kinds", `{"event":"hotsock.subscribe","channel":"c","data":{"resume":1,"after":"x"}}`, invalid, "data.resume must be a boolean, not a number; data.after must be an object, not a string.", "c", ""},
		{"subscribe after half a position", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"x"}}}`, invalid, "data.after needs epoch and seq, as hotsock.subscribed told them.", "c", ""},
		{"subscribe after a position of wrong kinds", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":1,"seq":"2"}}}`, invalid, "data.after.epoch must be a string, not a number; data.after.seq must be a number, not a string.", "c", ""},
		{"subscribe after a fraction", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"x","seq":1.0}}}`, invalid, "data.after.seq must be a whole number from 0 to 9007199254740991.", "c", ""},
		{"subscribe after less than nothing", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"x","seq":-1}}}`, invalid, "data.after.seq must be a whole number from 0 to 9007199254740991.", "c", ""},
		{"subscribe with a doubled position", `{"event":"hotsock.subscribe","channel":"c","data":{"after":{"epoch":"x","seq":1,"seq":2}}}`, invalid, "data.after cannot be read: a member stands twice at byte 27.", "c", ""},
		{"subscribe with a doubled token", `{"event":"hotsock.subscribe","channel":"c","data":{"token":"a","token":"b"}}`, invalid, "data cannot be read: a member stands twice at byte 21.", "c", ""},
		{"a subscribe token over the limit", `{"event":"hotsock.subscribe","channel":"c","data":{"token":"` + strings.Repeat("x", testMaxData) + `"}}`, channel.ErrDataTooLarge, "The data is 1036 bytes; at most 1024 are allowed.", "c", ""},
		{"data one byte over the limit", `{"event":"e","channel":"c","data":"` + strings.Repeat("x", testMaxData-1) + `","ref":"r"}`, channel.ErrDataTooLarge, "The data is 1025 bytes; at most 1024 are allowed.", "c", "r"},
		{"compact data over the limit", `{"event":"e","channel":"c","data":[ "` + strings.Repeat("x", testMaxData) + `"]}`, channel.ErrDataTooLarge, "The data is 1028 bytes; at most 1024 are allowed.", "c", ""},
		{"a set over the limit", `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":"` + strings.Repeat("x", testMaxData) + `"}`, channel.ErrDataTooLarge, "The data is 1026 bytes; at most 1024 are allowed.", "c", ""},
		{"a bad event is told before too much data", `{"event":"a*","channel":"b*","data":"` + strings.Repeat("x", testMaxData) + `"}`, channel.ErrInvalidEvent, "An event name must not contain '*'.", "b*", ""},
		{"a bad channel is told before too much data", `{"event":"a","channel":"b*","data":"` + strings.Repeat("x", testMaxData) + `"}`, channel.ErrInvalidChannel, "A channel name must not contain '*'.", "b*", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd, refused := decode([]byte(tt.frame), testMaxData)
			if cmd != nil || refused == nil {
				t.Fatalf("decoded: %+v", cmd)
			}
			want := refusal{&channel.Error{Code: tt.err.Code, Message: tt.message}, tt.channel, tt.ref}
			if !reflect.DeepEqual(*refused, want) {
				t.Errorf("\n got %v, channel %q, ref %q\nwant %v, channel %q, ref %q", refused.err, refused.channel, refused.ref, want.err, want.channel, want.ref)
			}
		})
	}
}

// members returns n members with names of their own.
func members(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"%d":0`, i))
	}
	return strings.Join(all, ",")
}

// TestDecodeHostile holds what a bad frame may cost to a small multiple of its size.
func TestDecodeHostile(t *testing.T) {
	for _, frame := range []string{
		strings.Repeat("[", 1<<20),
		`{"data":` + strings.Repeat("[", 1<<20),
		`{"data":[` + strings.Repeat("[],", 1<<20/3) + `0]}`,
		`{"data":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `}`,
		`{"event":"` + strings.Repeat(`\u0061`, 1<<17) + `","channel":"c"}`,
		`{"` + strings.Repeat("x", 1<<20) + `":1,"event":5}`,
		`{"channel":"` + strings.Repeat("x", 1<<20) + `","event":5}`,
	} {
		if got := allocated(func() { decode([]byte(frame), 256<<10) }); got > 4*uint64(len(frame)) {
			t.Errorf("%.20s… of %d bytes cost %d", frame, len(frame), got)
		}
	}
}

// TestDecodeKeepsData writes values of every shape with white space wherever it may stand.
func TestDecodeKeepsData(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var spaced, want []byte
		spaced = randomValue(rnd, spaced, 0)
		var b bytes.Buffer
		if err := json.Compact(&b, spaced); err != nil {
			t.Fatalf("%q: %v", spaced, err)
		}
		if want = b.Bytes(); string(want) == "null" {
			want = nil
		}
		frame := fmt.Sprintf(` {"channel" :"c", "data":%s,"event":"e"} `, spaced)
		cmd, refused := decode([]byte(frame), 1<<20)
		if refused != nil {
			t.Fatalf("%s: %v", frame, refused.err)
		}
		if got := cmd.(*actors.Publish).Data; !bytes.Equal(got, want) {
			t.Fatalf("%s\n got %s\nwant %s", frame, got, want)
		}
	}
}

// randomValue appends a JSON value with white space around it and in it.
func randomValue(rnd *rand.Rand, dst []byte, depth int) []byte {
	pick := func(from ...string) { dst = append(dst, from[rnd.IntN(len(from))]...) }
	space := func() { pick("", "", "", " ", "\n", "\t \r\n", strings.Repeat(" ", 9)) }
	str := func() {
		dst = append(dst, '"')
		for range rnd.IntN(12) {
			pick("a", " ", "  b", `\"`, `\\`, `\u00e9`, `\ud83d\udc4d`, "é", "日本", "👍", "{", "]", ",", ":", `\/`, "0123456789", "\u2028")
		}
		dst = append(dst, '"')
	}
	members := func(open, end byte, member func()) {
		dst = append(dst, open)
		for i := range rnd.IntN(4) {
			if i > 0 {
				dst = append(dst, ',')
			}
			member()
		}
		if dst[len(dst)-1] == open {
			space()
		}
		dst = append(dst, end)
	}
	space()
	kinds := 6
	if depth > 5 {
		kinds = 4
	}
	switch rnd.IntN(kinds) {
	case 0:
		pick("true", "false", "null")
	case 1:
		pick("0", "-0", "1.50", "-1e9", "1E+400", "9007199254740993", "0.1e-7")
	case 2, 3:
		str()
	case 4:
		members('[', ']', func() { dst = randomValue(rnd, dst, depth+1) })
	case 5:
		members('{', '}', func() {
			space()
			str()
			space()
			dst = append(dst, ':')
			dst = randomValue(rnd, dst, depth+1)
		})
	}
	space()
	return dst
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"event":"chat","channel":"c","data":{"n":1}}`, `{ "event" : "e" , "data" : [ 1 , { "a b" : "\" \u00e9 \\" } ] , "channel" : "c" }`,
		`{"event":"hotsock.subscribe","channel":"c","data":{"token":"t"}}`, `{"event":"hotsock.channelStorageSet","channel":"c","key":"k","data":null,"ref":"r"}`,
		`{"\u0065vent":"\ud83d\udc4d","channel":"\ud83d"}`, `{"event":"e","event":"e"}`, `{"data":[[[[[{"a":[]}]]]]],"event":"e","channel":"c"}`,
		`{"data":-1.5e+10,"event":"e","channel":"c"}`, "{\"data\":\"\xff\"}", `{"a":1,"b":[true,false,null],"event":"e","channel":"c","data": {} }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		const maxData = 1 << 16
		before := append([]byte(nil), frame...)
		var refused *refusal
		decodes := func() { _, refused = decode(frame, maxData) }
		if limit := 32*uint64(len(frame)) + 16<<10; roughlyAllocated(decodes) > limit && allocated(decodes) > limit {
			t.Errorf("%d bytes cost more than %d", len(frame), limit)
		}
		if !bytes.Equal(frame, before) {
			t.Fatal("the frame was written to")
		}
		if refused != nil && (refused.err.Code == "" || refused.err.Message == "") {
			t.Errorf("empty refusal %+v", refused)
		}

		// What this scanner accepts, two others do, and they find the same data.
		var values [frameMembers]value
		if scanObject(frame, frameNames, values[:]) != nil {
			if refused == nil {
				t.Fatal("an unreadable frame was not refused")
			}
			if oracleAccepts(frame) && len(frame) < maxElements && bytes.Count(frame, []byte{'{'})+bytes.Count(frame, []byte{'['}) <= maxDepth && bytes.Count(frame, []byte{','}) < maxMembers {
				t.Fatalf("%q is refused for no reason: %v", frame, refused.err)
			}
			return
		}
		if !oracleAccepts(frame) {
			t.Fatalf("%q is no strict JSON", frame)
		}
		var oracle map[string]json.RawMessage
		if err := json.Unmarshal(frame, &oracle); err != nil {
			t.Fatalf("%q is no JSON: %v", frame, err)
		}
		var want []byte
		if raw := oracle["data"]; raw != nil && string(raw) != "null" {
			var b bytes.Buffer
			if err := json.Compact(&b, raw); err != nil {
				t.Fatal(err)
			}
			want = b.Bytes()
		}
		if got := values[memberData].compact(); !bytes.Equal(got, want) || (got == nil) != (want == nil) {
			t.Fatalf("data of %q is %q, want %q", frame, got, want)
		}
		for i, name := range frameNames {
			if values[i].kind != text {
				continue
			}
			var want string
			if err := json.Unmarshal(oracle[name], &want); err != nil || values[i].text() != want {
				t.Fatalf("%s of %q is %q, want %q, %v", name, frame, values[i].text(), want, err)
			}
		}
	})
}

// oracleAccepts reads frame with a JSON decoder of others that is as strict: one object, whose own names
// are not doubled, of valid UTF-8.
func oracleAccepts(frame []byte) bool {
	whole := jsontext.Value(frame)
	if whole.Kind() != '{' || !whole.IsValid(jsontext.AllowDuplicateNames(true)) {
		return false
	}
	d := jsontext.NewDecoder(bytes.NewReader(frame), jsontext.AllowDuplicateNames(true))
	seen := map[string]bool{}
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil || seen[name.String()] {
			return false
		}
		seen[name.String()] = true
		if _, err := d.ReadValue(); err != nil {
			return false
		}
	}
	return true
}

func BenchmarkDecode(b *testing.B) {
	for _, bm := range []struct{ name, frame string }{
		{"publish", `{"event":"chat","channel":"game.lobby.42","data":{"text":"` + strings.Repeat("x", 180) + `"}}`},
		{"publish with white space", `{"event": "chat", "channel": "game.lobby.42", "data": {"text": "` + strings.Repeat("x ", 90) + `"}}`},
		{"set", `{"event":"hotsock.channelStorageSet","channel":"game.lobby","key":"settings","data":{"maxPlayers":4}}`},
		{"subscribe", `{"event":"hotsock.subscribe","channel":"game.lobby"}`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			frame := []byte(bm.frame)
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if _, refused := decode(frame, 1<<18); refused != nil {
					b.Fatal(refused.err)
				}
			}
		})
	}
}
