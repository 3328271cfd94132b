package hotsock

import (
	"context"

	"dormouse/actors"
	"dormouse/actors/channel"
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
	SetStorage(ctx context.Context, app string, r actors.SetStorageRequest) error
	ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error)
	ListStorage(ctx context.Context, app string, r actors.ListStorageRequest) (*channel.Entries, error)
	Client(app, connectionID, secret string) (client, error)
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
