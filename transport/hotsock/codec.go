package hotsock

import (
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
)

// CodecID is the codec's number among the program's codecs.
const CodecID = 0

// Codec writes messages as the protocol's JSON frames: one object per WebSocket message, without white
// space, its members in the order of the docs' examples. The zero value is ready; all values are one.
//
// What it writes of a message is copied, data and umd byte for byte. Names are written as JSON strings and
// must be valid UTF-8, which whatever took them in has seen to.
//
// Source: Hotsock docs, Client Messages, Subscriptions, Presence Channels and Channel Storage.
type Codec struct{}

var _ channel.NumberedCodec = Codec{}

// ID returns CodecID.
func (Codec) ID() int { return CodecID }

// Append appends m's frame to dst. It allocates once if dst is too small, and else not at all. A kind
// that the protocol has no frame for adds nothing.
func (Codec) Append(dst []byte, m *channel.Message) []byte {
	dst = grow(dst, frameSize(m))
	switch m.Kind {
	case channel.KindPublished:
		return appendPublished(dst, m)
	case channel.KindReactionAdded:
		return appendMessage(dst, m, "hotsock.messageReactionAdded")
	case channel.KindReactionRemoved:
		return appendMessage(dst, m, "hotsock.messageReactionRemoved")
	case channel.KindStorageUpdated:
		return appendStorage(dst, `{"event":"hotsock.channelStorageUpdated","channel":`, m)
	case channel.KindStorageData:
		return appendStorage(dst, `{"event":"hotsock.channelStorageData","channel":`, m)
	case channel.KindSubscribed:
		return appendSubscribed(dst, m)
	case channel.KindUnsubscribed:
		return appendUnsubscribed(dst, m)
	case channel.KindMemberAdded:
		return appendMember(dst, `{"event":"hotsock.memberAdded","channel":`, m)
	case channel.KindMemberUpdated:
		return appendMember(dst, `{"event":"hotsock.memberUpdated","channel":`, m)
	case channel.KindMemberRemoved:
		return appendMember(dst, `{"event":"hotsock.memberRemoved","channel":`, m)
	case channel.KindError:
		return appendError(dst, m)
	case channel.KindAck:
		return appendAck(dst, m)
	case channel.KindConnected:
		return appendConnected(dst, m)
	case channel.KindPong:
		// The docs show this data as a string that holds two braces.
		return append(dst, `{"event":"hotsock.pong","data":"{}"}`...)
	case channel.KindKeepAlive:
		return append(dst, `{"event":"hotsock.keepAlive","data":{}}`...)
	}
	return dst
}

// grow returns dst with room for n bytes more.
func grow(dst []byte, n int) []byte {
	if n <= cap(dst)-len(dst) {
		return dst
	}
	return append(make([]byte, 0, max(2*cap(dst), len(dst)+n)), dst...)
}

// frameSize is room for m's frame if no name in it needs escapes.
func frameSize(m *channel.Message) int {
	const envelope, perMember = 192, 24
	n := envelope + len(m.Event) + len(m.Channel) + len(m.Alias) + len(m.Key) + len(m.Data) + len(m.Ref) +
		len(m.Member.UID) + len(m.Member.UMD)
	if m.Meta != nil {
		n += len(m.Meta.UID) + len(m.Meta.UMD)
	}
	for i := range m.Members {
		n += perMember + len(m.Members[i].UID) + len(m.Members[i].UMD)
	}
	if m.Err != nil {
		n += len(m.Err.Code) + len(m.Err.Message)
	}
	return n
}

func appendPublished(dst []byte, m *channel.Message) []byte { return appendMessage(dst, m, m.Event) }

// appendMessage has no meta if the server published m.
func appendMessage(dst []byte, m *channel.Message, event string) []byte {
	dst = append(dst, `{"id":"`...)
	dst = appendID(dst, m.ID)
	dst = append(dst, `","event":`...)
	dst = appendString(dst, event)
	dst = append(dst, `,"channel":`...)
	dst = appendString(dst, m.Channel)
	dst = append(dst, `,"data":`...)
	dst = appendValue(dst, m.Data)
	if m.Meta != nil {
		dst = append(dst, `,"meta":`...)
		dst = appendMeta(dst, m.Meta)
	}
	return append(dst, '}')
}

// appendStorage has meta null for what nobody wrote: an unset key, or one that expired.
func appendStorage(dst []byte, head string, m *channel.Message) []byte {
	dst = append(dst, head...)
	dst = appendString(dst, m.Channel)
	dst = append(dst, `,"key":`...)
	dst = appendString(dst, m.Key)
	dst = append(dst, `,"data":`...)
	dst = appendValue(dst, m.Data)
	dst = append(dst, `,"meta":`...)
	if m.Meta == nil {
		dst = append(dst, `null`...)
	} else {
		dst = appendMeta(dst, m.Meta)
	}
	return append(dst, '}')
}

func appendSubscribed(dst []byte, m *channel.Message) []byte {
	dst = append(dst, `{"event":"hotsock.subscribed","channel":`...)
	dst = appendString(dst, m.Channel)
	dst = append(dst, `,"data":{`...)
	if m.Auto {
		dst = append(dst, `"autoSubscribed":true`...)
	}
	if m.Members != nil {
		if m.Auto {
			dst = append(dst, ',')
		}
		dst = append(dst, `"members":`...)
		dst = appendMembers(dst, m.Members)
	}
	if m.Resume != nil {
		if m.Auto || m.Members != nil {
			dst = append(dst, ',')
		}
		dst = appendResumption(dst, m.Resume)
	}
	dst = append(dst, `},"meta":`...)
	dst = appendAliasedMeta(dst, m)
	return append(dst, '}')
}

func appendUnsubscribed(dst []byte, m *channel.Message) []byte {
	dst = append(dst, `{"event":"hotsock.unsubscribed","channel":`...)
	dst = appendString(dst, m.Channel)
	dst = append(dst, `,"data":{},"meta":`...)
	dst = appendAliasedMeta(dst, m)
	return append(dst, '}')
}

func appendMember(dst []byte, head string, m *channel.Message) []byte {
	dst = append(dst, head...)
	dst = appendString(dst, m.Channel)
	dst = append(dst, `,"data":{"member":{`...)
	dst = appendUser(dst, m.Member.UID, m.Member.UMD)
	if m.Members == nil { // only what has changed
		return append(dst, `}}}`...)
	}
	dst = append(dst, `},"members":`...)
	dst = appendMembers(dst, m.Members)
	return append(dst, `}}`...)
}

// appendError leaves out a channel or ref that the refused frame did not have.
func appendError(dst []byte, m *channel.Message) []byte {
	dst = append(dst, `{"event":"hotsock.error"`...)
	if m.Channel != "" {
		dst = append(dst, `,"channel":`...)
		dst = appendString(dst, m.Channel)
	}
	dst = append(dst, `,"error":`...)
	dst = appendRefusal(dst, m.Err)
	if m.Ref != "" {
		dst = append(dst, `,"ref":`...)
		dst = appendString(dst, m.Ref)
	}
	return append(dst, '}')
}

// appendRefusal is the error object of frames and of HTTP bodies.
func appendRefusal(dst []byte, e *channel.Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = appendString(dst, e.Code)
	dst = append(dst, `,"message":`...)
	dst = appendString(dst, e.Message)
	return append(dst, '}')
}

func appendAck(dst []byte, m *channel.Message) []byte {
	dst = append(dst, `{"event":"hotsock.ack","ref":`...)
	dst = appendString(dst, m.Ref)
	dst = append(dst, `,"data":{`...)
	if m.ID != (ulid.ULID{}) {
		dst = append(dst, `"id":"`...)
		dst = appendID(dst, m.ID)
		dst = append(dst, '"')
	}
	if m.Seq != 0 {
		if m.ID != (ulid.ULID{}) {
			dst = append(dst, ',')
		}
		dst = append(dst, `"seq":`...)
		dst = strconv.AppendUint(dst, m.Seq, 10)
	}
	if m.Key != "" {
		if m.ID != (ulid.ULID{}) || m.Seq != 0 {
			dst = append(dst, ',')
		}
		dst = append(append(append(append(dst, `"scheduleArn":"`...), arnPrefix...), m.Key...), '"')
	}
	if m.Written != nil {
		if m.Seq != 0 {
			dst = append(dst, ',')
		}
		dst = appendWritten(dst, m.Written)
	}
	return append(dst, `}}`...)
}

func appendConnected(dst []byte, m *channel.Message) []byte {
	dst = append(dst, `{"event":"hotsock.connected","data":{"connectionId":`...)
	dst = appendString(dst, m.Conn.ID)
	dst = append(dst, `,"connectionExpiresAt":`...)
	dst = appendTime(dst, m.Conn.ExpiresAt)
	dst = append(dst, `,"connectionSecret":`...)
	dst = appendString(dst, m.Conn.Secret)
	dst = append(dst, `},"meta":`...)
	dst = appendMeta(dst, m.Meta)
	return append(dst, '}')
}

// appendMeta writes an object in any case: clients read its members without looking.
func appendMeta(dst []byte, meta *channel.Meta) []byte {
	if meta == nil {
		return append(dst, `{"uid":null,"umd":null}`...)
	}
	dst = append(dst, '{')
	dst = appendUser(dst, meta.UID, meta.UMD)
	return append(dst, '}')
}

// appendAliasedMeta puts the subscription's alias first, whichever name the client used.
func appendAliasedMeta(dst []byte, m *channel.Message) []byte {
	if m.Alias == "" {
		return appendMeta(dst, m.Meta)
	}
	dst = append(dst, `{"channelAlias":`...)
	dst = appendString(dst, m.Alias)
	dst = append(dst, ',')
	meta := m.Meta
	if meta == nil {
		meta = &channel.Meta{}
	}
	dst = appendUser(dst, meta.UID, meta.UMD)
	return append(dst, '}')
}

func appendMembers(dst []byte, members []channel.Member) []byte {
	dst = append(dst, '[')
	for i := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '{')
		dst = appendUser(dst, members[i].UID, members[i].UMD)
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendUser writes the two members that say who somebody is, without braces.
func appendUser(dst []byte, uid string, umd []byte) []byte {
	if uid == "" {
		dst = append(dst, `"uid":null,"umd":`...)
	} else {
		dst = append(dst, `"uid":`...)
		dst = appendString(dst, uid)
		dst = append(dst, `,"umd":`...)
	}
	return appendValue(dst, umd)
}

// appendValue writes one JSON value that is kept as its bytes, nil as null.
func appendValue(dst, value []byte) []byte {
	if len(value) == 0 {
		return append(dst, `null`...)
	}
	return append(dst, value...)
}

func appendID(dst []byte, id ulid.ULID) []byte {
	n := len(dst)
	dst = grow(dst, ulid.EncodedSize)[:n+ulid.EncodedSize]
	_ = id.MarshalTextTo(dst[n:]) // fails only for another length
	return dst
}

// appendTime writes RFC 3339 in whole seconds of UTC, the zero time as null.
func appendTime(dst []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(dst, `null`...)
	}
	dst = append(dst, '"')
	dst = at.UTC().Truncate(time.Second).AppendFormat(dst, time.RFC3339)
	return append(dst, '"')
}
