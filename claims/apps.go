package claims

import (
	"context"
	"errors"
)

var (
	// ErrNoApp says that no usable app has this id or key. A client that hears so stops for good.
	ErrNoApp = errors.New("no such app")
	// ErrAppsUnavailable says that it cannot be known now whether there is such an app: the place where
	// they are kept does not answer, or too many ask it. A client should come back later.
	ErrAppsUnavailable = errors.New("apps cannot be looked up now")
)

// Apps is where apps are looked up.
//
// ID and key are compared byte by byte; the two are separate worlds, one app's id may be another's key. A
// disabled app is found: it is for the caller to refuse it, since the answer differs.
//
// Errors: ErrNoApp; ErrAppsUnavailable with its cause, wrapped, also when ctx ended before there was an answer.
// Implementations are safe for concurrent use.
type Apps interface {
	// ByID returns the app with this id.
	ByID(ctx context.Context, id string) (*App, error)
	// ByKey returns the app that has this key now.
	ByKey(ctx context.Context, key string) (*App, error)
}

// AppWatcher is an [Apps] that tells of an app's changes while somebody lives on it, also when nobody looks
// it up: connections of an app that was disabled or deleted must end.
type AppWatcher interface {
	Apps

	// Watch calls changed with each newer state of app, beginning with what is known at this moment if that
	// differs from app itself. It is called with nil when the app is gone, and then never again.
	//
	// Calls come one at a time, and on other goroutines than the caller's. States may be skipped, but never go
	// back, and the last one is always told. changed must not block for long; it may call stop, and any method
	// here. After stop returned no new call begins; one that has begun may go on. stop may be called more than
	// once, and must be called in the end.
	//
	// A new key in a newer state is none for connections that were opened under the old one: they keep it
	// for their signatures until they close. Everything else holds for them at once.
	//
	// Errors: ErrAppsUnavailable, if so many apps are watched that this one cannot be.
	Watch(app *App, changed func(now *App)) (stop func(), err error)
}

// AppLister is an [Apps] that can name apps without asking the place where they are kept, for people who look on: a
// table may have more apps than anybody can read, and only those that somebody used lately are at hand.
type AppLister interface {
	Apps

	// Known returns up to limit apps that are at hand, whose ids begin with prefix and are greater than after, in byte
	// order; more says that there are others. They are as they were last looked up. limit is 1 or more.
	Known(prefix, after string, limit int) (page []*App, more bool)
}
