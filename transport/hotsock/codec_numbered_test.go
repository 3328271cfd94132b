package hotsock

import (
	"encoding/json"
	"testing"

	"dormouse/actors/channel"
)

// TestNumberedFrames: those who asked read numbers and versions behind what everybody reads.
func TestNumberedFrames(t *testing.T) {
	meta := &channel.Meta{UID: "u"}
	for _, c := range []struct {
		name string
		m    channel.Message
		want string
	}{
		{"a message", channel.Message{Kind: channel.KindPublished, ID: testID, Event: "e", Channel: "c", Data: []byte(`1`), Number: 17},
			`{"id":"01JZ8Y4K3V9QWERTYCDEFGHJKM","event":"e","channel":"c","data":1,"seq":17}`},
		{"an update", channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k", Data: []byte(`1`), Meta: meta, Number: 18, Seq: 9},
			`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1,"meta":{"uid":"u","umd":null},"seq":18,"version":9}`},
		{"a cleared entry has no version", channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k", Meta: meta, Number: 19, Seq: 10},
			`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":null,"meta":{"uid":"u","umd":null},"seq":19}`},
		{"an entry of the snapshot has no number", channel.Message{Kind: channel.KindStorageUpdated, Channel: "c", Key: "k", Data: []byte(`1`), Meta: meta, Seq: 9},
			`{"event":"hotsock.channelStorageUpdated","channel":"c","key":"k","data":1,"meta":{"uid":"u","umd":null},"version":9}`},
		{"members are told whole, and have none", channel.Message{Kind: channel.KindMemberAdded, Channel: "presence.c", Member: channel.Member{UID: "u"}, Members: []channel.Member{}},
			`{"event":"hotsock.memberAdded","channel":"presence.c","data":{"member":{"uid":"u","umd":null},"members":[]}}`},
		{"the first time", channel.Message{Kind: channel.KindSubscribed, Channel: "c", Resume: &channel.Resumption{Position: channel.Position{Epoch: "E", Seq: 4}, Snapshot: 2}},
			`{"event":"hotsock.subscribed","channel":"c","data":{"epoch":"E","seq":4,"snapshot":2},"meta":{"uid":null,"umd":null}}`},
		{"recovered", channel.Message{Kind: channel.KindSubscribed, Channel: "presence.c", Members: []channel.Member{}, Resume: &channel.Resumption{Position: channel.Position{Epoch: "E", Seq: 4}, Returned: true, Recovered: true, Missed: 3}},
			`{"event":"hotsock.subscribed","channel":"presence.c","data":{"members":[],"epoch":"E","seq":4,"recovered":true,"missed":3},"meta":{"uid":null,"umd":null}}`},
		{"not recovered", channel.Message{Kind: channel.KindSubscribed, Channel: "c", Resume: &channel.Resumption{Position: channel.Position{Epoch: "F"}, Returned: true}},
			`{"event":"hotsock.subscribed","channel":"c","data":{"epoch":"F","seq":0,"recovered":false,"snapshot":0},"meta":{"uid":null,"umd":null}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := Codec{}.Append(nil, &c.m)
			before := string(plain)
			got := Codec{}.AppendNumbered(plain, &c.m)
			if string(got) != c.want || !json.Valid(got) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if string(plain) != before {
				t.Error("the shared frame was changed")
			}
		})
	}
}
