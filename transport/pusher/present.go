package pusher

import (
	"sync"
	"sync/atomic"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// A presentApp is an app that somebody is connected to: its record as it is now, and where its connections are. While
// there is one it is watched, if the place where apps are looked up can do that, so that its limits hold at once for
// who is there already, and that nobody stays on an app that is disabled or gone.
type presentApp struct {
	among  *presentApps
	id     string
	tenant tenant
	tally  *tally
	record atomic.Pointer[claims.App] // the last one; never nil
	state  atomic.Int32

	// Guarded by presentApps.mu.
	connections int
	stop        func()
}

// The states of a present app.
const (
	served   int32 = iota // nobody has said that it is not
	disabled              // nobody may be on it, until its record says otherwise
	gone                  // it is no more; if it comes again, it is another
)

// presentApps is all of them.
type presentApps struct {
	apps    claims.Apps
	engine  engine
	tallies *tallies

	mu   sync.Mutex
	byID map[string]*presentApp
}

// enter counts a connection of an app that was just looked up. Each call that succeeds must be followed by one of
// leave.
//
// Errors: claims.ErrAppsUnavailable, if so many apps are present that this one cannot be watched.
func (ps *presentApps) enter(app *claims.App) (*presentApp, error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.byID[app.ID]
	if p == nil || p.state.Load() == gone {
		p = &presentApp{among: ps, id: app.ID, tenant: ps.engine.Tenant(app.Namespace()), tally: ps.tallies.of(app.ID)}
		p.record.Store(app)
		if w, ok := ps.apps.(claims.AppWatcher); ok {
			stop, err := w.Watch(app, p.changed)
			if err != nil {
				return nil, err
			}
			p.stop = stop
		}
		if ps.byID == nil {
			ps.byID = map[string]*presentApp{}
		}
		ps.byID[app.ID] = p
	}
	if p.stop == nil {
		p.record.Store(app) // nobody else tells of newer ones
	}
	p.connections++
	return p, nil
}

// leave is the end of one of its connections.
func (p *presentApp) leave() {
	ps := p.among
	ps.mu.Lock()
	p.connections--
	last := p.connections == 0
	if last && ps.byID[p.id] == p {
		delete(ps.byID, p.id)
	}
	ps.mu.Unlock()
	if last && p.stop != nil {
		p.stop()
	}
}

// changed takes note of the app's newer record; nil: it is gone. Nothing more is told then.
func (p *presentApp) changed(now *claims.App) {
	switch {
	case now == nil:
		p.end(gone, refuseUnknownKey.error(p.record.Load().Key))
	case !now.Enabled:
		p.record.Store(now)
		p.end(disabled, refuseDisabled.error())
	default:
		p.record.Store(now)
		p.state.Store(served)
	}
}

// end closes everybody, and whoever is on the way in finds out by refused.
func (p *presentApp) end(state int32, why *channel.Error) {
	p.state.Store(state)
	c, _ := closeOf(why)
	p.tenant.CloseAll(c)
}

// refused says why a connection that was just admitted cannot stay, nil if it can. Its app was found and enabled a
// moment ago: what is known here is older or newer than that, and its client may try again.
func (p *presentApp) refused() *channel.Error {
	if p.state.Load() == served {
		return nil
	}
	return refuseLookup.error()
}
