package peers

import (
	"bytes"

	"dormouse/bench/load"
)

// socketIO is the dialect of socketio.mjs: packets of the Socket.IO protocol, version 5, in those of Engine.IO,
// version 4, each one text message.
//
//	40 a namespace is wanted, or given   42["event",...] an event   421["event",...] one that wants the answer 431[...]
//	44 a namespace is refused            0 the beginning            2 a ping   3 its answer
//
// Source: https://socket.io/docs/v4/socket-io-protocol/ and https://socket.io/docs/v4/engine-io-protocol/
type socketIO struct{ secret []byte }

// Protocol asks for the namespace at once, and answers pings.
func (s socketIO) Protocol(c Client) load.Protocol {
	token := hotsock(s).target(c)[len("/?"):]
	return &load.WebSocket{Target: "/socket.io/?EIO=4&transport=websocket&" + token, First: "40", Ping: "2", Pong: "3"}
}

func (socketIO) Subscribe(dst []byte, channel string) []byte {
	return append(append(append(dst, `42["subscribe","`...), channel...), `"]`...)
}

func (socketIO) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(append(dst, `42["publish","`...), channel...), `",`...)
	return append(append(dst, data...), ']')
}

// Set and Get have numbers of their own for their answers: 1 and 2, every time.
func (socketIO) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = append(append(append(dst, `421["set","`...), channel...), `","`...)
	return append(append(append(append(dst, key...), `",`...), data...), ']')
}

func (socketIO) Get(dst []byte, channel, key string) []byte {
	dst = append(append(append(dst, `422["get","`...), channel...), `","`...)
	return append(append(dst, key...), `"]`...)
}

var subscribedEvent = []byte(`42["s`)

func (socketIO) Kind(frame []byte) Kind {
	if len(frame) < 3 || frame[0] != '4' {
		return Other
	}
	switch frame[1] {
	case '0':
		return Connected
	case '2':
		if bytes.HasPrefix(frame, subscribedEvent) {
			return Subscribed
		}
		return Message
	case '3':
		if frame[2] == '2' {
			return Answer
		}
		return Ack
	case '4':
		return Refusal
	}
	return Other
}
