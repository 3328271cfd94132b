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
		time.Now().Add(time.Hour).Unix(), c.UID, c.Channel, yes(Subscribe))
	if yes(Publish) {
		claims = append(claims, `,"messages":{"*":{"broadcast":true}}`...)
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

// raw is the dialect of the servers that mark the raw limit. What a client is for, it says when it
// connects; what it then sends goes to the others as it stands, so it is as long as the real server's
// frames are.
type raw struct{ hotsock }

// Protocol is a WebSocket to target.
func (r raw) Protocol(c Client) load.Protocol { return &load.WebSocket{Target: r.target(c)} }

func (r raw) target(c Client) string {
	role := "subscribe"
	switch {
	case c.Rights&Publish != 0:
		role = "publish"
	case c.Rights&Set != 0:
		role = "set"
	}
	return "/?channel=" + c.Channel + "&role=" + role + "&" + r.hotsock.target(c)[len("/?"):]
}

func (raw) Subscribe(dst []byte, _ string) []byte { return dst }

const meta = `,"meta":{"uid":"writer.000000","umd":null}}`

func (raw) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(dst, `{"id":"01J9ZS7Q6V5N4M3K2H1G0F9E8D","event":"tick","channel":"`...), channel...)
	return append(append(append(dst, `","data":`...), data...), meta...)
}

func (raw) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = append(append(dst, `{"event":"hotsock.channelStorageUpdated","channel":"`...), channel...)
	dst = append(append(dst, `","key":"`...), key...)
	return append(append(append(dst, `","data":`...), data...), meta...)
}
