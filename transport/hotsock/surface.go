package hotsock

import (
	"slices"
	"strings"
)

// The system events that a client may send.
const (
	eventSubscribe = iota
	eventUnsubscribe
	eventStorageSet
	eventStorageGet
	eventReaction
	eventUMDUpdate
	eventHeartbeat
	eventPing
	eventPong
	clientEvents
)

var clientEventNames = [clientEvents]string{
	eventSubscribe:   "hotsock.subscribe",
	eventUnsubscribe: "hotsock.unsubscribe",
	eventStorageSet:  "hotsock.channelStorageSet",
	eventStorageGet:  "hotsock.channelStorageGet",
	eventReaction:    "hotsock.messageReaction",
	eventUMDUpdate:   "hotsock.umdUpdate",
	eventHeartbeat:   "hotsock.heartbeat",
	eventPing:        "hotsock.ping",
	eventPong:        "hotsock.pong",
}

// systemEvent returns which of the system events that is, clientEvents if it is none of them.
func systemEvent(name []byte) int {
	for i := range clientEventNames {
		if string(name) == clientEventNames[i] {
			return i
		}
	}
	return clientEvents
}

// ClientEvents returns the names of all system events that a client may send, in no particular order. Every
// other event that begins with "hotsock." is refused, and every one that does not is a message to publish.
//
// It is what a test of rights must have a row for, and so is [Routes].
func ClientEvents() []string { return slices.Clone(clientEventNames[:]) }

// Routes returns all calls of the HTTP APIs, as "POST /publish" and "GET /channels/*/storage": a method, and
// a path in which "*" stands for a name.
func Routes() []string {
	all := make([]string, len(routes))
	for i := range routes {
		all[i] = routes[i].method + " /" + strings.Join(routes[i].path, "/")
	}
	return all
}
