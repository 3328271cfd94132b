package peers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"dormouse/bench/load"
)

// pusher is the other protocol of the server itself: Pusher's, version 7. A channel is a private one, or a presence
// one if its name says so: who subscribes must have a signature, as every client of ours has a token, and subscribers
// may publish, by client events.
//
// Source: https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol/
type pusher struct{ secret []byte }

// pusherKey is the id and the key of the app that everybody is a client of.
const pusherKey = "bench"

// appSecret is what that app's signatures are made with.
func (p pusher) appSecret() string {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte("app"))
	return hex.EncodeToString(mac.Sum(nil))
}

// settings are the app, in the server's configuration: what it may do by the second has no bound unless one is set,
// and a presence channel may have as many members as a case has.
func (p pusher) settings() map[string]any {
	return map[string]any{"apps.static": []any{map[string]any{
		"id": pusherKey, "key": pusherKey, "secret": p.appSecret(),
		"enable_client_messages": true, "max_presence_members_per_channel": 1_000_000,
	}}}
}

// Protocol signs what the client subscribes to. Who publishes subscribes first: others may not.
func (p pusher) Protocol(c Client) load.Protocol {
	s := &pusherSocket{secret: []byte(p.appSecret()), who: c}
	s.WebSocket = load.WebSocket{
		Target:   "/app/" + pusherKey + "?protocol=7&client=bench&version=1",
		Greeting: s.greeted,
		Ping:     `{"event":"pusher:ping","data":"{}"}`,
		Pong:     `{"event":"pusher:pong","data":"{}"}`,
	}
	return s
}

// A pusherSocket is a client's connection. What it signs begins with the id that the server has given it.
type pusherSocket struct {
	load.WebSocket
	secret []byte
	who    Client
	id     []byte
}

var idHead = []byte(`\"socket_id\":\"`)

// greeted takes the id from the server's first message.
func (s *pusherSocket) greeted(message []byte) (answer []byte) {
	if _, rest, ok := bytes.Cut(message, idHead); ok {
		id, _, _ := bytes.Cut(rest, []byte{'\\'})
		s.id = bytes.Clone(id)
	}
	if s.who.Rights&(Publish|Subscribe) != Publish {
		return nil
	}
	return pusher{}.Subscribe(nil, s.who.Channel)
}

var subscribeHead = []byte(`{"event":"pusher:subscribe",`)

// Append appends one message; to a subscribe it adds the signature.
func (s *pusherSocket) Append(dst, message []byte) []byte {
	if bytes.HasPrefix(message, subscribeHead) {
		_, rest, _ := bytes.Cut(message, []byte(`"channel":"`))
		channel, _, _ := bytes.Cut(rest, []byte{'"'})
		message = s.signed(channel)
	}
	return s.WebSocket.Append(dst, message)
}

// signed is a subscribe with its signature, and on a presence channel with who the client is.
func (s *pusherSocket) signed(channel []byte) []byte {
	text := append(append(append([]byte(nil), s.id...), ':'), channel...)
	member := ""
	if bytes.HasPrefix(channel, presencePrefix) {
		text = append(append(append(text, `:{"user_id":"`...), s.who.UID...), `"}`...)
		member = `,"channel_data":"{\"user_id\":\"` + s.who.UID + `\"}"`
	}
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(text)
	message := append(append([]byte(nil), subscribeHead...), `"data":{"channel":"`...)
	message = append(append(message, channel...), `","auth":"`+pusherKey+":"...)
	message = hex.AppendEncode(message, mac.Sum(nil))
	return append(append(append(message, '"'), member...), "}}"...)
}

var presencePrefix = []byte("presence-")

// appendChannel appends the name of a channel: what stands before its first dash says which kind it is.
func appendChannel(dst []byte, channel string) []byte {
	if len(channel) < len(presencePrefix) || channel[:len(presencePrefix)] != string(presencePrefix) {
		dst = append(dst, "private-"...)
	}
	return append(dst, channel...)
}

// Subscribe is what [pusherSocket.Append] signs.
func (pusher) Subscribe(dst []byte, channel string) []byte {
	dst = append(append(dst, subscribeHead...), `"data":{"channel":"`...)
	return append(appendChannel(dst, channel), `"}}`...)
}

// Publish is a client event: it goes to all others on the channel.
func (pusher) Publish(dst []byte, channel string, data []byte) []byte {
	dst = appendChannel(append(dst, `{"event":"client-tick","channel":"`...), channel)
	return append(append(append(dst, `","data":`...), data...), '}')
}

// Set panics: no case asks for it.
func (pusher) Set([]byte, string, string, []byte) []byte {
	panic("peers: clients of Pusher store nothing")
}

// Get panics: no case asks for it.
func (pusher) Get([]byte, string, string) []byte { panic("peers: clients of Pusher store nothing") }

// What the protocol itself says begins with one of these.
var (
	pusherSystem   = []byte(`{"event":"pusher:`)
	pusherInternal = []byte(`{"event":"pusher_internal:`)
)

// Kind looks at the first letters only, and no further at what was published: it is asked for every frame.
func (pusher) Kind(frame []byte) Kind {
	if name, ok := bytes.CutPrefix(frame, pusherSystem); ok {
		switch {
		case bytes.HasPrefix(name, []byte("connection_")):
			return Connected
		case bytes.HasPrefix(name, []byte("error")), bytes.HasPrefix(name, []byte("subscription_error")):
			return Refusal
		}
		return Other
	}
	if name, ok := bytes.CutPrefix(frame, pusherInternal); ok {
		switch {
		case bytes.HasPrefix(name, []byte("member_")):
			return Membership
		case bytes.HasPrefix(name, []byte("subscription_succeeded")):
			return Subscribed
		}
		return Other
	}
	return Message
}

// PresenceChannel begins with the word that makes a channel know its members.
func (pusher) PresenceChannel(name string) string { return string(presencePrefix) + name }

func (pusher) Unsubscribe(dst []byte, channel string) []byte {
	dst = append(dst, `{"event":"pusher:unsubscribe","data":{"channel":"`...)
	return append(appendChannel(dst, channel), `"}}`...)
}

var userHead = []byte(`\"user_id\":\"`)

// Member reads the string that has JSON in it. There is never a list.
func (pusher) Member(frame []byte) (uid []byte, joined bool, members int) {
	joined = bytes.HasPrefix(frame[min(len(pusherInternal), len(frame)):], []byte("member_added"))
	_, rest, _ := bytes.Cut(frame, userHead)
	uid, _, _ = bytes.Cut(rest, []byte{'\\'})
	return uid, joined, -1
}
