package pusher

import (
	"strconv"
	"strings"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// The members of what a backend publishes.
const (
	bodyName = iota
	bodyData
	bodyChannel
	bodyChannels
	bodySocket
	bodyInfo
	bodyMembers
)

var bodyNames = []string{
	bodyName:     "name",
	bodyData:     "data",
	bodyChannel:  "channel",
	bodyChannels: "channels",
	bodySocket:   "socket_id",
	bodyInfo:     "info",
}

// A publication is what one body, or one entry of a batch, asks for.
type publication struct {
	name     string
	data     []byte // one JSON value, as it was written
	channels []string
	except   string // a socket id; "": none
	info     info
	several  bool // it was asked for by channels, so that its answer has them by name
}

// info says which counts a caller asked for.
type info struct{ users, subscriptions, cache bool }

// readInfo reads a comma-separated list. What is not known in it is nothing.
func readInfo(list string) (i info) {
	for word := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(word) {
		case "user_count":
			i.users = true
		case "subscription_count":
			i.subscriptions = true
		case "cache":
			i.cache = true
		}
	}
	return i
}

// counts says whether anything that a publish can answer was asked for.
func (i info) counts() bool { return i.users || i.subscriptions }

// readPublication reads and checks what is to be published, against the limits of app. data may be kept: it belongs
// to the publication from here on.
//
// Source: Pusher docs, HTTP API, "POST event (trigger an event)".
func readPublication(app *claims.App, data []byte) (*publication, *channel.Error) {
	var v [bodyMembers]value
	if !scanObject(data, bodyNames, v[:]) {
		return nil, refuseData.error()
	}
	p := &publication{name: v[bodyName].text(), data: v[bodyData].raw, several: !v[bodyChannels].isNull()}
	if p.name == "" || v[bodyData].isNull() || isReserved(p.name) {
		return nil, refuseData.error()
	}
	if refused := p.readChannels(app, v[bodyChannel], v[bodyChannels]); refused != nil {
		return nil, refused
	}
	if longerThan(p.name, app.MaxEventNameLength) {
		return nil, refuseEventName.error(strconv.Itoa(app.MaxEventNameLength))
	}
	if overKB(sizeOf(v[bodyData]), app.MaxEventPayloadInKB) {
		return nil, refusePayload.error(number(app.MaxEventPayloadInKB))
	}
	if id := v[bodySocket].text(); isSocketID(id) {
		p.except = id
	}
	p.info = readInfo(v[bodyInfo].text())
	return p, nil
}

// readChannels takes the channels from the list, or the one from the other member if there is no list.
func (p *publication) readChannels(app *claims.App, one, list value) *channel.Error {
	names := []value{one}
	if p.several {
		var count int
		var ok bool
		if names, count, ok = scanArray(list.raw, app.MaxEventChannelsAtOnce); !ok || count == 0 {
			return refuseData.error()
		}
		if count > app.MaxEventChannelsAtOnce {
			return refuseManyChannels.error(strconv.Itoa(app.MaxEventChannelsAtOnce))
		}
	}
	p.channels = make([]string, len(names))
	for i, v := range names {
		name := v.text()
		if !isChannelName(name) {
			return refuseData.error()
		}
		if longerThan(name, app.MaxChannelNameLength) {
			return refuseLongChannel.error(strconv.Itoa(app.MaxChannelNameLength))
		}
		p.channels[i] = name
	}
	return nil
}

// isReserved says whether an event's name is for the protocol itself: who reads one believes that the server says it.
func isReserved(name string) bool {
	return strings.HasPrefix(name, "pusher:") || strings.HasPrefix(name, "pusher_internal:")
}

// sizeOf is how many bytes data has, a string's without its quotes and escapes.
func sizeOf(data value) int {
	if data.isString() {
		return len(data.bytes())
	}
	return len(data.raw)
}

// overKB says whether size bytes are more than limit times 1,024.
func overKB(size int, limit float64) bool { return float64(size)/1024 > limit }
