package apps

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dormouse/claims"
)

// CacheOptions say how a Cache keeps what it read. The zero value works.
type CacheOptions struct {
	// Defaults are lent to every app.
	Defaults Defaults
	// TTL is how long a record is taken for fresh. Default 5 s. Negative: for ever; only Refresh reads again.
	TTL time.Duration
	// NegativeTTL is how long it is remembered that there is no such app. Default 1 s: an app that was just
	// made appears so soon.
	NegativeTTL time.Duration
	// StaleFor is the age up to which a record is served while it is read again. Beyond it an asker waits
	// for the reading. Default 60 s.
	StaleFor time.Duration
	// OutageFor is the age up to which a record is served when it cannot be read again. Default 1 h.
	OutageFor time.Duration
	// ConfirmAfter is how long after a record was first not found it is looked for again, before its app is
	// gone. Default 5 s.
	ConfirmAfter time.Duration
	// RetryAfter is when a record is read again whose reading failed, if nobody asks for it. Default 5 s.
	RetryAfter time.Duration
	// ReadTimeout is what one reading may take. Default 3 s, a little more than a source gives itself.
	ReadTimeout time.Duration

	// Apps is how many are kept. The one that was asked for least recently gives way; those that are watched
	// do not, and no more than this many can be. Default 100,000, at 2 to 3 KiB each.
	Apps int
	// Reads is how many readings may be under way for askers who wait, all merged ones counted once. It is what
	// stands between a flood of unknown keys and the table; who comes when it is reached hears
	// ErrAppsUnavailable. Default 256.
	Reads int
	// Refreshes is how many may be under way besides, for records that are served meanwhile. When it is reached
	// the others wait, the longest overdue first. Default 64.
	Refreshes int

	// OnChange is called when an app in the cache has another record than before, with nil if it is
	// gone: one call at a time for each app, in order. It must not block for long. May be nil.
	OnChange func(old, new *claims.App)
	// Logger. nil: slog.Default().
	Logger *slog.Logger
	// Listener hears what happens inside.
	Listener Listener
}

// EnsureDefaults fills what is zero.
func (o *CacheOptions) EnsureDefaults() {
	o.Defaults.EnsureDefaults()
	fill := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	fill(&o.TTL, 5*time.Second)
	fill(&o.NegativeTTL, time.Second)
	fill(&o.StaleFor, time.Minute)
	fill(&o.OutageFor, time.Hour)
	fill(&o.ConfirmAfter, 5*time.Second)
	fill(&o.RetryAfter, 5*time.Second)
	fill(&o.ReadTimeout, 3*time.Second)
	count := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	count(&o.Apps, 100_000)
	count(&o.Reads, 256)
	count(&o.Refreshes, 64)
	if o.OnChange == nil {
		o.OnChange = func(_, _ *claims.App) {}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

// Validate names every field that is wrong, after EnsureDefaults.
func (o *CacheOptions) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"NegativeTTL", int64(o.NegativeTTL)},
		{"StaleFor", int64(o.StaleFor)},
		{"OutageFor", int64(o.OutageFor)},
		{"ConfirmAfter", int64(o.ConfirmAfter)},
		{"RetryAfter", int64(o.RetryAfter)},
		{"ReadTimeout", int64(o.ReadTimeout)},
		{"Apps", int64(o.Apps)},
		{"Reads", int64(o.Reads)},
		{"Refreshes", int64(o.Refreshes)},
	} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s is negative", f.name))
		}
	}
	if o.StaleFor > o.OutageFor {
		errs = append(errs, fmt.Errorf("StaleFor %v is longer than OutageFor %v", o.StaleFor, o.OutageFor))
	}
	return errors.Join(append(errs, o.Defaults.Validate())...)
}
