package channel

import "strconv"

// What backends hear of a channel whose Options say Occurrences: the events of the Pusher protocol. The Data of each
// is the whole object that a webhook has of it, and its Metadata names the channel and, where it is about one, the
// user.
//
// Source: Pusher docs, Webhooks.
const (
	OccurChannelOccupied   = "channel_occupied"
	OccurChannelVacated    = "channel_vacated"
	OccurMemberAdded       = "member_added"
	OccurMemberRemoved     = "member_removed"
	OccurClientEvent       = "client_event"
	OccurCacheMiss         = "cache_miss"
	OccurSubscriptionCount = "subscription_count"
)

// occurrenceType is the data type of each.
const occurrenceType = "occurrence"

// occur tells what is about the channel, and one of its members if uid is not empty.
func (c *Channel) occur(name, uid string, fx *Effects) {
	if !c.occurs(fx) {
		return
	}
	b := c.beginOccurrence(name, 64+len(c.name)+len(uid))
	if uid != "" {
		b = appendString(append(b, `,"user_id":`...), uid)
	}
	c.addOccurrence(name, uid, append(b, '}'), fx)
}

// occurClientEvent tells what a client has said to the others.
func (c *Channel) occurClientEvent(m *Message, cmd *Publish, fx *Effects) {
	b := c.beginOccurrence(OccurClientEvent, 128+len(c.name)+len(m.Data))
	b = appendString(append(b, `,"event":`...), m.Event)
	b = appendValue(append(b, `,"data":`...), m.Data)
	b = appendString(append(b, `,"socket_id":`...), cmd.ConnectionID)
	uid := ""
	if c.members != nil {
		uid = m.Meta.UID
		b = appendString(append(b, `,"user_id":`...), uid)
	}
	c.addOccurrence(OccurClientEvent, uid, append(b, '}'), fx)
}

func (c *Channel) occurCount(n int, fx *Effects) {
	if !c.occurs(fx) {
		return
	}
	b := append(c.beginOccurrence(OccurSubscriptionCount, 96+len(c.name)), `,"subscription_count":`...)
	c.addOccurrence(OccurSubscriptionCount, "", append(strconv.AppendInt(b, int64(n), 10), '}'), fx)
}

// occurs says whether anybody listens.
func (c *Channel) occurs(fx *Effects) bool { return c.o.Occurrences && !fx.NoEvents }

func (c *Channel) beginOccurrence(name string, size int) []byte {
	b := append(append(append(make([]byte, 0, size), `{"name":"`...), name...), `","channel":`...)
	return appendString(b, c.name)
}

func (c *Channel) addOccurrence(name, uid string, data []byte, fx *Effects) {
	put(c.emit(name, occurrenceType, data, fx), "user_id", uid)
}
