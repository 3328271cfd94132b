package cmd

import (
	"errors"
	"log/slog"
	"time"

	"dormouse/persistence/apps"
	"dormouse/transport/metrics"
)

// An appCache is where a server looks its apps up.
type appCache struct {
	*apps.Cache
	static *apps.Static // nil: they are in a table
}

// openApps opens the source of a configuration, and the cache before it. It must be closed, last of all that asks it.
func openApps(c *checked, m *metrics.Apps, log *slog.Logger) (*appCache, error) {
	o := c.cacheOptions()
	if err := errors.Join(o.Validate()); err != nil {
		return nil, err
	}
	source, err := c.apps.open(log)
	if err != nil {
		return nil, err
	}
	o.Logger = log
	o.Listener = apps.Listener{
		Lookup: func(outcome apps.Outcome) { m.Lookup(string(outcome)) },
		Read: func(byKey bool, took time.Duration, err error) {
			m.Read(byKey, took, err == nil || errors.Is(err, apps.ErrNoRecord))
		},
		Refused: m.Refused,
		Late:    m.Late,
		Invalid: func(string, error) { m.Invalid() },
		Outage:  func(down bool, _ error) { m.Outage(down) },
		Evicted: func(string) { m.Evicted() },
	}
	a := &appCache{Cache: apps.NewCache(source, o)}
	a.static, _ = source.(*apps.Static)
	m.Now(func() (kept, watched, reading int) {
		s := a.Stats()
		return s.Apps, s.Watched, s.Reads + s.Refreshes
	})
	return a, nil
}

// reload takes the apps of a configuration, at once, if they are in the file. Connections of an app that is gone or
// disabled end.
func (a *appCache) reload(c *checked) {
	if a.static != nil && c.apps.driver == driverStatic {
		a.static.Replace(c.apps.records)
		a.RefreshAll()
	}
}
