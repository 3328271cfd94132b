package pusher

import (
	"bytes"

	"dormouse/actors/channel"
)

// A command is what a client's frame asks for, before anything of it is checked but its shape.
type command interface{ command() }

// Every command of a client, in one block.
type (
	// ping asks whether the server is there.
	ping struct{}

	// pong answers the server's own question. It counts as a sign of life, as every frame does.
	pong struct{}

	// subscribe joins a channel.
	subscribe struct {
		channel, auth string
		data          string // channel_data as it was received
		hasData       bool
	}

	// unsubscribe leaves one.
	unsubscribe struct{ channel string }

	// signin says who the user is.
	signin struct {
		auth string
		data string // user_data as it was received
	}

	// clientEvent is for the other subscribers of a channel. data is a copy of what was sent, byte for byte.
	clientEvent struct {
		channel, event string
		data           []byte
	}
)

func (ping) command()         {}
func (pong) command()         {}
func (*subscribe) command()   {}
func (unsubscribe) command()  {}
func (*signin) command()      {}
func (*clientEvent) command() {}

// The members of a client frame that mean something.
const (
	memberEvent = iota
	memberChannel
	memberData
	frameMembers
)

var frameNames = []string{memberEvent: "event", memberChannel: "channel", memberData: "data"}

// The members of the data of the protocol's own events.
const (
	dataChannel = iota
	dataAuth
	dataChannelData
	dataUserData
	dataMembers
)

var dataNames = []string{dataChannel: "channel", dataAuth: "auth", dataChannelData: "channel_data", dataUserData: "user_data"}

// clientPrefix begins the names of what clients send to each other.
const clientPrefix = "client-"

// decode reads one client frame and returns the command that it stands for. The command shares no memory with data.
//
// Of a client event, no data is null: pusher-js leaves it out of an event that is triggered without. The data of a
// ping or pong is nobody's business.
//
// Source: Pusher docs, WebSocket protocol, "Client -> Pusher Channels events" and "Channel events".
func decode(data []byte) (command, *channel.Error) {
	var f [frameMembers]value
	if !scanObject(data, frameNames, f[:]) || !f[memberEvent].isString() {
		return nil, refuseMessage.error()
	}
	event := f[memberEvent].bytes()
	if bytes.HasPrefix(event, []byte(clientPrefix)) {
		if !f[memberChannel].isString() {
			return nil, refuseMessage.error()
		}
		return newClientEvent(f[memberChannel].bytes(), event, f[memberData]), nil
	}
	switch string(event) {
	case "pusher:ping":
		return ping{}, nil
	case "pusher:pong":
		return pong{}, nil
	case "pusher:subscribe", "pusher:unsubscribe", "pusher:signin":
		var d [dataMembers]value
		if !scanObject(f[memberData].raw, dataNames, d[:]) {
			return nil, refuseMessage.error()
		}
		return decodeOwn(string(event), &d)
	}
	return nil, refuseEvent.error()
}

// newClientEvent makes the names of an event one allocation.
func newClientEvent(name, event []byte, data value) *clientEvent {
	both := string(append(append(make([]byte, 0, 256), name...), event...))
	c := &clientEvent{channel: both[:len(name)], event: both[len(name):]}
	if !data.isNull() {
		c.data = bytes.Clone(data.raw)
	}
	return c
}

// decodeOwn reads the data of one of the protocol's own events.
func decodeOwn(event string, d *[dataMembers]value) (command, *channel.Error) {
	// A member that is null is as if it were not there, one of another kind is no text.
	text := func(i int, needed bool) bool { return d[i].isString() || !needed && d[i].isNull() }
	switch event {
	case "pusher:subscribe":
		if text(dataChannel, true) && text(dataAuth, false) && text(dataChannelData, false) {
			return &subscribe{
				channel: d[dataChannel].text(),
				auth:    d[dataAuth].text(),
				data:    d[dataChannelData].text(),
				hasData: !d[dataChannelData].isNull(),
			}, nil
		}
	case "pusher:unsubscribe":
		if text(dataChannel, true) {
			return unsubscribe{d[dataChannel].text()}, nil
		}
	case "pusher:signin":
		if text(dataAuth, true) && text(dataUserData, true) {
			return &signin{auth: d[dataAuth].text(), data: d[dataUserData].text()}, nil
		}
	}
	return nil, refuseMessage.error()
}
