package actors

import (
	"context"

	"dormouse/actors/channel"
)

// maxPage is how many entries or messages one page has at most.
const maxPage = 100

// listedAtOnce is how many entries one step of a list reads. What a token may get can be rare among any number of them,
// such as *.public or an expression, and the channel's other commands are not to wait until all are looked at.
const listedAtOnce = 1000

// Publish sends a backend's message and returns once it is durable, if it is stored, or decided, if not.
// The names must have been checked.
//
// Errors: *channel.Error, or ctx's: then it may have been sent or not.
func (s *System) Publish(ctx context.Context, app string, r PublishRequest) (*channel.Published, error) {
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), r.command(s))
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
	_, err := s.askAndWait(ctx, channelAddress(app, r.Channel), r.command(s))
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
	cmd := &channel.ListStorage{Keys: r.Keys, After: r.After, Limit: pageLimit(r.Limit), Bytes: s.options.StoragePageBytes, Allow: r.Allow, Within: r.Within, Visit: listedAtOnce}
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), cmd)
	if err != nil {
		return nil, err
	}
	return result.(*channel.Entries), nil
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

// sender is who a backend's command comes from.
func (o Origin) sender() channel.Sender {
	return channel.Sender{Trigger: o.Trigger, SourceIP: o.SourceIP, UserAgent: o.UserAgent, RequestID: o.RequestID}
}
