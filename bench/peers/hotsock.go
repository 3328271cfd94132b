package peers

import (
	"bytes"
	"fmt"
	"time"

	"dormouse/bench/load"
)

// hotsock is the protocol of the server itself. Every client brings a token of its own.
type hotsock struct{ secret []byte }

// Protocol is a WebSocket to target.
func (h hotsock) Protocol(c Client) load.Protocol { return &load.WebSocket{Target: h.target(c)} }

// target is a path with a token that allows what c's rights say, and nothing else.
func (h hotsock) target(c Client) string {
	yes := func(r Rights) bool { return c.Rights&r != 0 }
	claims := fmt.Appendf(nil, `{"scope":"connect","exp":%d,"uid":%q,"channels":{%q:{"subscribe":%t`,
		time.Now().Add(time.Hour).Unix(), c.UID, c.Channel, yes(Subscribe|Visit))
	if yes(Publish) {
		kept := 0
		if yes(Store) {
			kept = -1
		}
		claims = fmt.Appendf(claims, `,"messages":{"*":{"broadcast":true,"store":%d,"emitPubSubEvent":%t}}`, kept, yes(Emit))
	}
	if yes(Subscribe | Set | Get) {
		claims = fmt.Appendf(claims, `,"storage":{"*":{"observe":%t,"set":%t,"get":%t}}`, yes(Subscribe), yes(Set), yes(Get))
	}
	return "/?token=" + load.Token(h.secret, append(claims, `}}}`...))
}

func (hotsock) Subscribe(dst []byte, channel string) []byte {
	return append(append(append(dst, `{"event":"hotsock.subscribe","channel":"`...), channel...), `"}`...)
}

func (hotsock) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(dst, `{"event":"tick","channel":"`...), channel...)
	return append(append(append(dst, `","data":`...), data...), '}')
}

func (hotsock) Store(dst []byte, channel string, data []byte) []byte {
	dst = append(append(dst, `{"event":"tick","channel":"`...), channel...)
	return append(append(append(dst, `","data":`...), data...), `,"ref":"1"}`...)
}

func (hotsock) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = append(append(dst, `{"event":"hotsock.channelStorageSet","channel":"`...), channel...)
	dst = append(append(dst, `","key":"`...), key...)
	return append(append(append(dst, `","data":`...), data...), `,"ref":"1"}`...)
}

func (hotsock) Get(dst []byte, channel, key string) []byte {
	dst = append(append(dst, `{"event":"hotsock.channelStorageGet","channel":"`...), channel...)
	return append(append(append(dst, `","key":"`...), key...), `"}`...)
}

// system is how every frame begins that is not a published message.
var system = []byte(`{"event":"hotsock.`)

// Kind looks at the first letters after that only: it is asked for every frame.
func (hotsock) Kind(frame []byte) Kind {
	if len(frame) < len(system)+16 {
		return Other
	}
	if !bytes.HasPrefix(frame, system) {
		return Message
	}
	switch name := frame[len(system):]; name[0] {
	case 'a':
		return Ack
	case 'e':
		return Refusal
	case 's':
		return Subscribed
	case 'm':
		if bytes.HasPrefix(name, []byte("memberAdded")) || bytes.HasPrefix(name, []byte("memberRemoved")) {
			return Membership
		}
	case 'c':
		switch {
		case name[1] == 'o':
			return Connected
		case bytes.HasPrefix(name, []byte("channelStorageU")):
			return Message
		case bytes.HasPrefix(name, []byte("channelStorageD")):
			return Answer
		}
	}
	return Other
}

// PresenceChannel begins with the word that makes a channel know its members.
func (hotsock) PresenceChannel(name string) string { return "presence." + name }

func (hotsock) Unsubscribe(dst []byte, channel string) []byte {
	return append(append(append(dst, `{"event":"hotsock.unsubscribe","channel":"`...), channel...), `"}`...)
}

var (
	memberHead  = []byte(`"member":{"uid":"`)
	membersHead = []byte(`"members":[`)
	uidHead     = []byte(`{"uid":`)
)

func (hotsock) Member(frame []byte) (uid []byte, joined bool, members int) {
	joined = bytes.HasPrefix(frame[min(len(system), len(frame)):], []byte("memberAdded"))
	at := bytes.Index(frame, memberHead)
	if at < 0 {
		return nil, joined, -1
	}
	uid, rest, _ := bytes.Cut(frame[at+len(memberHead):], []byte(`"`))
	if at = bytes.Index(rest, membersHead); at < 0 {
		return uid, joined, -1
	}
	return uid, joined, bytes.Count(rest[at:], uidHead)
}
