package pusher

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"dormouse/actors/channel"
)

// frames are the protocol's own examples, byte for byte.
var frames = []struct {
	name string
	m    channel.Message
	want string
}{
	{"connected", channel.Message{Kind: channel.KindConnected, Conn: &channel.ConnectionInfo{ID: "7700718564.9959326996"}},
		`{"event":"pusher:connection_established","data":"{\"socket_id\":\"7700718564.9959326996\",\"activity_timeout\":30}"}`},
	{"a published event", channel.Message{Kind: channel.KindPublished, Event: "e", Channel: "room", Data: []byte(`"{\"n\":1}"`)},
		`{"event":"e","channel":"room","data":"{\"n\":1}"}`},
	{"data as it was sent", channel.Message{Kind: channel.KindPublished, Event: "e", Channel: "room", Data: []byte("{ \"z\":12345678901234567890,\n\"a\":\"\\u00e9\\/\"}")},
		"{\"event\":\"e\",\"channel\":\"room\",\"data\":{ \"z\":12345678901234567890,\n\"a\":\"\\u00e9\\/\"}}"},
	{"an event of nobody has no user", channel.Message{Kind: channel.KindPublished, Event: "e", Channel: "presence-r", Data: []byte(`1`)},
		`{"event":"e","channel":"presence-r","data":1}`},
	{"a client event", channel.Message{Kind: channel.KindPublished, Event: "client-hi", Channel: "presence-r", Data: []byte(`{"t":1}`), Meta: &channel.Meta{UID: "u2"}},
		`{"event":"client-hi","channel":"presence-r","data":{"t":1},"user_id":"u2"}`},
	{"a client event where nobody knows each other", channel.Message{Kind: channel.KindPublished, Event: "client-hi", Channel: "private-r", Data: []byte(`{"t":1}`), Meta: &channel.Meta{UID: "u2"}},
		`{"event":"client-hi","channel":"private-r","data":{"t":1}}`},
	{"a client event without data", channel.Message{Kind: channel.KindPublished, Event: "client-hi", Channel: "private-r", Meta: &channel.Meta{}},
		`{"event":"client-hi","channel":"private-r","data":null}`},
	{"an event to a user", channel.Message{Kind: channel.KindPublished, Event: "e", Channel: "#server-to-user-9", Data: []byte(`{}`)},
		`{"event":"e","channel":"#server-to-user-9","data":{}}`},
	{"names are escaped", channel.Message{Kind: channel.KindPublished, Event: "a\"\\\n🐭", Channel: "room", Data: []byte(`1`)},
		`{"event":"a\"\\\n🐭","channel":"room","data":1}`},

	{"subscribed", channel.Message{Kind: channel.KindSubscribed, Channel: "room"},
		`{"event":"pusher_internal:subscription_succeeded","channel":"room","data":"{}"}`},
	{"subscribed to a presence channel", channel.Message{Kind: channel.KindSubscribed, Channel: "presence-r", Members: []channel.Member{
		{UID: "u1", UMD: []byte(`{"name":"One"}`)}, {UID: "u2", UMD: []byte(`{"name":"Two"}`)}}},
		`{"event":"pusher_internal:subscription_succeeded","channel":"presence-r","data":"{\"presence\":{\"ids\":[\"u1\",\"u2\"],\"hash\":{\"u1\":{\"name\":\"One\"},\"u2\":{\"name\":\"Two\"}},\"count\":2}}"}`},
	{"a member without info", channel.Message{Kind: channel.KindSubscribed, Channel: "presence-r", Members: []channel.Member{{UID: "7"}}},
		`{"event":"pusher_internal:subscription_succeeded","channel":"presence-r","data":"{\"presence\":{\"ids\":[\"7\"],\"hash\":{\"7\":{}},\"count\":1}}"}`},
	{"nobody yet", channel.Message{Kind: channel.KindSubscribed, Channel: "presence-r", Members: []channel.Member{}},
		`{"event":"pusher_internal:subscription_succeeded","channel":"presence-r","data":"{\"presence\":{\"ids\":[],\"hash\":{},\"count\":0}}"}`},
	{"a member comes", channel.Message{Kind: channel.KindMemberAdded, Channel: "presence-r", Member: channel.Member{UID: "u2", UMD: []byte(`{"name":"Two"}`)}},
		`{"event":"pusher_internal:member_added","channel":"presence-r","data":"{\"user_id\":\"u2\",\"user_info\":{\"name\":\"Two\"}}"}`},
	{"a member goes", channel.Message{Kind: channel.KindMemberRemoved, Channel: "presence-r", Member: channel.Member{UID: "u2", UMD: []byte(`{"name":"Two"}`)}},
		`{"event":"pusher_internal:member_removed","channel":"presence-r","data":"{\"user_id\":\"u2\"}"}`},
	{"a member's info has escapes and white space", channel.Message{Kind: channel.KindMemberAdded, Channel: "presence-r",
		Member: channel.Member{UID: `a"b\`, UMD: []byte("{\r\n\t\"n\" : \"\\\"\\n\\u0001\"}")}},
		`{"event":"pusher_internal:member_added","channel":"presence-r","data":"{\"user_id\":\"a\\\"b\\\\\",\"user_info\":{\r\n\t\"n\" : \"\\\"\\n\\u0001\"}}"}`},

	{"a cache miss", channel.Message{Kind: channel.KindCacheMiss, Channel: "cache-x"}, `{"event":"pusher:cache_miss","channel":"cache-x","data":"{}"}`},
	{"a count", channel.Message{Kind: channel.KindSubscriptionCount, Channel: "room", Count: 12},
		`{"event":"pusher_internal:subscription_count","channel":"room","data":"{\"subscription_count\":12}"}`},
	{"signed in", channel.Message{Kind: channel.KindSignedIn, Data: []byte(`{"id":"1"}`)},
		`{"event":"pusher:signin_success","data":"{\"user_data\":\"{\\\"id\\\":\\\"1\\\"}\"}"}`},
	{"users come and go", channel.Message{Kind: channel.KindWatchlist, Watched: &channel.Watched{Online: []string{"7"}, Offline: []string{"9"}}},
		`{"event":"pusher_internal:watchlist_events","data":"{\"events\":[{\"name\":\"online\",\"user_ids\":[\"7\"]},{\"name\":\"offline\",\"user_ids\":[\"9\"]}]}"}`},
	{"users come", channel.Message{Kind: channel.KindWatchlist, Watched: &channel.Watched{Online: []string{"7", "8"}}},
		`{"event":"pusher_internal:watchlist_events","data":"{\"events\":[{\"name\":\"online\",\"user_ids\":[\"7\",\"8\"]}]}"}`},
	{"users go", channel.Message{Kind: channel.KindWatchlist, Watched: &channel.Watched{Offline: []string{"9"}}},
		`{"event":"pusher_internal:watchlist_events","data":"{\"events\":[{\"name\":\"offline\",\"user_ids\":[\"9\"]}]}"}`},
	{"nobody does", channel.Message{Kind: channel.KindWatchlist, Watched: new(channel.Watched)}, ``},

	{"pong", channel.Message{Kind: channel.KindPong}, `{"event":"pusher:pong","data":"{}"}`},
	{"the server's own ping", channel.Message{Kind: channel.KindKeepAlive}, `{"event":"pusher:ping","data":"{}"}`},

	{"a refusal of the protocol", channel.Message{Kind: channel.KindError, Err: refuseClientName.error("200"), Channel: "private-a"},
		`{"event":"pusher:error","channel":"private-a","data":{"code":4301,"message":"Event name is too long. Maximum allowed size is 200."}}`},
	{"a refusal without a code", channel.Message{Kind: channel.KindError, Err: refuseEvent.error()},
		`{"event":"pusher:error","data":{"code":null,"message":"Unsupported event received"}}`},
	{"a refused subscription", channel.Message{Kind: channel.KindError, Err: refuseAuth.error(), Channel: "private-a", Ref: refOfSubscribe},
		`{"event":"pusher:subscription_error","channel":"private-a","data":{"type":"AuthError","error":"The connection is unauthorized.","status":401}}`},
	{"the engine is full of members", channel.Message{Kind: channel.KindError, Err: channel.ErrPresenceCapacityReached, Channel: "presence-a"},
		`{"event":"pusher:subscription_error","channel":"presence-a","data":{"type":"LimitReached","error":"The maximum members per presence channel limit was reached","status":4100}}`},
	{"the engine knows of no subscription", channel.Message{Kind: channel.KindError, Err: channel.ErrNotSubscribed, Channel: "private-a"},
		`{"event":"pusher:error","channel":"private-a","data":{"code":4009,"message":"The client is not a member of the specified channel."}}`},
	{"the engine fails", channel.Message{Kind: channel.KindError, Err: channel.ErrInternal, Channel: "private-a"},
		`{"event":"pusher:error","channel":"private-a","data":{"code":4302,"message":"` + faultText + `"}}`},
	{"the engine fails at a subscribe", channel.Message{Kind: channel.KindError, Err: channel.ErrInternal, Channel: "private-a", Ref: refOfSubscribe},
		`{"event":"pusher:subscription_error","channel":"private-a","data":{"type":"ServerError","error":"` + faultText + `","status":4302}}`},
	{"a close", channel.Message{Kind: channel.KindError, Err: refuseUnknownKey.error(`a"b`)},
		`{"event":"pusher:error","data":{"code":4001,"message":"App key a\"b does not exist."}}`},
	{"a close without a word", channel.Message{Kind: channel.KindError, Err: refuseSlow.error()}, ``},

	{"unsubscribed", channel.Message{Kind: channel.KindUnsubscribed, Channel: "room"}, ``},
	{"another info", channel.Message{Kind: channel.KindMemberUpdated, Channel: "presence-r", Member: channel.Member{UID: "u"}}, ``},
	{"an acknowledgement", channel.Message{Kind: channel.KindAck}, ``},
	{"an entry", channel.Message{Kind: channel.KindStorageUpdated, Channel: "room", Key: "k", Data: []byte(`{"a":"b"}`)}, `{"event":"pusher:storage_updated","channel":"room","data":"{\"key\":\"k\",\"data\":{\"a\":\"b\"}}"}`},
	{"an entry that is gone", channel.Message{Kind: channel.KindStorageUpdated, Channel: "room", Key: "k\""}, `{"event":"pusher:storage_updated","channel":"room","data":"{\"key\":\"k\\\"\",\"data\":null}"}`},
}

var testCodec = Codec{ActivityTimeout: 30}

func TestCodec(t *testing.T) {
	for _, tt := range frames {
		t.Run(tt.name, func(t *testing.T) {
			holds(t, testCodec.Append(nil, &tt.m), tt.want)
			const before = "before"
			if got := testCodec.Append([]byte(before), &tt.m); string(got) != before+tt.want {
				t.Errorf("behind something else: %s", got)
			}
		})
	}
}

// holds compares a frame, and checks that it is JSON, and so is its data if that is a string of the protocol's own.
func holds(t *testing.T, got []byte, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(got) == 0 {
		return
	}
	var f struct {
		Event string
		Data  any
	}
	if err := json.Unmarshal(got, &f); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if text, ok := f.Data.(string); ok && strings.HasPrefix(f.Event, "pusher") && !json.Valid([]byte(text)) {
		t.Errorf("data %s", text)
	}
}

func FuzzCloseText(f *testing.F) {
	f.Add(`{"a":"\"\\\n"}`)
	f.Add("[1,\n\t2]")
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) {
			return
		}
		b, from := openText([]byte("x"))
		b = closeText(append(b, text...), from)
		var got string
		if err := json.Unmarshal(b[1:], &got); err != nil || got != text {
			t.Errorf("%q became %s, which is %q, %v", text, b[1:], got, err)
		}
	})
}
