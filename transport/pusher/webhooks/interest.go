package webhooks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"dormouse/claims"
)

const (
	// interestFor is how old an app's record may be when it decides what is written down.
	interestFor = 2 * time.Second
	// maxInterests bounds the apps of which that is known without asking; of others all is written down.
	maxInterests = 100_000
	// forgetAfter is how long one is remembered that nobody asks for.
	forgetAfter = time.Minute
)

// Interests know, without waiting for anything, which apps have webhooks for what. They are asked for each thing that
// happens, so an app that is known costs no allocation; that rules out a sync.Map, whose keys are interfaces.
type interests struct {
	apps    claims.Apps
	lookups chan struct{} // places among look-ups

	mu  sync.RWMutex
	all map[string]*interest // by namespace
}

func newInterests(apps claims.Apps, lookups int) *interests {
	return &interests{apps: apps, lookups: make(chan struct{}, lookups), all: map[string]*interest{}}
}

// of returns an app's interest, nil if there are too many.
func (s *interests) of(namespace string) *interest {
	s.mu.RLock()
	i := s.all[namespace]
	s.mu.RUnlock()
	if i != nil {
		return i
	}
	id, _ := claims.AppID(namespace)
	s.mu.Lock()
	defer s.mu.Unlock()
	if i = s.all[namespace]; i == nil && len(s.all) < maxInterests {
		i = &interest{id: id}
		s.all[namespace] = i
	}
	return i
}

// An interest is what one app was when it was last looked up.
type interest struct {
	id     string
	app    atomic.Pointer[claims.App] // nil: not known, or none
	known  atomic.Bool
	due    atomic.Int64 // when to look it up again, unix ms
	asked  atomic.Int64 // likewise, when somebody has asked
	asking atomic.Bool
}

// wants answers as [courier.Keeper] has it. look begins a look-up on a goroutine of its own.
func (s *interests) wants(namespace, name, channel string, now time.Time, look func(*interest)) bool {
	if _, ok := claims.AppID(namespace); !ok {
		return false
	}
	i, ms := s.of(namespace), now.UnixMilli()
	if i == nil {
		return true
	}
	if i.asked.Load() != ms {
		i.asked.Store(ms)
	}
	if ms >= i.due.Load() && i.asking.CompareAndSwap(false, true) {
		look(i)
	}
	if !i.known.Load() {
		return true
	}
	app := i.app.Load()
	return app != nil && appWants(app, name, channel)
}

// appWants says whether any webhook of app is to be told. Of two events of which one takes back the other both are
// to be written down, or what is held would never be taken back.
func appWants(app *claims.App, name, channel string) bool {
	other := ""
	if app.WebhookDelay > 0 {
		if other = gone[name]; other == "" {
			other = backAs[name]
		}
	}
	for i := range app.Webhooks {
		w := &app.Webhooks[i]
		if channel != "" && !matches(w, channel) {
			continue
		}
		if name == "" {
			return true
		}
		for _, t := range w.EventTypes {
			if t == name || t == other {
				return true
			}
		}
	}
	return false
}

// look looks an app up. An outage leaves what is known.
func (s *interests) look(ctx context.Context, i *interest) {
	defer i.asking.Store(false)
	select {
	case s.lookups <- struct{}{}:
		defer func() { <-s.lookups }()
	default:
		return // somebody asks again
	}
	app, err := s.apps.ByID(ctx, i.id)
	i.due.Store(time.Now().Add(interestFor).UnixMilli())
	if err != nil && !errors.Is(err, claims.ErrNoApp) {
		return
	}
	i.app.Store(app)
	i.known.Store(true)
}

// forget lets go of what nobody has asked for lately.
func (s *interests) forget(now time.Time) {
	before := now.Add(-forgetAfter).UnixMilli()
	s.mu.Lock()
	defer s.mu.Unlock()
	for namespace, i := range s.all {
		if i.asked.Load() < before && !i.asking.Load() {
			delete(s.all, namespace)
		}
	}
}
