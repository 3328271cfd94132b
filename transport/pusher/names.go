package pusher

import (
	"strings"
	"unicode/utf8"
)

// A channelKind is what the beginning of a channel's name says of the channel.
type channelKind struct {
	prefix       string
	auth         bool // subscribing needs a signature
	members      bool // it has a list of members
	clientEvents bool // subscribers may send to each other
	cached       bool // the last published event is kept for those who come
	user         bool // it is the address of a user, and no channel
}

// userPrefix begins the names by which backends send to users.
const userPrefix = "#server-to-user-"

// presencePrefix begins the names of all channels with members.
const presencePrefix = "presence-"

// channelKinds is every kind, the longer of two prefixes before the shorter. The last matches every name.
//
// Source: Pusher docs, Channels, "Channel types" and "Cache channels".
var channelKinds = []channelKind{
	{prefix: "presence-cache-", auth: true, members: true, clientEvents: true, cached: true},
	{prefix: presencePrefix, auth: true, members: true, clientEvents: true},
	{prefix: "private-encrypted-cache-", auth: true, cached: true},
	{prefix: "private-encrypted-", auth: true},
	{prefix: "private-cache-", auth: true, clientEvents: true, cached: true},
	{prefix: "private-", auth: true, clientEvents: true},
	{prefix: "cache-", cached: true},
	{prefix: userPrefix, auth: true, user: true},
	{},
}

// kindOf returns the kind of the channel with that name. A prefix further on in the name means nothing.
func kindOf(name string) *channelKind {
	last := len(channelKinds) - 1
	for i := range channelKinds[:last] {
		if strings.HasPrefix(name, channelKinds[i].prefix) {
			return &channelKinds[i]
		}
	}
	return &channelKinds[last]
}

// hasMembers says whether a channel keeps a list of its members.
func hasMembers(name string) bool { return strings.HasPrefix(name, presencePrefix) }

// inChannelName says of each byte whether a channel's name may have it.
var inChannelName = func() (t [256]bool) {
	for _, c := range "-_=@,.;0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" {
		t[c] = true
	}
	return t
}()

// isChannelName says whether name can be a channel's: one or more of A-Z, a-z, 0-9 and -_=@,.; with userPrefix
// as the only place for a #. How long it may be is the app's to say; its length in UTF-16 units is len(name).
//
// Source: Pusher docs, Channels, "Channel naming conventions".
func isChannelName(name string) bool {
	name = strings.TrimPrefix(name, userPrefix)
	for i := range len(name) {
		if !inChannelName[name[i]] {
			return false
		}
	}
	return name != ""
}

// utf16Length is the length of s as JavaScript counts it: in UTF-16 units.
func utf16Length(s string) int {
	n := utf8.RuneCountInString(s)
	for i := range len(s) {
		if s[i] >= 0xF0 { // begins a character beyond the first 65,536, which is two units
			n++
		}
	}
	return n
}

// longerThan says whether s has more than limit UTF-16 units. It does not count what is certainly over.
func longerThan(s string, limit int) bool {
	return len(s) > limit && (len(s) > 3*limit || utf16Length(s) > limit)
}
