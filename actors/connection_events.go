package actors

import (
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors/courier"
	"dormouse/persistence"
)

// The events of connections, which belong to no channel.
const (
	eventConnected    = "hotsock.connected"
	eventDisconnected = "hotsock.disconnected"
	eventUpdated      = "hotsock.connectionUpdated"
)

// A connectionRecord is what backends hear of a connection. While it is open it is listed in the store
// too, so that its end can be told after a crash. Its fields are in the order of the docs.
//
// Source: Hotsock docs, Pub/Sub Events, "Connection".
type connectionRecord struct {
	ID             string         `json:"id"`
	ConnectedAt    moment         `json:"connectedAt"`
	DisconnectedAt *moment        `json:"disconnectedAt"`
	KeepAlive      bool           `json:"keepAlive"`
	SourceIP       *string        `json:"sourceIp"`
	UID            *string        `json:"uid"`
	UMD            jsontext.Value `json:"umd"`
	UserAgent      *string        `json:"userAgent"`
}

// A moment is written with all nine digits after its second: in RFC 3339, in UTC, of one length.
//
// Source: Hotsock docs, Pub/Sub Events, "hotsock.disconnected".
type moment time.Time

// MarshalText implements encoding.TextMarshaler.
func (m moment) MarshalText() ([]byte, error) {
	const layout = "2006-01-02T15:04:05.000000000Z07:00"
	return time.Time(m).UTC().AppendFormat(make([]byte, 0, len(layout)), layout), nil
}

// UnmarshalText implements encoding.TextUnmarshaler. It takes any number of digits.
func (m *moment) UnmarshalText(text []byte) error { return (*time.Time)(m).UnmarshalText(text) }

func (a *connectionActor) record() connectionRecord {
	r := connectionRecord{
		ID: a.connection.id, ConnectedAt: moment(a.connectedAt), KeepAlive: a.claims.KeepAlive,
		SourceIP: orNull(a.request.SourceIP), UID: orNull(a.uid), UMD: jsontext.Value("null"), UserAgent: orNull(a.request.UserAgent),
	}
	if a.umd != nil {
		r.UMD = a.umd
	}
	return r
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (r *connectionRecord) append() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("actors: a connection's record: " + err.Error()) // its umd was checked with the token
	}
	return b
}

// wantsConnection says whether anybody is told of this event of connections.
func (s *System) wantsConnection(eventType string) bool {
	c := s.courier.Load()
	return c != nil && c.Wants(eventType, courier.Types[eventType], "")
}

// writeConnection queues an event of a connection. Those of one connection keep their order.
func (s *System) writeConnection(eventType, app string, r *connectionRecord, now time.Time) persistence.Write {
	e := courier.Event{App: app, Type: eventType, DataType: courier.Types[eventType], Data: r.append()}
	// No channel's name has a space.
	return courier.Write(e, " "+r.ID, now, entropy)
}

// emitConnected tells backends that the connection is open, and notes that it is. It returns true if the
// client has to wait until that is on disk: opened comes then.
func (a *connectionActor) emitConnected() bool {
	s := a.system
	told, noted := s.wantsConnection(eventConnected), s.wantsConnection(eventDisconnected)
	if !told && !noted {
		return false
	}
	r := a.record()
	var writes []persistence.Write
	if told {
		writes = append(writes, s.writeConnection(eventConnected, a.request.App, &r, a.connectedAt))
	}
	if noted {
		writes = append(writes, note(a.request.App, &r))
	}
	if s.options.Store.Health().ReadOnly {
		s.options.Store.Commit(writes, persistence.Sync, nil)
		return false // it may not be on disk before there is room
	}
	handle := a.handle
	s.options.Store.Commit(writes, persistence.Sync, func() { handle.post(opened{}) })
	return true
}

// journal is where open connections are listed, by id: no app has such a name, so that all are in one place.
const journal = "!connections"

// A journalNote is a connection that is open.
type journalNote struct {
	App    string           `json:"app"`
	Record connectionRecord `json:"record"`
}

// note lists an open connection.
func note(app string, r *connectionRecord) persistence.Write {
	b, err := json.Marshal(journalNote{app, *r})
	if err != nil {
		panic("actors: a connection's note: " + err.Error()) // as in append
	}
	return persistence.List(journal, r.ID, b)
}

// emitUpdated tells backends that the connection has another umd. When that is on disk, done, which must
// not block, runs; false: done will not run.
func (a *connectionActor) emitUpdated(done func()) bool {
	s := a.system
	told, noted := s.wantsConnection(eventUpdated), s.wantsConnection(eventDisconnected)
	if !told && !noted {
		return false
	}
	r := a.record()
	var writes []persistence.Write
	if told {
		writes = append(writes, s.writeConnection(eventUpdated, a.request.App, &r, s.clock.now()))
	}
	if noted {
		writes = append(writes, note(a.request.App, &r))
	}
	if s.options.Store.Health().ReadOnly {
		done = nil // it may not be on disk before there is room
	}
	s.options.Store.Commit(writes, persistence.Sync, done)
	return done != nil
}

// A farewell tells backends that a connection has ended, after all that its end brings about in channels.
type farewell struct {
	left atomic.Int64
	say  func() // nil: nobody wants to know
}

// farewell begins one. The connection itself counts for one.
func (a *connectionActor) farewell() *farewell {
	f := new(farewell)
	s := a.system
	if !s.wantsConnection(eventDisconnected) {
		return f
	}
	f.left.Store(1)
	r, app, now := a.record(), a.request.App, s.clock.now()
	r.DisconnectedAt = (*moment)(&now)
	f.say = func() {
		s.options.Store.Commit([]persistence.Write{
			s.writeConnection(eventDisconnected, app, &r, now),
			persistence.Unlist(journal, r.ID),
		}, persistence.Sync, nil)
	}
	return f
}

// channel returns what one channel's answer is given to.
func (f *farewell) channel() func(any, error) {
	if f.say == nil {
		return nil
	}
	f.left.Add(1)
	return func(any, error) { f.connection() }
}

// connection notes that one is left.
func (f *farewell) connection() {
	if f.say != nil && f.left.Add(-1) == 0 {
		f.say()
	}
}

// journalAtOnce is how many ends one commit tells of.
const journalAtOnce = 256

// endOpenConnections tells of connections that were open when the last process ended without a word: they
// have ended, at the latest by now.
func (s *System) endOpenConnections() error {
	now := s.clock.now()
	var writes []persistence.Write
	commit := func() {
		if len(writes) > 0 {
			s.options.Store.Commit(writes, persistence.Sync, nil)
			writes = nil
		}
	}
	wanted := s.wantsConnection(eventDisconnected)
	err := s.options.Store.Listing(journal, "", "", func(id string, value []byte) bool {
		var n journalNote
		if err := json.Unmarshal(value, &n); err != nil {
			s.options.Logger.Error("a connection's note cannot be read", "connection", id, "error", err)
		} else if wanted {
			n.Record.DisconnectedAt = (*moment)(&now)
			writes = append(writes, s.writeConnection(eventDisconnected, n.App, &n.Record, now))
		}
		if writes = append(writes, persistence.Unlist(journal, id)); len(writes) >= 2*journalAtOnce {
			commit()
		}
		return true
	})
	commit()
	return err
}
