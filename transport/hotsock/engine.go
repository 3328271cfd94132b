package hotsock

import (
	"context"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// An engine is what this package uses of *actors.System; see there for each method's contract.
type engine interface {
	Admit(ctx context.Context, r actors.ConnectRequest) (admission, error)
	Publish(ctx context.Context, app string, r actors.PublishRequest) (*channel.Published, error)
	SetStorage(ctx context.Context, app string, r actors.SetStorageRequest) error
	ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error)
	ListStorage(ctx context.Context, app string, r actors.ListStorageRequest) (*channel.Entries, error)
	ListReactions(ctx context.Context, app string, r actors.ListReactionsRequest) (*channel.Reactions, error)
	ListMessages(ctx context.Context, app string, r actors.ListMessagesRequest) (*channel.Messages, error)
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

type admitted struct{ *actors.Admission }

func (a admitted) Open(sink channel.Sink) connection { return a.Admission.Open(sink) }
