package hotsock

import (
	"context"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/actors/courier"
	"dormouse/claims"
)

// An engine is what this package uses of *actors.System; see there for each method's contract.
type engine interface {
	Admit(ctx context.Context, r actors.ConnectRequest) (admission, error)
	Publish(ctx context.Context, app string, r actors.PublishRequest) (*channel.Published, error)
	React(ctx context.Context, app string, r actors.ReactRequest) (*channel.Published, error)
	PublishBatch(ctx context.Context, app string, items []actors.Publication) []actors.Outcome
	Authorize(app, token string, use claims.Scope) (*claims.Claims, error)
	Spend(app string, c *claims.Claims) error
	Refund(app string, c *claims.Claims)
	MaySchedule(app, who string, n int) error
	SetStorage(ctx context.Context, app string, r actors.SetStorageRequest) error
	SchedulePublication(ctx context.Context, app string, r actors.Publication) (*channel.Scheduled, error)
	Schedules(ctx context.Context, app, name, after string, limit int) (*channel.Schedules, error)
	Schedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error)
	CancelSchedule(ctx context.Context, app, id string) (*channel.ScheduleInfo, error)
	WriteStorage(ctx context.Context, app string, r actors.WriteStorageRequest) (*channel.StorageWritten, error)
	ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error)
	ListStorage(ctx context.Context, app string, r actors.ListStorageRequest) (*channel.Entries, error)
	Client(app, connectionID, secret string) (client, error)
	manager
}

// A manager is what those who run the server ask an engine for.
type manager interface {
	Channels(app, prefix, after string, limit int) ([]actors.ChannelName, bool, error)
	DeleteChannel(ctx context.Context, app, name string, from actors.Origin) error
	History(ctx context.Context, app string, r actors.HistoryRequest) (*channel.Messages, error)
	DeleteMessage(ctx context.Context, app, name string, id ulid.ULID) error
	Connections(app, uid, after string, limit int) ([]actors.ConnectionState, bool)
	Connection(ctx context.Context, app, id string) (actors.ConnectionState, error)
	Kick(app, id string) error
	KickUser(app, uid string) int
	Evict(ctx context.Context, app, id, name string) error
	Revoke(r claims.Revocation) (int, error)
	Unrevoke(r claims.Revocation) error
	Revocations(app string) []claims.Revocation
	Tail(ctx context.Context, app, name string, o actors.TailOptions) (*actors.Tail, error)
	Courier() *courier.Courier
}

// A client is an *actors.Client.
type client interface {
	Do(ctx context.Context, from actors.Origin, cmd actors.Command) (actors.Answer, error)
}

// An admission is an *actors.Admission.
type admission interface {
	Open(sink channel.Sink) connection
}

// A connection is an *actors.Connection.
type connection interface {
	Send(cmd actors.Command)
	Closed()
}

// system is an engine of an *actors.System.
type system struct{ *actors.System }

func (s system) Admit(ctx context.Context, r actors.ConnectRequest) (admission, error) {
	a, err := s.System.Admit(ctx, r)
	if err != nil {
		return nil, err
	}
	return admitted{a}, nil
}

func (s system) Client(app, connectionID, secret string) (client, error) {
	c, err := s.System.Client(app, connectionID, secret)
	if err != nil {
		return nil, err
	}
	return c, nil
}

type admitted struct{ *actors.Admission }

func (a admitted) Open(sink channel.Sink) connection { return a.Admission.Open(sink) }
