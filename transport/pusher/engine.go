package pusher

import (
	"context"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// An engine is what this package uses of *actors.System; see there for each method's contract.
type engine interface {
	// Tenant is everything that belongs to one app: namespace is one of [claims.App.Namespace], and so comes from the
	// record of an app that was looked up, never from a request.
	Tenant(namespace string) tenant
}

// A tenant is an actors.Tenant. Names have been checked by whoever calls it.
type tenant interface {
	Admit(r actors.GuestRequest) (guest, error)
	CloseAll(c channel.Close) int
	Size() (connections, channels int)
	SendToUser(user string, e actors.Event) int
	Terminate(user string, members bool, c channel.Close) int
	Publish(ctx context.Context, events []actors.Event) ([]actors.Counts, error)
	Channels(prefix, after string, limit int) (page []actors.Occupied, more bool)
	Counts(name string) actors.Counts
	Members(ctx context.Context, name string) ([]channel.Member, error)
	Cached(ctx context.Context, name string) (*channel.Cached, error)
	SetEntry(ctx context.Context, name, key string, data []byte, store int64) error
	Entry(ctx context.Context, name, key string) (*channel.Entry, error)
	Entries(ctx context.Context, name, after string, limit int) (*channel.Entries, error)
}

// A guest is an *actors.Guest.
type guest interface {
	Subscribe(r actors.Join) error
	Unsubscribe(name string)
	Joined(name string) bool
	ClientEvent(name, event string, data []byte)
	SignIn(u actors.SignIn) error
	Closed()
}

// system is an engine of an *actors.System.
type system struct{ *actors.System }

func (s system) Tenant(namespace string) tenant { return admitting{s.System.Tenant(namespace)} }

type admitting struct{ actors.Tenant }

func (t admitting) Admit(r actors.GuestRequest) (guest, error) {
	g, err := t.Tenant.Admit(r)
	if err != nil {
		return nil, err
	}
	return g, nil
}
