package actors

import (
	"slices"
	"strings"
	"sync"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// maxRevocations bounds what is held in memory of tokens that were taken back; each is some hundred bytes.
const maxRevocations = 1 << 20

// The revocations are all that the store keeps, in memory: every token that is shown is held against them.
type revocations struct {
	store *persistence.Store

	mu    sync.RWMutex
	byKey map[revocationKey]claims.Revocation
}

type revocationKey struct{ app, id, uid string }

func keyOf(r *claims.Revocation) revocationKey { return revocationKey{r.App, r.ID, r.UID} }

// newRevocations reads what the store keeps.
func newRevocations(store *persistence.Store) (*revocations, error) {
	l := &revocations{store: store, byKey: map[revocationKey]claims.Revocation{}}
	all, err := store.Revocations()
	for _, r := range all {
		l.byKey[keyOf(&r)] = r
	}
	return l, err
}

// covers reports whether a token of app is taken back.
func (l *revocations) covers(app string, c *claims.Claims) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.byKey) == 0 {
		return false
	}
	for _, k := range [2]revocationKey{{app: app, id: c.ID}, {app: app, uid: c.UID}} {
		if r, ok := l.byKey[k]; ok && r.Covers(c) {
			return true
		}
	}
	return false
}

func (l *revocations) len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.byKey)
}

// put holds r, and returns what undoes that. It forgets what has run out if there is no room.
func (l *revocations) put(r claims.Revocation, now time.Time) (undo func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := keyOf(&r)
	old, had := l.byKey[key]
	if !had && len(l.byKey) >= maxRevocations {
		for k, r := range l.byKey {
			if runOut(&r, now) {
				delete(l.byKey, k)
			}
		}
		if len(l.byKey) >= maxRevocations {
			return nil, channel.ErrUnavailable.With("There are %d revocations; lift some, or give them an end.", maxRevocations)
		}
	}
	l.byKey[key] = r
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if had {
			l.byKey[key] = old
		} else {
			delete(l.byKey, key)
		}
	}, nil
}

// runOut says that every token which r covers has expired, with some room for clocks.
func runOut(r *claims.Revocation, now time.Time) bool {
	return !r.Until.IsZero() && now.After(r.Until.Add(revocationGrace))
}

// revocationGrace is how much longer than said a revocation is kept: verifiers have some leeway.
const revocationGrace = 10 * time.Minute

// verify is Verifier.Verify, and refuses tokens that were taken back. Every token that is shown passes here.
//
// Errors: *claims.Error.
func (s *System) verify(app, token string, use claims.Scope) (*claims.Claims, error) {
	c, err := s.options.Verifier.Verify(token, use, s.clock.wall())
	if err != nil {
		return nil, err
	}
	if s.revocations.covers(app, c) {
		return nil, errRevoked
	}
	return c, nil
}

var errRevoked = &claims.Error{Reason: claims.ReasonRevoked, Detail: "the token was revoked"}

// Revoke takes back tokens, from now on and for good, or until r.Until; r.At is set here. When it returns nil,
// that is durable, no such token opens a connection, subscribes or publishes any more, and the connections
// and subscriptions that were made with one have been told to end, with channel.CloseRevoked. It returns how
// many connections that are.
//
// Errors: *channel.Error, or a fault of the store.
func (s *System) Revoke(r claims.Revocation) (connections int, err error) {
	r.At = s.clock.wall()
	undo, err := s.revocations.put(r, r.At)
	if err != nil {
		return 0, err
	}
	if err := s.options.Store.Revoke(r); err != nil {
		undo()
		return 0, err
	}
	// A connection that is being opened is in the registry before it looks here once more, so one of the
	// two sees the other.
	for _, c := range s.connections.all() {
		if c.app != r.App {
			continue
		}
		if r.Covers(c.birth.claims) {
			connections++
		}
		c.handle.post(revoked{r})
	}
	return connections, nil
}

// Unrevoke lifts the revocation of the same jti or uid, if there is one.
//
// Errors: a fault of the store.
func (s *System) Unrevoke(r claims.Revocation) error {
	if err := s.options.Store.Unrevoke(r); err != nil {
		return err
	}
	s.revocations.mu.Lock()
	defer s.revocations.mu.Unlock()
	delete(s.revocations.byKey, keyOf(&r))
	return nil
}

// Revocations returns what is in force in app, the oldest first.
func (s *System) Revocations(app string) []claims.Revocation {
	now := s.clock.wall()
	l := s.revocations
	l.mu.RLock()
	var all []claims.Revocation
	for _, r := range l.byKey {
		if r.App == app && !runOut(&r, now) {
			all = append(all, r)
		}
	}
	l.mu.RUnlock()
	slices.SortFunc(all, func(a, b claims.Revocation) int {
		if order := a.At.Compare(b.At); order != 0 {
			return order
		}
		return strings.Compare(a.ID+a.UID, b.ID+b.UID)
	})
	return all
}

// forgetRevocations drops what has run out, from memory and disk.
func (s *System) forgetRevocations() {
	now := s.clock.wall()
	l := s.revocations
	l.mu.RLock()
	var old []claims.Revocation
	for _, r := range l.byKey {
		if runOut(&r, now) {
			old = append(old, r)
		}
	}
	l.mu.RUnlock()
	for _, r := range old {
		if err := s.Unrevoke(r); err != nil {
			s.options.Logger.Error("forget a revocation", "err", err)
			return
		}
	}
}

// revoked tells a connection that tokens were taken back.
type revoked struct{ claims.Revocation }

// revoked ends the connection if its own token was taken back, else the subscriptions whose tokens were.
func (a *connectionActor) revoked(r *claims.Revocation) {
	if r.Covers(a.claims) {
		a.dismiss(channel.CloseRevoked)
		return
	}
	for _, m := range a.memberships {
		if m.rights != nil && m.rights.token != nil && r.Covers(m.rights.token) {
			a.evict(m, func(any, error) {})
		}
	}
}
