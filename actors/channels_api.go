package actors

import (
	"context"
	"slices"
	"strings"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/channel"
)

// ChannelName is a channel in a list.
type ChannelName struct {
	Name   string
	Active bool // somebody is subscribed, or somebody waits for it
}

// Channels lists up to limit channels of app whose names begin with prefix and are greater than after, in byte
// order: those that keep something, and those that are in use on this node. more says that there are others.
//
// Errors: a fault of the store.
func (s *System) Channels(app, prefix, after string, limit int) (page []ChannelName, more bool, err error) {
	active := map[string]bool{}
	s.directory.each(func(a Address, h *handle) {
		if a.App == app && a.Kind == KindChannel && a.Name > after && strings.HasPrefix(a.Name, prefix) && h.needed.Load() {
			active[a.Name] = true
		}
	})
	for name := range active {
		page = append(page, ChannelName{name, true})
	}
	known, err := s.options.Store.Addresses(app, KindChannel, max(after, justBefore(prefix)), limit+1)
	if err != nil {
		return nil, false, err
	}
	for _, a := range known {
		if strings.HasPrefix(a.Name, prefix) && !active[a.Name] {
			page = append(page, ChannelName{Name: a.Name})
		}
	}
	slices.SortFunc(page, func(a, b ChannelName) int { return strings.Compare(a.Name, b.Name) })
	if len(page) > limit {
		page, more = page[:limit], true
	}
	return page, more, nil
}

// justBefore returns a name that is less than all that begin with prefix, and greater than almost all others.
func justBefore(prefix string) string {
	if prefix == "" {
		return ""
	}
	last := len(prefix) - 1
	if prefix[last] == 0 {
		return prefix[:last]
	}
	return prefix[:last] + string([]byte{prefix[last] - 1}) + strings.Repeat("\xff", 8)
}

// HistoryRequest reads a channel's stored messages as those who run the server see them: all of them.
type HistoryRequest struct {
	Channel       string
	Event         string    // "": any
	After, Before ulid.ULID // exclusive; zero: open
	Reverse       bool
	Limit         int // 1 to 100; 0: 100
}

// History reads stored messages.
//
// Errors: *channel.Error, or ctx's.
func (s *System) History(ctx context.Context, app string, r HistoryRequest) (*channel.Messages, error) {
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), &channel.ListMessages{
		Event: r.Event, After: r.After, Before: r.Before, Reverse: r.Reverse,
		Limit: pageLimit(r.Limit), Bytes: s.options.PageBytes,
	})
	if err != nil {
		return nil, err
	}
	return result.(*channel.Messages), nil
}

// DeleteMessage removes one stored message, and returns once that is durable. Nobody is told.
//
// Errors: channel.ErrMessageNotFound, any other *channel.Error, or ctx's.
func (s *System) DeleteMessage(ctx context.Context, app, name string, id ulid.ULID) error {
	_, err := s.askAndWait(ctx, channelAddress(app, name), &channel.DeleteMessage{ID: id})
	return err
}

// DeleteChannel removes everything that a channel keeps, and returns once that is durable. Subscribers stay;
// observers read each entry cleared.
//
// Errors: *channel.Error, or ctx's.
func (s *System) DeleteChannel(ctx context.Context, app, name string, from Origin) error {
	_, err := s.askAndWait(ctx, channelAddress(app, name), &channel.Delete{Sender: from.sender()})
	return err
}
