package cmd

import (
	"context"
	"log/slog"
	"slices"
	"strings"
)

type serveCmd struct{ configFlags }

func (*serveCmd) Help() string {
	return "SIGTERM and SIGINT drain the server: it is no longer ready, takes no new connections, closes those it has over drain.spread, and has ended after drain.timeout; a second one ends it at once. SIGHUP reads the keys of tokens, of the API and of AWS SDKs again, the endpoints of events, and apps.static. " +
		"Every setting is also an environment variable: token.audience, --token-audience, is DORMOUSE_TOKEN_AUDIENCE. A flag goes before a variable, a variable before the file."
}

// Run serves until the process is told to stop.
func (c *serveCmd) Run(ctx context.Context, p *program) error {
	config, faults := c.read(p)
	if err := faults.err(); err != nil {
		return err
	}
	log := p.openLog(config.LogLevel, config.LogFormat)
	slog.SetDefault(log)
	for _, w := range config.warnings {
		log.Warn(w)
	}
	t := tune(config.MemoryLimit, config.GCPercent)
	log.Debug("runtime", "memory_limit", t.MemoryLimit, "from", t.From, "gc_percent", t.GCPercent, "heap_floor", t.HeapFloor, "procs", t.Procs)
	defer t.pace()()
	build := p.versions()
	signals, deaf := listenSignals()
	defer deaf()
	s, err := start(config, log, extras{build: build, log: p.log})
	if err != nil {
		return err
	}
	log.Info("serving", "listen", s.Addr(), "admin", s.AdminAddr(), "data", config.Store.Dir,
		"tls", config.HTTP.CertFile != "", "version", build.Version)
	return untilStopped(ctx, s, signals, func() { c.reload(p, s) })
}

// read loads and checks the configuration.
func (c *serveCmd) read(p *program) (*checked, Faults) {
	return c.load(p).validate(forServe)
}

// reload reads everything again and takes the keys, the endpoints of events, and the apps of the file. A configuration with faults
// changes nothing; what else was changed in it is named, since it waits for the next start.
func (c *serveCmd) reload(p *program, s *Server) {
	config, faults := c.read(p)
	if len(faults) > 0 {
		s.log.Error("configuration not reloaded: the old keys stay, and the endpoints of events", "faults", len(faults))
		for _, f := range faults {
			s.log.Error("fault", "where", f.Where.String(), "key", f.Key, "message", f.Message)
		}
		return
	}
	changed, err := s.setEndpoints(config)
	if err != nil {
		s.log.Error("configuration not reloaded: the old keys stay, and the endpoints of events", "err", err)
		return
	}
	if changed {
		s.log.Info("endpoints of events reloaded", "endpoints", config.endpoints.names())
	}
	if err := s.setKeys(config); err != nil {
		s.log.Error("configuration not reloaded: the old keys stay", "err", err)
		return
	}
	s.pusher.apps.reload(config)
	s.log.Info("keys reloaded", "token_keys", len(config.tokenKeys), "api_keys", len(config.apiKeys), "access_keys", len(config.accessKeys))
	if changed := changedSettings(s.config.loaded, config.loaded); len(changed) > 0 {
		s.log.Warn("changed settings that wait for the next start", "settings", strings.Join(changed, ", "))
	}
}

// reloadable are the settings that a reload takes, besides all of events.
var reloadable = []string{"apps.static", "token.keys", "token.jwks", "api_keys", "lambda.keys"}

func changedSettings(before, after *loaded) []string {
	var changed []string
	was := before.asMap()
	for _, s := range after.settings() {
		if was[s.key] != s.value.yaml() && !slices.Contains(reloadable, s.key) && !isEvents(s.key) {
			changed = append(changed, s.key)
		}
	}
	return changed
}
