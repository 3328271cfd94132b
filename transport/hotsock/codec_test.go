package hotsock

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
)

var testID = ulid.MustParse("01JZ8Y4K3V9QWERTYCDEFGHJKM")

// frames are the docs' examples of every kind, byte for byte.
var frames = []struct {
	name string
	m    channel.Message
	want string
}{
	{"a server's message has no meta",
		channel.Message{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c", Data: []byte(`{"n":1152921504606846977}`)},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":{"n":1152921504606846977}}`},
	{"a server's message without data has data null",
		channel.Message{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c"},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":null}`},
	{"a client's message has meta with both keys",
		channel.Message{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c", Data: []byte(`"x"`), Meta: &channel.Meta{UID: "u"}},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":"x","meta":{"uid":"u","umd":null}}`},
	{"a reaction",
		channel.Message{Kind: channel.KindReactionAdded, ID: testID, Channel: "c", Data: []byte(`{"messageId":"01JZ8Y4K3V9QWERTYCDEFGHJKM","reaction":"👍","action":"add"}`), Meta: &channel.Meta{UID: "u"}},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"hotsock.messageReactionAdded","channel":"c","data":{"messageId":"01JZ8Y4K3V9QWERTYCDEFGHJKM","reaction":"👍","action":"add"},"meta":{"uid":"u","umd":null}}`},
	{"a reaction is taken back",
		channel.Message{Kind: channel.KindReactionRemoved, ID: testID, Channel: "c", Data: []byte(`{"messageId":"01JZ8Y4K3V9QWERTYCDEFGHJKM","reaction":"👍","action":"remove"}`), Meta: &channel.Meta{UID: "u"}},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"hotsock.messageReactionRemoved","channel":"c","data":{"messageId":"01JZ8Y4K3V9QWERTYCDEFGHJKM","reaction":"👍","action":"remove"},"meta":{"uid":"u","umd":null}}`},
	{"an update of an entry",
		channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k", Data: []byte(`{"a":1}`), Meta: &channel.Meta{UID: "w"}},
		`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":{"a":1},"meta":{"uid":"w","umd":null}}`},
	{"a cleared entry has data null and the meta of who cleared it",
		channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k", Meta: &channel.Meta{UID: "w"}},
		`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":null,"meta":{"uid":"w","umd":null}}`},
	{"an expired entry has neither data nor meta",
		channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k"},
		`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":null,"meta":null}`},
	{"an entry that was asked for",
		channel.Message{Kind: channel.KindStorageData, Channel: "c", Key: "k", Data: []byte(`1`), Meta: &channel.Meta{UID: "w"}},
		`{"event":"hotsock.channelStorageData","channel":"c","key":"k","data":1,"meta":{"uid":"w","umd":null}}`},
	{"an unset key",
		channel.Message{Kind: channel.KindStorageData, Channel: "c", Key: "k"},
		`{"event":"hotsock.channelStorageData","channel":"c","key":"k","data":null,"meta":null}`},
	{"subscribed",
		channel.Message{Kind: channel.KindSubscribed, Channel: "c", Meta: &channel.Meta{}},
		`{"event":"hotsock.subscribed","channel":"c","data":{},"meta":{"uid":null,"umd":null}}`},
	{"subscribed without being asked",
		channel.Message{Kind: channel.KindSubscribed, Channel: "c", Auto: true, Meta: &channel.Meta{}},
		`{"event":"hotsock.subscribed","channel":"c","data":{"autoSubscribed":true},"meta":{"uid":null,"umd":null}}`},
	{"subscribed by an alias, which stands first in meta",
		channel.Message{Kind: channel.KindSubscribed, Channel: "u.1", Alias: "me", Meta: &channel.Meta{UID: "u", UMD: []byte(`{"n":1}`)}},
		`{"event":"hotsock.subscribed","channel":"u.1","data":{},"meta":{"channelAlias":"me","uid":"u","umd":{"n":1}}}`},
	{"subscribed to a presence channel",
		channel.Message{Kind: channel.KindSubscribed, Channel: "presence.r", Meta: &channel.Meta{UID: "u"}, Members: []channel.Member{{UID: "u"}}},
		`{"event":"hotsock.subscribed","channel":"presence.r","data":{"members":[{"uid":"u","umd":null}]},"meta":{"uid":"u","umd":null}}`},
	{"subscribed to a presence channel without being asked",
		channel.Message{Kind: channel.KindSubscribed, Channel: "presence.r", Auto: true, Meta: &channel.Meta{UID: "u"}, Members: []channel.Member{{UID: "a", UMD: []byte(`1`)}, {UID: "u"}}},
		`{"event":"hotsock.subscribed","channel":"presence.r","data":{"autoSubscribed":true,"members":[{"uid":"a","umd":1},{"uid":"u","umd":null}]},"meta":{"uid":"u","umd":null}}`},
	{"unsubscribed",
		channel.Message{Kind: channel.KindUnsubscribed, Channel: "c", Meta: &channel.Meta{}},
		`{"event":"hotsock.unsubscribed","channel":"c","data":{},"meta":{"uid":null,"umd":null}}`},
	{"unsubscribed from a channel with an alias",
		channel.Message{Kind: channel.KindUnsubscribed, Channel: "u.1", Alias: "me"},
		`{"event":"hotsock.unsubscribed","channel":"u.1","data":{},"meta":{"channelAlias":"me","uid":null,"umd":null}}`},
	{"a member came",
		channel.Message{Kind: channel.KindMemberAdded, Channel: "presence.x", Member: channel.Member{UID: "b"}, Members: []channel.Member{{UID: "a"}, {UID: "b"}}},
		`{"event":"hotsock.memberAdded","channel":"presence.x","data":{"member":{"uid":"b","umd":null},"members":[{"uid":"a","umd":null},{"uid":"b","umd":null}]}}`},
	{"a member changed",
		channel.Message{Kind: channel.KindMemberUpdated, Channel: "presence.x", Member: channel.Member{UID: "b", UMD: []byte(`{}`)}, Members: []channel.Member{{UID: "b", UMD: []byte(`{}`)}}},
		`{"event":"hotsock.memberUpdated","channel":"presence.x","data":{"member":{"uid":"b","umd":{}},"members":[{"uid":"b","umd":{}}]}}`},
	{"the last member left",
		channel.Message{Kind: channel.KindMemberRemoved, Channel: "presence.x", Member: channel.Member{UID: "b"}, Members: []channel.Member{}},
		`{"event":"hotsock.memberRemoved","channel":"presence.x","data":{"member":{"uid":"b","umd":null},"members":[]}}`},
	{"an error",
		channel.Message{Kind: channel.KindError, Channel: "c", Err: channel.ErrNotSubscribed},
		`{"event":"hotsock.error","channel":"c","error":{"code":"NOT_SUBSCRIBED","message":"Not subscribed to this channel."}}`},
	{"an error without a channel",
		channel.Message{Kind: channel.KindError, Err: channel.ErrInternal},
		`{"event":"hotsock.error","error":{"code":"INTERNAL_ERROR","message":"Something went wrong. Try again."}}`},
	{"an error with a ref",
		channel.Message{Kind: channel.KindError, Channel: "c", Ref: "r1", Err: channel.ErrNotSubscribed},
		`{"event":"hotsock.error","channel":"c","error":{"code":"NOT_SUBSCRIBED","message":"Not subscribed to this channel."},"ref":"r1"}`},
	{"an acknowledgement of what changed nothing",
		channel.Message{Kind: channel.KindAck, Ref: "r1"},
		`{"event":"hotsock.ack","ref":"r1","data":{}}`},
	{"an acknowledgement of a message",
		channel.Message{Kind: channel.KindAck, Ref: "r1", ID: testID},
		`{"event":"hotsock.ack","ref":"r1","data":{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}}`},
	{"an acknowledgement of an entry",
		channel.Message{Kind: channel.KindAck, Ref: "r1", Seq: 7},
		`{"event":"hotsock.ack","ref":"r1","data":{"seq":7}}`},
	{"an acknowledgement of a stored message",
		channel.Message{Kind: channel.KindAck, Ref: "r1", ID: testID, Seq: 18446744073709551615},
		`{"event":"hotsock.ack","ref":"r1","data":{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","seq":18446744073709551615}}`},
	{"connected",
		channel.Message{Kind: channel.KindConnected, Meta: &channel.Meta{}, Conn: &channel.ConnectionInfo{
			ID: "AbC_d-EfGhIJKLM=", Secret: "k3Qm9TzX1cVbN7RsY2Lp",
			ExpiresAt: time.Date(2026, 8, 1, 16, 0, 0, 999e6, time.FixedZone("CEST", 7200))}},
		`{"event":"hotsock.connected","data":{"connectionId":"AbC_d-EfGhIJKLM=","connectionExpiresAt":"2026-08-01T14:00:00Z","connectionSecret":"k3Qm9TzX1cVbN7RsY2Lp"},"meta":{"uid":null,"umd":null}}`},
	{"connected without end",
		channel.Message{Kind: channel.KindConnected, Conn: &channel.ConnectionInfo{ID: "i", Secret: "s"}},
		`{"event":"hotsock.connected","data":{"connectionId":"i","connectionExpiresAt":null,"connectionSecret":"s"},"meta":{"uid":null,"umd":null}}`},
	{"pong", channel.Message{Kind: channel.KindPong}, `{"event":"hotsock.pong","data":"{}"}`},
	{"keepAlive", channel.Message{Kind: channel.KindKeepAlive}, `{"event":"hotsock.keepAlive","data":{}}`},
	{"a kind that this protocol does not have", channel.Message{Kind: 200}, ``},
	{"names that need escapes",
		channel.Message{Kind: channel.KindPublished, ID: testID, Event: "say \"hi\"\\\n\x01 to everyone", Channel: "größe-日本-👍", Data: []byte(`"é"`)},
		`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"say \"hi\"\\\n\u0001 to everyone","channel":"größe-日本-👍","data":"é"}`},
}

func TestCodec(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			if got := string(Codec{}.Append(nil, &f.m)); got != f.want {
				t.Errorf("\n got %s\nwant %s", got, f.want)
			}
			if got := string(Codec{}.Append([]byte("before "), &f.m)); got != "before "+f.want {
				t.Errorf("appended:\n got %s", got)
			}
			if f.want != "" && !json.Valid([]byte(f.want)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestCodecAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	for _, f := range frames {
		if n := testing.AllocsPerRun(100, func() { dst = Codec{}.Append(dst[:0], &f.m) }); n != 0 {
			t.Errorf("%s: %v allocations into a buffer with room", f.name, n)
		}
		if n := testing.AllocsPerRun(100, func() { Codec{}.Append(nil, &f.m) }); n > 1 {
			t.Errorf("%s: %v allocations without a buffer", f.name, n)
		}
	}
}

func TestAppendStringIsWhatJSONReads(t *testing.T) {
	check := func(s string) {
		t.Helper()
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q was written as %s and read as %q, %v", s, appendString(nil, s), back, err)
		}
	}
	for c := range 256 { // every character at every place of a word
		for i := range 17 {
			check(strings.Repeat("x", i) + string(rune(c)) + strings.Repeat("y", 17-i))
		}
	}
	check(strings.Repeat("\x1f\x20\x21\x22\x23\x5b\x5c\x5d\x7f", 30))
}

func BenchmarkCodec(b *testing.B) {
	dst := make([]byte, 0, 4096)
	m := &channel.Message{Kind: channel.KindPublished, ID: testID, Event: "chat", Channel: "game.lobby.42",
		Data: []byte(`{"text":"` + strings.Repeat("x", 180) + `"}`), Meta: &channel.Meta{UID: "user-1234", UMD: []byte(`{"name":"Ann"}`)}}
	for _, bm := range []struct {
		name string
		m    *channel.Message
	}{
		{"message", m},
		{"storage", &channel.Message{Kind: channel.KindStorageUpdated, Channel: m.Channel, Key: "settings", Data: m.Data, Meta: m.Meta}},
		{"error", &channel.Message{Kind: channel.KindError, Channel: m.Channel, Err: channel.ErrNotSubscribed}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = Codec{}.Append(dst[:0], bm.m)
			}
		})
	}
}
