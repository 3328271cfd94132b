package pusher

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A managedApp is an app in a list. Its key is public: every page that connects to it has it.
type managedApp struct {
	ID          string `json:"id"`
	Key         string `json:"key"`
	Enabled     bool   `json:"enabled"`
	Connections int    `json:"connections"`
	Channels    int    `json:"channels"` // that are occupied
}

func (m *manager) managed(app *claims.App) managedApp {
	v := managedApp{ID: app.ID, Key: app.Key, Enabled: app.Enabled}
	v.Connections, v.Channels = m.h.o.engine.Tenant(app.Namespace()).Size()
	return v
}

// apps serves GET /admin/apps?prefix=&after=&limit=&connected=true: the apps that are at hand, by id, or those of them
// that somebody is connected to.
func (m *manager) apps(c *manageCall) (any, error) {
	page, more := []*claims.App(nil), false
	prefix, after := c.query.Get("prefix"), c.query.Get("after")
	lister, ok := m.h.o.Apps.(claims.AppLister)
	if c.query.Get("connected") == "true" || !ok {
		page, more = m.h.present.list(prefix, after, c.limit)
	} else {
		page, more = lister.Known(prefix, after, c.limit)
	}
	all := make([]managedApp, len(page))
	for i, app := range page {
		all[i] = m.managed(app)
	}
	return struct {
		Apps []managedApp `json:"apps"`
		More bool         `json:"more"`
	}{all, more}, nil
}

// list returns the apps that somebody is connected to, as claims.AppLister's Known does.
func (ps *presentApps) list(prefix, after string, limit int) (page []*claims.App, more bool) {
	ps.mu.Lock()
	for id, p := range ps.byID {
		if id > after && strings.HasPrefix(id, prefix) {
			page = append(page, p.record.Load())
		}
	}
	ps.mu.Unlock()
	slices.SortFunc(page, func(a, b *claims.App) int { return strings.Compare(a.ID, b.ID) })
	if len(page) > limit {
		return slices.Clip(page[:limit]), true
	}
	return page, false
}

// A wholeApp is one app with all that may be told of it. Limits that do not limit are null.
type wholeApp struct {
	managedApp
	At       int64          `json:"at"` // of its counts, in milliseconds since 1970
	Counts   appCounts      `json:"counts"`
	Switches appSwitches    `json:"switches"`
	Limits   map[string]any `json:"limits"`
	Webhooks int            `json:"webhooks"`
}

// appCounts are totals since the server began.
type appCounts struct {
	Opened    uint64 `json:"opened"` // connections
	Closed    uint64 `json:"closed"`
	FramesIn  uint64 `json:"framesIn"`
	FramesOut uint64 `json:"framesOut"`
	BytesIn   uint64 `json:"bytesIn"`
	BytesOut  uint64 `json:"bytesOut"`
	Calls     uint64 `json:"calls"` // of the HTTP API, with a good signature
}

type appSwitches struct {
	ClientMessages       bool `json:"clientMessages"`
	ClientEventsOnPublic bool `json:"clientEventsOnPublic"`
	UserAuthentication   bool `json:"userAuthentication"`
	SubscriptionCount    bool `json:"subscriptionCount"`
	Watchlist            bool `json:"watchlist"`
	StorageEvents        bool `json:"storageEvents"`
}

// app serves GET /admin/apps/{id}, for which the place where apps are kept is asked if it is not at hand.
func (m *manager) app(c *manageCall) (any, error) {
	app, err := m.h.o.Apps.ByID(c.ctx, c.names[0])
	if err != nil {
		return nil, err
	}
	s := m.h.tallies.statsOf(app.ID)
	return wholeApp{
		managedApp: m.managed(app),
		At:         m.h.o.now().UnixMilli(),
		Counts:     appCounts{s.Opened, s.Closed, s.FramesIn, s.FramesOut, s.BytesIn, s.BytesOut, s.Calls},
		Switches: appSwitches{
			app.EnableClientMessages, app.AllowClientEventsOnPublic, app.EnableUserAuthentication, app.EnableSubscriptionCount, app.EnableWatchlist,
			app.EnableStorageEvents,
		},
		Limits: map[string]any{
			"connections": unlessUnlimited(app.MaxConnections), "backendEventsPerSecond": unlessUnlimited(app.MaxBackendEventsPerSecond),
			"clientEventsPerSecond": unlessUnlimited(app.MaxClientEventsPerSecond), "readRequestsPerSecond": unlessUnlimited(app.MaxReadRequestsPerSecond),
			"presenceMembers": app.MaxPresenceMembersPerChannel, "presenceMemberSizeInKB": app.MaxPresenceMemberSizeInKB,
			"channelNameLength": app.MaxChannelNameLength, "eventChannels": app.MaxEventChannelsAtOnce, "eventNameLength": app.MaxEventNameLength,
			"eventPayloadInKB": app.MaxEventPayloadInKB, "eventBatch": app.MaxEventBatchSize,
		},
		Webhooks: len(app.Webhooks),
	}, nil
}

func unlessUnlimited(limit int) any {
	if limit == claims.Unlimited {
		return nil
	}
	return limit
}

// A managedChannel is a channel in a list. UserCount is of presence channels only.
type managedChannel struct {
	Name              string `json:"name"`
	SubscriptionCount int    `json:"subscriptionCount"`
	UserCount         *int   `json:"userCount,omitempty"`
}

func managedChannelOf(name string, subscriptions, users int) managedChannel {
	ch := managedChannel{Name: name, SubscriptionCount: subscriptions}
	if kindOf(name).members {
		ch.UserCount = &users
	}
	return ch
}

// channels serves GET /admin/apps/{id}/channels?prefix=&after=&limit=: the occupied channels of an app, by name.
func (m *manager) channels(c *manageCall) (any, error) {
	app, err := m.h.o.Apps.ByID(c.ctx, c.names[0])
	if err != nil {
		return nil, err
	}
	page, more := m.h.o.engine.Tenant(app.Namespace()).Channels(c.query.Get("prefix"), c.query.Get("after"), c.limit)
	all := make([]managedChannel, len(page))
	for i := range page {
		all[i] = managedChannelOf(page[i].Name, page[i].Subscriptions, page[i].Members)
	}
	return struct {
		Channels []managedChannel `json:"channels"`
		More     bool             `json:"more"`
	}{all, more}, nil
}

// A keptEvent is what a cache channel has for those who come.
type keptEvent struct {
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
	ExpiresAt string          `json:"expiresAt"` // with milliseconds
}

// channel serves GET /admin/apps/{id}/channels/{name}. A channel that was never used, or could not be, has nobody. cached
// is of cache channels only, and null while they keep nothing.
func (m *manager) channel(c *manageCall) (any, error) {
	app, err := m.h.o.Apps.ByID(c.ctx, c.names[0])
	if err != nil {
		return nil, err
	}
	name := c.names[1]
	if !isChannelOf(app, name) {
		return managedChannelOf(name, 0, 0), nil
	}
	tenant := m.h.o.engine.Tenant(app.Namespace())
	counts := tenant.Counts(name)
	ch := managedChannelOf(name, counts.Subscriptions, counts.Members)
	if !kindOf(name).cached {
		return ch, nil
	}
	kept, err := tenant.Cached(c.ctx, name)
	if err != nil {
		return nil, err
	}
	whole := struct {
		managedChannel
		Cached *keptEvent `json:"cached"`
	}{managedChannel: ch}
	if m.h.ttl(kept) > 0 {
		whole.Cached = &keptEvent{kept.Event, orNull(kept.Data), moment(kept.ExpiresAt)}
	}
	return whole, nil
}

// A managedUser is a member of a presence channel.
type managedUser struct {
	ID       string          `json:"id"`
	UserInfo json.RawMessage `json:"userInfo"` // null if there is none
}

// users serves GET /admin/apps/{id}/channels/{name}/users?after=&limit=: the members of a presence channel, by id. Other
// channels have none.
func (m *manager) users(c *manageCall) (any, error) {
	app, err := m.h.o.Apps.ByID(c.ctx, c.names[0])
	if err != nil {
		return nil, err
	}
	name, after := c.names[1], c.query.Get("after")
	all := []managedUser{}
	if isChannelOf(app, name) && kindOf(name).members {
		members, err := m.h.o.engine.Tenant(app.Namespace()).Members(c.ctx, name)
		if err != nil {
			return nil, err
		}
		members = slices.DeleteFunc(slices.Clone(members), func(one channel.Member) bool { return one.UID <= after })
		slices.SortFunc(members, func(a, b channel.Member) int { return cmp.Compare(a.UID, b.UID) })
		for i := range members[:min(len(members), c.limit+1)] {
			all = append(all, managedUser{members[i].UID, orNull(members[i].UMD)})
		}
	}
	more := len(all) > c.limit
	if more {
		all = all[:c.limit]
	}
	return struct {
		Users []managedUser `json:"users"`
		More  bool          `json:"more"`
	}{all, more}, nil
}

// A managedEntry is an entry of a channel's storage. ExpiresAt is null if it does not.
type managedEntry struct {
	Key       string          `json:"key"`
	Data      json.RawMessage `json:"data"`
	ExpiresAt *string         `json:"expiresAt"`
}

// storage serves GET /admin/apps/{id}/channels/{name}/storage?after=&limit=: the entries of a channel, by key.
func (m *manager) storage(c *manageCall) (any, error) {
	app, err := m.h.o.Apps.ByID(c.ctx, c.names[0])
	if err != nil {
		return nil, err
	}
	entries := &channel.Entries{}
	if name := c.names[1]; isChannelOf(app, name) {
		entries, err = m.h.o.engine.Tenant(app.Namespace()).Entries(c.ctx, name, c.query.Get("after"), c.limit)
		if err != nil {
			return nil, err
		}
	}
	all := make([]managedEntry, len(entries.Items))
	for i := range entries.Items {
		e := &entries.Items[i]
		all[i] = managedEntry{Key: e.Key, Data: orNull(e.Data)}
		if !e.ExpiresAt.IsZero() {
			at := moment(e.ExpiresAt)
			all[i].ExpiresAt = &at
		}
	}
	return struct {
		Entries []managedEntry `json:"entries"`
		More    bool           `json:"more"`
	}{all, entries.More}, nil
}

// moment writes a time for people and programs alike, with milliseconds.
func moment(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
