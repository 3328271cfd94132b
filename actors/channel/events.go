package channel

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"
)

// What backends hear of. Source: Hotsock docs, Pub/Sub Events.

func (c *Channel) emitSubscription(event string, sub *Subscription, fx *Effects) {
	if fx.NoEvents || c.o.Occurrences {
		return
	}
	b := appendString(append(make([]byte, 0, 192), `{"channel":`...), c.name)
	b = appendString(append(b, `,"connectionId":`...), sub.ConnectionID)
	b = appendAuthor(append(b, ','), sub.UID, sub.UMD)
	c.emit(event, "subscription", b, fx)
}

func (c *Channel) emitCount(fx *Effects) {
	if fx.NoEvents || c.o.Occurrences {
		return
	}
	b := appendString(append(make([]byte, 0, 96), `{"name":`...), c.name)
	b = strconv.AppendInt(append(b, `,"subscriptionsCount":`...), int64(c.counted), 10)
	c.emit("hotsock.channelUpdated", "channel", append(b, '}'), fx)
}

func (c *Channel) emitMember(kind Kind, m Member, fx *Effects) {
	if fx.NoEvents {
		return
	}
	event := "hotsock.memberAdded"
	switch kind {
	case KindMemberUpdated:
		event = "hotsock.memberUpdated"
	case KindMemberRemoved:
		event = "hotsock.memberRemoved"
	}
	if c.o.MemberDeltas {
		c.emit(event, "channelMember", appendMember(nil, m), fx)
		return
	}
	all := c.members.all()
	b := make([]byte, 0, c.members.size+len(all)+memberSize(m.UID, m.UMD)+16)
	b = appendMember(b, m)
	b = append(b[:len(b)-1], `,"members":[`...)
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendMember(b, m)
	}
	c.emit(event, "channelMember", append(b, `]}`...), fx)
}

func (c *Channel) emitMessage(m *Message, cmd *Publish, fx *Effects) {
	if fx.NoEvents {
		return
	}
	if c.o.Occurrences {
		c.occurClientEvent(m, cmd, fx)
		return
	}
	b := appendString(append(make([]byte, 0, 192+len(m.Data)), `{"channel":`...), c.name)
	b = appendString(append(b, `,"event":`...), m.Event)
	b = append(append(append(b, `,"id":"`...), m.ID.String()...), '"')
	b = appendValue(append(b, `,"data":`...), m.Data)
	if !cmd.Server && (m.Meta.UID != "" || m.Meta.UMD != nil) {
		b = appendAuthor(append(b, `,"meta":{`...), m.Meta.UID, m.Meta.UMD)
	}
	e := c.emit("hotsock.messagePublished", "message", append(b, '}'), fx)
	from := cmd.Sender.origin(m.Meta)
	from.describe(e)
	put(e, "event", m.Event)
	put(e, "requestId", cmd.RequestID)
}

// emitEntry tells of an entry's new value, or that it is gone: next.data is nil then. Of an entry that has
// expired, next is what it was.
func (c *Channel) emitEntry(key string, next *entryRow, previous []byte, gone bool, fx *Effects) {
	if fx.NoEvents {
		return
	}
	b := appendString(append(make([]byte, 0, 256+len(next.data)+len(previous)), `{"channel":`...), c.name)
	b = appendString(append(b, `,"key":`...), key)
	b = appendValue(append(b, `,"data":`...), next.data)
	b = appendValue(append(b, `,"dataPrevious":`...), previous)
	b = strconv.AppendBool(append(b, `,"expired":`...), gone)
	b = appendExpiry(append(b, `,"expiresAt":`...), next.expires)
	b = appendAuthor(append(b, `,"meta":{`...), next.uid, next.umd)
	e := c.emit("hotsock.channelStorageUpdated", "channelStorage", append(b, '}'), fx)
	next.describe(e)
	put(e, "key", key)
}

// emitReaction tells of a reaction that was added or removed: by whom and how it was added, in both cases.
func (c *Channel) emitReaction(kind Kind, cmd *React, r *reactionRow, expires int64, fx *Effects) {
	if fx.NoEvents {
		return
	}
	event := "hotsock.messageReactionAdded"
	if kind == KindReactionRemoved {
		event = "hotsock.messageReactionRemoved"
	}
	b := appendString(append(make([]byte, 0, 320), `{"channel":`...), c.name)
	b = append(append(append(b, `,"messageId":"`...), cmd.MessageID.String()...), '"')
	b = append(append(append(b, `,"id":"`...), r.id.String()...), '"')
	b = appendString(append(b, `,"reaction":`...), cmd.Reaction)
	b = appendAuthor(append(b, ','), r.uid, r.umd)
	b = append(b[:len(b)-1], `,"createdAt":"`...)
	b = append(unixMilli(int64(r.id.Time())).AppendFormat(b, "2006-01-02T15:04:05.000Z07:00"), '"')
	b = appendExpiry(append(b, `,"expiresAt":`...), expires)
	e := c.emit(event, "messageReaction", append(b, '}'), fx)
	r.describe(e)
	put(e, "reaction", cmd.Reaction)
	put(e, "requestId", r.requestID)
}

// appendReaction appends what a KindReactionAdded or KindReactionRemoved says.
func appendReaction(b []byte, cmd *React) []byte {
	action := "add"
	if cmd.Remove {
		action = "remove"
	}
	b = appendReactionTo(b, cmd.MessageID)
	b = appendString(append(b, `,"reaction":`...), cmd.Reaction)
	return append(append(append(b, `,"action":"`...), action...), `"}`...)
}

// appendReactionTo appends how that begins for each reaction to a message.
func appendReactionTo(b []byte, id ulid.ULID) []byte {
	return append(append(append(b, `{"messageId":"`...), id.String()...), '"')
}

// appendExpiry appends a moment in whole seconds, null for never.
func appendExpiry(b []byte, expires int64) []byte {
	if expires == 0 {
		return append(b, "null"...)
	}
	return append(unixMilli(expires).AppendFormat(append(b, '"'), time.RFC3339), '"')
}

func (c *Channel) emit(event, dataType string, data []byte, fx *Effects) *BackendEvent {
	fx.Events = append(fx.Events, BackendEvent{
		Type:     event,
		DataType: dataType,
		Metadata: map[string]string{"channel": c.name},
		Data:     data,
	})
	return &fx.Events[len(fx.Events)-1]
}

// describe says in e's metadata by which door and from where a change came.
func (o *origin) describe(e *BackendEvent) {
	put(e, "trigger", string(o.trigger))
	put(e, "connectionId", o.connectionID)
	put(e, "sourceIp", o.sourceIP)
	put(e, "userAgent", o.userAgent)
}

func put(e *BackendEvent, name, value string) {
	if value != "" {
		e.Metadata[name] = value
	}
}

// appendAuthor appends the members uid and umd, and the brace behind them.
func appendAuthor(b []byte, uid string, umd []byte) []byte {
	b = append(b, `"uid":`...)
	if uid == "" {
		b = append(b, "null"...)
	} else {
		b = appendString(b, uid)
	}
	return append(appendValue(append(b, `,"umd":`...), umd), '}')
}

func appendMember(b []byte, m Member) []byte { return appendAuthor(append(b, '{'), m.UID, m.UMD) }

// memberSize is the size of a member as compact JSON.
func memberSize(uid string, umd []byte) int {
	return len(appendMember(make([]byte, 0, 128), Member{UID: uid, UMD: umd}))
}

func appendValue(b, v []byte) []byte {
	if len(v) == 0 {
		return append(b, "null"...)
	}
	return append(b, v...)
}

func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error says that s was not UTF-8, which is replaced
	return b
}
