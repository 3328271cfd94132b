package actors

import (
	"slices"

	"dormouse/actors/channel"
)

// A SignIn says who the user of a connection is. The door has found that it is so.
type SignIn struct {
	User     string // not empty
	UserData string // what the client said, which it is told back as it is
	// Watchlist are the users of whom it wants to know whether they are signed in; the door has bounded how many. nil:
	// none.
	Watchlist []string
}

// SignIn makes the connection one of a user's. The sink reads KindSignedIn, and then KindWatchlist with everybody on
// the watchlist, if that has somebody; from here on, KindWatchlist when one of them comes or goes. Signing in again is
// the same, with another watchlist.
//
// Errors: ErrOtherUser.
func (g *Guest) SignIn(u SignIn) error {
	ts, t := g.system.tenants, g.tenant
	t.mu.Lock()
	defer ts.leave(t)
	switch {
	case g.gone:
		return nil
	case g.user != "" && g.user != u.User:
		return ErrOtherUser
	}
	if g.user == "" {
		g.user = u.User
		here := t.users.get(u.User)
		if len(here) == 0 {
			here = crowd{}
			t.users.put(u.User, here)
			t.tellWatchers(u.User, true)
		}
		here[g] = struct{}{}
	}
	to := []channel.Sink{g.sink}
	t.post(letter{message: &channel.Message{Kind: channel.KindSignedIn, Data: []byte(u.UserData)}, to: to, bulk: true})
	t.watchNoMore(g)
	now := new(channel.Watched)
	for _, user := range u.Watchlist {
		if _, twice := g.watches[user]; twice {
			continue
		}
		if g.watches == nil {
			g.watches = map[string]struct{}{}
		}
		g.watches[user] = struct{}{}
		all := t.watchers.get(user)
		if all == nil {
			all = crowd{}
			t.watchers.put(user, all)
		}
		all[g] = struct{}{}
		if len(t.users.get(user)) > 0 {
			now.Online = append(now.Online, user)
		} else {
			now.Offline = append(now.Offline, user)
		}
	}
	end := letter{done: g.sink}
	if len(g.watches) > 0 {
		end.message, end.to, end.bulk = &channel.Message{Kind: channel.KindWatchlist, Watched: now}, to, true
	}
	t.post(end)
	return nil
}

// User returns who is signed in, "" if nobody.
func (g *Guest) User() string {
	g.tenant.mu.Lock()
	defer g.tenant.mu.Unlock()
	return g.user
}

// signOut takes the connection out of its tenant.
func (g *Guest) signOut() {
	t := g.tenant
	t.mu.Lock()
	defer g.system.tenants.leave(t)
	g.gone = true
	t.guests.remove(g.id)
	t.watchNoMore(g)
	if g.user == "" {
		return
	}
	here := t.users.get(g.user)
	if delete(here, g); len(here) == 0 {
		t.users.remove(g.user)
		t.tellWatchers(g.user, false)
	}
}

// watchNoMore empties a guest's watchlist.
func (t *tenant) watchNoMore(g *Guest) {
	for user := range g.watches {
		all := t.watchers.get(user)
		if delete(all, g); len(all) == 0 {
			t.watchers.remove(user)
		}
	}
	g.watches = nil
}

// tellWatchers tells those who watch a user that it has come or gone.
func (t *tenant) tellWatchers(user string, online bool) {
	watchers := t.watchers.get(user)
	if len(watchers) == 0 {
		return
	}
	now := new(channel.Watched)
	if online {
		now.Online = []string{user}
	} else {
		now.Offline = []string{user}
	}
	t.post(letter{message: &channel.Message{Kind: channel.KindWatchlist, Watched: now}, to: watchers.sinks()})
}

// SendToUser sends an event to all connections that are signed in as user, subscribed to anything or not, and returns
// how many there are. Its Channel is what they read in the place of a channel's; Except and CacheFor mean nothing.
func (t Tenant) SendToUser(user string, e Event) int {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return 0
	}
	m := &channel.Message{Kind: channel.KindPublished, Channel: e.Channel, Event: e.Name, Data: e.Data}
	in.mu.Lock()
	to := in.users.get(user).sinks()
	if len(to) > 0 {
		in.post(letter{message: m, to: to})
	}
	in.mu.Unlock()
	in.deliver()
	return len(to)
}

// Terminate ends with c all connections that are signed in as user; with members, also those that are a member of any
// presence channel with that id. It returns how many there were.
func (t Tenant) Terminate(user string, members bool, c channel.Close) int {
	in := t.system.tenants.find(t.namespace)
	if in == nil {
		return 0
	}
	in.mu.Lock()
	var all []*Guest
	for g := range in.users.get(user) {
		all = append(all, g)
	}
	in.mu.Unlock()
	if members {
		for _, g := range in.everybody() {
			if !slices.Contains(all, g) && g.isMember(user) {
				all = append(all, g)
			}
		}
	}
	for _, g := range all {
		g.sink.Close(c)
	}
	return len(all)
}
