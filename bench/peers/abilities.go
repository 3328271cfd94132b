package peers

import (
	"context"
	"time"
)

// What follows are abilities that not every peer has: a dialect that has one implements it, and a scenario
// that needs it names only such peers.

// Presence is a dialect of a peer whose channels know their members, and tell each of them who comes and goes.
type Presence interface {
	// PresenceChannel is the channel of that kind that is called name.
	PresenceChannel(name string) string
	// Unsubscribe makes the client leave; nothing need come back.
	Unsubscribe(dst []byte, channel string) []byte
	// Member reads a frame of the kind [Membership]: who it is, valid as long as the frame, and whether they
	// came or went. members is how many there are by the list in the frame, -1 if it has none.
	Member(frame []byte) (uid []byte, joined bool, members int)
}

// History is a dialect of a peer that keeps messages, and gives them back page by page.
type History interface {
	// Store publishes data as Publish does, and has it kept. Who does it needs the rights Publish and Store.
	// The peer acknowledges it once it is durable, in the order in which one client stores.
	Store(dst []byte, channel string, data []byte) []byte
	// Page reads what is stored on a channel behind a message, the oldest first; after is the Last of the page
	// before, "" begins. Any goroutine may call it.
	Page(ctx context.Context, s *Server, channel, after string) (Page, error)
}

// A Page is a part of a channel's history.
type Page struct {
	Body []byte   // has the data of its messages, as it was stored, in their order, and perhaps other things
	IDs  []string // of its messages
	Done bool     // there is nothing behind it
}

// Last names the page's last message.
func (p Page) Last() string {
	if len(p.IDs) == 0 {
		return ""
	}
	return p.IDs[len(p.IDs)-1]
}

// Schedules is a dialect of a peer that publishes later, by itself. It has a History too.
type Schedules interface {
	History
	// Schedule has one message published on each of some channels at a time, a whole second, and kept. data
	// appends that of the channel with an index. Any goroutine may call it.
	Schedule(ctx context.Context, s *Server, at time.Time, channels []string, data func(dst []byte, i int) []byte) error
	// Published is when a message was published, by its id, to the millisecond.
	Published(id string) (time.Time, error)
}

// Events is a dialect of a peer that tells backends, by HTTP, what clients with the right Emit publish.
type Events interface {
	// Endpoint are the settings with which a peer posts events to a URL, to it alone.
	Endpoint(url string) map[string]any
}
