package pusher

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors/channel"
)

// CodecID is the codec's number among the program's codecs.
const CodecID = 1

// A Codec writes messages as frames of the Pusher protocol, version 7: one JSON object per WebSocket message, with
// event, channel, data and user_id in this order. The data of the protocol's own events is a string that holds
// JSON, as native SDKs insist on; that of errors is an object; that of published events is what was published,
// byte for byte.
//
// Names must be valid UTF-8, which whatever took them in has seen to.
//
// Source: Pusher docs, WebSocket protocol, "Events" and "Double encoding".
type Codec struct {
	// ActivityTimeout is after how many seconds of silence a client is to ask whether the server is there.
	ActivityTimeout int
}

var _ channel.Codec = Codec{}

// ID returns CodecID.
func (Codec) ID() int { return CodecID }

// Append appends m's frame to dst. A kind that the protocol has no frame for adds nothing: clients hear neither
// of an unsubscribe, nor of a member whose info changes.
func (c Codec) Append(dst []byte, m *channel.Message) []byte {
	switch m.Kind {
	case channel.KindPublished:
		return appendPublished(dst, m)
	case channel.KindSubscribed:
		return appendSubscribed(dst, m)
	case channel.KindMemberAdded:
		dst, from := appendHead(dst, `{"event":"pusher_internal:member_added","channel":`, m.Channel, memberSize(&m.Member))
		dst = appendUser(dst, &m.Member)
		return appendTail(dst, from)
	case channel.KindMemberRemoved:
		dst, from := appendHead(dst, `{"event":"pusher_internal:member_removed","channel":`, m.Channel, memberSize(&m.Member))
		dst = append(appendString(append(dst, `{"user_id":`...), m.Member.UID), '}')
		return appendTail(dst, from)
	case channel.KindError:
		return appendError(dst, m.Err, m.Channel, m.Ref)
	case channel.KindConnected:
		return c.appendConnected(dst, m.Conn.ID)
	case channel.KindCacheMiss:
		return appendCacheMiss(dst, m.Channel)
	case channel.KindSubscriptionCount:
		return appendSubscriptionCount(dst, m.Channel, m.Count)
	case channel.KindSignedIn:
		return appendSignedIn(dst, m.Data)
	case channel.KindWatchlist:
		return appendWatchlist(dst, m.Watched.Online, m.Watched.Offline)
	case channel.KindStorageUpdated:
		return appendStored(dst, m)
	case channel.KindPong:
		return append(dst, `{"event":"pusher:pong","data":"{}"}`...)
	case channel.KindKeepAlive:
		return append(dst, `{"event":"pusher:ping","data":"{}"}`...)
	}
	return dst
}

// appendPublished says who sent an event only if a client did, on a channel whose members know each other.
func appendPublished(dst []byte, m *channel.Message) []byte {
	user := ""
	if m.Meta != nil && hasMembers(m.Channel) {
		user = m.Meta.UID
	}
	dst = slices.Grow(dst, len(`{"event":"","channel":"","data":,"user_id":""}`)+len(m.Event)+len(m.Channel)+max(len(m.Data), 4)+len(user))
	dst = appendString(append(dst, `{"event":`...), m.Event)
	dst = appendString(append(dst, `,"channel":`...), m.Channel)
	dst = append(append(dst, `,"data":`...), orNull(m.Data)...)
	if user != "" {
		dst = appendString(append(dst, `,"user_id":`...), user)
	}
	return append(dst, '}')
}

// orNull is data, or null if there is none.
func orNull(data []byte) []byte {
	if len(data) == 0 {
		return null
	}
	return data
}

var null = []byte(`null`)

// appendConnected is the first frame of every connection.
func (c Codec) appendConnected(dst []byte, socketID string) []byte {
	dst = append(dst, `{"event":"pusher:connection_established","data":`...)
	dst, from := openText(dst)
	dst = appendString(append(dst, `{"socket_id":`...), socketID)
	dst = strconv.AppendInt(append(dst, `,"activity_timeout":`...), int64(c.ActivityTimeout), 10)
	return appendTail(append(dst, '}'), from)
}

// appendSubscribed shows a presence channel's members in the order in which they came.
func appendSubscribed(dst []byte, m *channel.Message) []byte {
	const head = `{"event":"pusher_internal:subscription_succeeded","channel":`
	if m.Members == nil {
		return append(appendString(append(dst, head...), m.Channel), `,"data":"{}"}`...)
	}
	size := 0
	for i := range m.Members {
		size += memberSize(&m.Members[i])
	}
	dst, from := appendHead(dst, head, m.Channel, size)
	dst = append(dst, `{"presence":{"ids":[`...)
	for i := range m.Members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, m.Members[i].UID)
	}
	dst = append(dst, `],"hash":{`...)
	for i := range m.Members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, m.Members[i].UID)
		dst = appendInfo(append(dst, ':'), m.Members[i].UMD)
	}
	dst = strconv.AppendInt(append(dst, `},"count":`...), int64(len(m.Members)), 10)
	return appendTail(append(dst, `}}`...), from)
}

// appendCacheMiss tells who comes to a cache channel that it has nothing.
func appendCacheMiss(dst []byte, name string) []byte {
	dst = appendString(append(dst, `{"event":"pusher:cache_miss","channel":`...), name)
	return append(dst, `,"data":"{}"}`...)
}

// appendSubscriptionCount tells how many connections are subscribed.
func appendSubscriptionCount(dst []byte, name string, n int) []byte {
	dst, from := appendHead(dst, `{"event":"pusher_internal:subscription_count","channel":`, name, 32)
	dst = strconv.AppendInt(append(dst, `{"subscription_count":`...), int64(n), 10)
	return appendTail(append(dst, '}'), from)
}

// appendStored tells what an entry of the channel's storage is now, null if it is gone. It is no event of Pusher's own
// protocol; the name is one that its clients hand to whoever has bound it.
func appendStored(dst []byte, m *channel.Message) []byte {
	dst, from := appendHead(dst, `{"event":"pusher:storage_updated","channel":`, m.Channel, len(m.Key)+len(m.Data)+len(m.Data)/4+32)
	dst = appendString(append(dst, `{"key":`...), m.Key)
	dst = append(append(dst, `,"data":`...), orNull(m.Data)...)
	return appendTail(append(dst, '}'), from)
}

// appendSignedIn gives a user's data back as the text that it was.
func appendSignedIn(dst, userData []byte) []byte {
	dst = append(dst, `{"event":"pusher:signin_success","data":`...)
	dst, from := openText(slices.Grow(dst, 2*len(userData)+64))
	dst, _ = jsontext.AppendQuote(append(dst, `{"user_data":`...), userData)
	return appendTail(append(dst, '}'), from)
}

// appendWatchlist tells which watched users have come and gone; it adds nothing if none have.
func appendWatchlist(dst []byte, online, offline []string) []byte {
	if len(online)+len(offline) == 0 {
		return dst
	}
	dst = append(dst, `{"event":"pusher_internal:watchlist_events","data":`...)
	dst, from := openText(dst)
	dst = append(dst, `{"events":[`...)
	dst = appendWatched(dst, `{"name":"online","user_ids":[`, online)
	if len(online) > 0 && len(offline) > 0 {
		dst = append(dst, ',')
	}
	dst = appendWatched(dst, `{"name":"offline","user_ids":[`, offline)
	return appendTail(append(dst, `]}`...), from)
}

func appendWatched(dst []byte, head string, users []string) []byte {
	if len(users) == 0 {
		return dst
	}
	dst = append(dst, head...)
	for i, u := range users {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, u)
	}
	return append(dst, `]}`...)
}

// appendUser says who a member is.
func appendUser(dst []byte, m *channel.Member) []byte {
	dst = appendString(append(dst, `{"user_id":`...), m.UID)
	dst = appendInfo(append(dst, `,"user_info":`...), m.UMD)
	return append(dst, '}')
}

// appendInfo writes a member's info, an empty object if it has none.
func appendInfo(dst, info []byte) []byte {
	if len(info) == 0 {
		return append(dst, `{}`...)
	}
	return append(dst, info...)
}

// memberSize is room for a member in a text, with a quarter for the escapes of its info.
func memberSize(m *channel.Member) int { return 48 + 2*len(m.UID) + len(m.UMD) + len(m.UMD)/4 }

// appendHead begins a frame whose data is a text of about size bytes, and returns where the text begins.
func appendHead(dst []byte, head, name string, size int) (b []byte, from int) {
	dst = slices.Grow(dst, len(head)+len(name)+size+64)
	return openText(append(appendString(append(dst, head...), name), `,"data":`...))
}

// appendTail ends the text that begins at from, and the frame.
func appendTail(dst []byte, from int) []byte { return append(closeText(dst, from), '}') }

// openText begins a JSON string in which JSON is to stand, and returns where that begins.
func openText(dst []byte) (b []byte, from int) {
	dst = append(dst, '"')
	return dst, len(dst)
}

// escapeOf is the letter behind the backslash of what valid JSON can have and a string cannot, 0 for all else.
var escapeOf = [256]byte{'"': '"', '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't'}

// closeText makes a JSON string of the JSON that was appended since openText. It moves it apart in place, from its
// end on: the text is written once, whatever the escapes.
func closeText(dst []byte, from int) []byte {
	escapes := 0
	for _, c := range dst[from:] {
		if escapeOf[c] != 0 {
			escapes++
		}
	}
	n := len(dst)
	dst = slices.Grow(dst, escapes+2)[:n+escapes]
	for i, j := n-1, n+escapes-1; j > i; i, j = i-1, j-1 {
		c := dst[i]
		if e := escapeOf[c]; e != 0 {
			dst[j] = e
			j--
			c = '\\'
		}
		dst[j] = c
	}
	return append(dst, '"')
}

func appendString(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // the error says that s was not UTF-8, which is replaced
	return dst
}
