package actors

import (
	"context"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// pageBytes ends a page of entries or messages: 100 values of the greatest size always fit in it, unless the
// size was raised.
const pageBytes = 4 << 20

// maxPage is how many entries or messages one page has at most.
const maxPage = 100

// Publish sends a backend's message and returns once it is durable, if it is stored, or decided, if not.
// The names must have been checked.
//
// Errors: *channel.Error, or ctx's: then it may have been sent or not.
func (s *System) Publish(ctx context.Context, app string, r PublishRequest) (*channel.Published, error) {
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), &channel.Publish{
		Sender:          r.Origin.sender(),
		Event:           r.Event,
		Data:            r.Data,
		Emit:            r.Emit,
		Store:           r.Store,
		Server:          true,
		DeduplicationID: r.DeduplicationID,
	})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Published), nil
}

// SetStorage writes, or clears, one entry, and returns once that is durable. The names must have been
// checked.
//
// Errors: *channel.Error, or ctx's: then it may have been written or not.
func (s *System) SetStorage(ctx context.Context, app string, r SetStorageRequest) error {
	if s.tooBusy() {
		return channel.ErrUnavailable
	}
	_, err := s.askAndWait(ctx, channelAddress(app, r.Channel), &channel.SetStorage{
		Sender: r.Origin.sender(),
		Key:    r.Key,
		Data:   r.Data,
		Store:  r.Store,
		Emit:   r.Emit,
		Server: true,

		NotifyExpiry: s.notifyExpiry,
	})
	return err
}

// ChannelInfo reads who is subscribed. A channel that was never used has nobody.
//
// Errors: *channel.Error, or ctx's.
func (s *System) ChannelInfo(ctx context.Context, app, name string) (*channel.Info, error) {
	result, err := s.askAndWait(ctx, channelAddress(app, name), &channel.GetInfo{})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Info), nil
}

// ListStorage reads a page of a channel's storage.
//
// Errors: *channel.Error, or ctx's.
func (s *System) ListStorage(ctx context.Context, app string, r ListStorageRequest) (*channel.Entries, error) {
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), &channel.ListStorage{
		Keys:  r.Keys,
		After: r.After,
		Limit: pageLimit(r.Limit),
		Bytes: pageBytes,
	})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Entries), nil
}

// ListMessages reads stored messages as a live connection may see them.
//
// Errors: channel.ErrUnauthorized if there is no such connection or the secret is wrong, any other
// *channel.Error, or ctx's.
func (s *System) ListMessages(ctx context.Context, app string, r ListMessagesRequest) (*channel.Messages, error) {
	result, err := s.askConnection(ctx, app, r.ConnectionID, r.Secret, func(a *connectionActor, reply func(any, error)) {
		cmd, err := r.command()
		if err != nil {
			reply(nil, err)
			return
		}
		a.askSubscribed(r.Channel, cmd, reply)
	})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Messages), nil
}

func (r *ListMessagesRequest) command() (*channel.ListMessages, error) {
	cmd := &channel.ListMessages{ConnectionID: r.ConnectionID, Reverse: r.Reverse, Limit: pageLimit(r.Limit), Bytes: pageBytes, ExpandReactions: r.ExpandReactions}
	for _, id := range []struct {
		name, text string
		into       *ulid.ULID
	}{{"after", r.After, &cmd.After}, {"before", r.Before, &cmd.Before}} {
		if id.text == "" {
			continue
		}
		parsed, err := ulid.ParseStrict(id.text)
		if err != nil {
			return nil, channel.ErrInvalidMessage.With("%s must be a message id, 26 characters.", id.name)
		}
		*id.into = parsed
	}
	return cmd, nil
}

// askSubscribed hands a command to the channel behind a name, which is refused if the connection has nothing
// to do with it.
func (a *connectionActor) askSubscribed(name string, cmd any, reply func(any, error)) {
	real, m := a.resolve(name)
	if err := claims.CheckChannel(real); err != nil {
		reply(nil, channel.ErrInvalidChannel.With("%s.", sentence(err)))
		return
	}
	if m == nil {
		reply(nil, channel.ErrNotSubscribed)
		return
	}
	a.system.router.tell(a.channel(real), &ask{cmd: cmd, reply: reply})
}

// tooBusy reports that the store's queue is over its bound, so that servers must come again later. Clients
// are held back by their sockets instead.
func (s *System) tooBusy() bool { return s.options.Store.Congested() }

func pageLimit(n int) int {
	if n <= 0 || n > maxPage {
		return maxPage
	}
	return n
}

func (o Origin) sender() channel.Sender {
	return channel.Sender{Trigger: o.Trigger, SourceIP: o.SourceIP, UserAgent: o.UserAgent, RequestID: o.RequestID}
}
