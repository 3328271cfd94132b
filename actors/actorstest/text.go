package actorstest

import (
	"bytes"
	"fmt"
	"strings"

	"dormouse/actors/channel"
)

// Text is a codec for people: one line a message, its kind first and then what it has, such as
//
//	subscribed game.lobby uid=ann
//	storage game.lobby settings {"maxPlayers":4} uid=bob
//	error game.lobby NOT_SUBSCRIBED
//
// An id, or a connection's secret, comes last, after a '#', so that tests that cannot know it leave it out.
type Text struct{}

// ID is the highest: transports count from 0.
func (Text) ID() int { return channel.MaxCodecs - 1 }

var kinds = map[channel.Kind]string{
	channel.KindPublished:       "message",
	channel.KindReactionAdded:   "reacted",
	channel.KindReactionRemoved: "unreacted",
	channel.KindStorageUpdated:  "storage",
	channel.KindStorageData:     "data",
	channel.KindSubscribed:      "subscribed",
	channel.KindUnsubscribed:    "unsubscribed",
	channel.KindMemberAdded:     "added",
	channel.KindMemberUpdated:   "updated",
	channel.KindMemberRemoved:   "removed",
	channel.KindError:           "error",
	channel.KindAck:             "ack",
	channel.KindConnected:       "connected",
	channel.KindPong:            "pong",
	channel.KindKeepAlive:       "keepAlive",

	channel.KindCacheMiss:         "miss",
	channel.KindSubscriptionCount: "count",
	channel.KindSignedIn:          "signedIn",
	channel.KindWatchlist:         "watch",
}

// Append appends the line without a line end.
func (Text) Append(dst []byte, m *channel.Message) []byte {
	b := bytes.NewBuffer(dst)
	b.WriteString(kinds[m.Kind])
	word := func(s string) {
		if s != "" {
			b.WriteByte(' ')
			b.WriteString(s)
		}
	}
	word(m.Channel)
	word(m.Key)
	word(m.Event)
	switch m.Kind {
	case channel.KindPublished, channel.KindReactionAdded, channel.KindReactionRemoved, channel.KindStorageUpdated, channel.KindStorageData:
		if m.Data == nil {
			word("null")
		}
		word(string(m.Data))
	}
	switch m.Kind {
	case channel.KindSubscriptionCount:
		word(fmt.Sprint(m.Count))
	case channel.KindSignedIn:
		word(string(m.Data))
	case channel.KindWatchlist:
		word(fmt.Sprintf("online=%v offline=%v", m.Watched.Online, m.Watched.Offline))
	}
	if m.Auto {
		word("auto")
	}
	if m.Alias != "" {
		word("alias=" + m.Alias)
	}
	if m.Meta != nil {
		if m.Meta.UID != "" {
			word("uid=" + m.Meta.UID)
		}
		if m.Meta.UMD != nil {
			word("umd=" + string(m.Meta.UMD))
		}
	}
	if m.Member.UID != "" {
		word("member=" + member(m.Member))
	}
	if m.Members != nil {
		var all []string
		for _, x := range m.Members {
			all = append(all, member(x))
		}
		word("members=[" + strings.Join(all, " ") + "]")
	}
	if r := m.Resume; r != nil {
		word(fmt.Sprintf("seq=%d", r.Seq))
		if r.Returned {
			word(fmt.Sprintf("recovered=%v", r.Recovered))
		}
		if r.Recovered {
			word(fmt.Sprintf("missed=%d", r.Missed))
		} else {
			word(fmt.Sprintf("snapshot=%d", r.Snapshot))
		}
		word("#" + r.Epoch)
	}
	if m.Err != nil {
		word(m.Err.Code)
	}
	word(m.Ref)
	if m.Kind == channel.KindAck && m.Seq != 0 {
		word(fmt.Sprintf("seq=%d", m.Seq))
	}
	if m.Conn != nil {
		word("#" + m.Conn.Secret)
	}
	if m.Written != nil {
		for _, e := range m.Written.Entries {
			w := e.Key
			if e.Version != 0 {
				w += fmt.Sprintf("@%d", e.Version)
			}
			if e.Data != nil {
				w += "=" + string(e.Data)
			}
			word(w)
		}
	}
	if !m.ID.IsZero() {
		word("#" + m.ID.String())
	}
	return b.Bytes()
}

// AppendNumbered adds a message's number, "seq=17".
func (Text) AppendNumbered(frame []byte, m *channel.Message) []byte {
	if m.Number == 0 {
		return frame
	}
	line, id, ok := strings.Cut(string(frame), " #")
	line = fmt.Sprintf("%s seq=%d", line, m.Number)
	if ok {
		line += " #" + id
	}
	return []byte(line)
}

func member(m channel.Member) string {
	if m.UMD == nil {
		return m.UID
	}
	return m.UID + "=" + string(m.UMD)
}
