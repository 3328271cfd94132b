package courier

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"
)

// Source is the source of every event. ProtocolVersion is the level of the protocol whose events these are.
//
// Source: Hotsock docs, Pub/Sub Events.
const (
	Source          = "hotsock.v1"
	ProtocolVersion = "1.13.5"
)

// Types are all types of events, with their data types.
var Types = map[string]string{
	"hotsock.connected":              "connection",
	"hotsock.disconnected":           "connection",
	"hotsock.connectionUpdated":      "connection",
	"hotsock.subscribed":             "subscription",
	"hotsock.unsubscribed":           "subscription",
	"hotsock.channelUpdated":         "channel",
	"hotsock.messagePublished":       "message",
	"hotsock.channelStorageUpdated":  "channelStorage",
	"hotsock.messageReactionAdded":   "messageReaction",
	"hotsock.messageReactionRemoved": "messageReaction",
	"hotsock.memberAdded":            "channelMember",
	"hotsock.memberUpdated":          "channelMember",
	"hotsock.memberRemoved":          "channelMember",
}

// An Event is one backend event on its way. Emitters must not change it.
type Event struct {
	ID       ulid.ULID // the same in each attempt, replay and after a restart; its time is when it happened
	App      string
	Type     string // one of Types
	DataType string
	// Metadata is what the envelope says of the event, but for the versions, in order of the names.
	Metadata []Attribute
	Data     []byte // one compact JSON object

	to     string // the one endpoint that a replay is for; "": all
	queued int64  // unix ms; RetryFor counts from here
	server string // version of the server
}

// An Attribute is one name and value of an event's metadata.
type Attribute struct{ Name, Value string }

// At returns when the event happened, to the millisecond.
func (e *Event) At() time.Time { return ulid.Time(e.ID.Time()).UTC() }

// Channel returns the channel that the event is of, "" if it is of none.
func (e *Event) Channel() string { return e.Attribute("channel") }

// Attribute returns a value of the metadata, "" if it is not there.
func (e *Event) Attribute(name string) string {
	i, ok := slices.BinarySearchFunc(e.Metadata, name, func(a Attribute, name string) int { return strings.Compare(a.Name, name) })
	if !ok {
		return ""
	}
	return e.Metadata[i].Value
}

// AppendEnvelope appends the event as backends read it: one compact JSON object. Its metadata is in order of the
// names, the versions among them.
func (e *Event) AppendEnvelope(b []byte) []byte {
	b = appendQuoted(append(b, `{"source":"`+Source+`","type":`...), e.Type)
	b = append(b, `,"metadata":{`...)
	versions := []Attribute{{"hotsockVersion", ProtocolVersion}, {"serverVersion", e.server}}
	if e.server == "" {
		versions = versions[:1]
	}
	for _, a := range e.Metadata {
		for len(versions) > 0 && versions[0].Name < a.Name {
			b, versions = versions[0].appendMember(b), versions[1:]
		}
		b = a.appendMember(b)
	}
	for _, a := range versions {
		b = a.appendMember(b)
	}
	b[len(b)-1] = '}' // in the place of the last comma
	b = append(append(b, `,"data":`...), e.Data...)
	return append(appendQuoted(append(b, `,"dataType":`...), e.DataType), '}')
}

// appendMember appends the attribute as an object's member, and a comma.
func (a Attribute) appendMember(b []byte) []byte {
	return append(appendQuoted(append(appendQuoted(b, a.Name), ':'), a.Value), ',')
}

func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s) // the error says that s was not UTF-8, which is replaced
	return b
}

const eventVersion = 1

var errEvent = errors.New("the event is not readable by this version")

// encode writes the event as the outbox keeps it.
func (e *Event) encode() []byte {
	size := 64 + len(e.Data)
	for _, a := range e.Metadata {
		size += len(a.Name) + len(a.Value) + 4
	}
	b := make([]byte, 0, size)
	b = append(append(b, eventVersion), e.ID[:]...)
	b = binary.AppendUvarint(b, uint64(e.queued))
	b = appendText(appendText(appendText(b, e.to), e.Type), e.DataType)
	b = binary.AppendUvarint(b, uint64(len(e.Metadata)))
	for _, a := range e.Metadata {
		b = appendText(appendText(b, a.Name), a.Value)
	}
	return append(b, e.Data...)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func decodeEvent(b []byte) (*Event, error) {
	e := new(Event)
	if len(b) < 1+len(e.ID) || b[0] != eventVersion {
		return nil, errEvent
	}
	r := reader{b: b[1+copy(e.ID[:], b[1:]):]}
	e.queued = int64(r.number())
	e.to, e.Type, e.DataType = r.text(), r.text(), r.text()
	n := r.number()
	if n > uint64(len(r.b)) {
		return nil, errEvent
	}
	e.Metadata = make([]Attribute, n)
	for i := range e.Metadata {
		e.Metadata[i] = Attribute{r.text(), r.text()}
	}
	if r.bad {
		return nil, errEvent
	}
	e.Data = r.b
	return e, nil
}

// A reader takes a value apart from the front; after the first thing that does not fit it is bad.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
