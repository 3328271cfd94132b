package cmd

import (
	"cmp"
	"strings"
	"testing"

	"dormouse/transport/docs"
)

func TestSoketiVariablesOfTheServer(t *testing.T) {
	l := imported(t, "", "",
		"SOKETI_APP_MANAGER_CACHE_ENABLED=true", "SOKETI_APP_MANAGER_CACHE_TTL=30", "SOKETI_CHANNEL_CACHE_TTL=60",
		"SOKETI_HTTP_MAX_REQUEST_SIZE=1.5", "SOKETI_HTTP_ACCEPT_TRAFFIC_MEMORY_THRESHOLD=70", "SOKETI_METRICS_PROMETHEUS_PREFIX=chat_",
		"SOKETI_PATH_PREFIX=rt/", "SOKETI_SHUTDOWN_GRACE_PERIOD=1500", "SOKETI_USER_AUTHENTICATION_TIMEOUT=20000",
		"SOKETI_WEBHOOKS_BATCHING=1", "SOKETI_WEBHOOKS_BATCHING_DURATION=75", "SOKETI_MODE=full")
	if err := l.faults.err(); err != nil || len(l.warnings) > 0 {
		t.Fatal(err, l.warnings)
	}
	is := l.asMap()
	for key, want := range map[string]string{
		"apps.cache.ttl": "30s", "pusher.cache_ttl": "1m", "pusher.body_size": "1536KiB", "pusher.memory_threshold": "70%",
		"pusher.metrics_prefix": "chat_", "pusher.path_prefix": "/rt", "pusher.shutdown_grace": "1.5s",
		"pusher.user_authentication_timeout": "20s", "pusher.webhooks.batch": "true", "pusher.webhooks.batch_for": "75ms",
	} {
		if got := unquoted(is[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	for _, c := range []struct {
		env  []string
		want string
	}{
		{[]string{"SOKETI_DEBUG=0"}, "5s"},
		{[]string{"SOKETI_APP_MANAGER_CACHE_ENABLED=true"}, "0s"},
		{[]string{"SOKETI_APP_MANAGER_CACHE_ENABLED=true", "SOKETI_APP_MANAGER_CACHE_TTL=-1"}, "0s"},
		{[]string{"SOKETI_APP_MANAGER_CACHE_ENABLED=false", "SOKETI_APP_MANAGER_CACHE_TTL=60"}, "5s"},
	} {
		if got := imported(t, "", "", c.env...).asMap()["apps.cache.ttl"]; got != c.want {
			t.Errorf("%v: apps are remembered for %s, want %s", c.env, got, c.want)
		}
	}
	if got := imported(t, "{}", "").asMap()["pusher.shutdown_grace"]; got != "3s" {
		t.Errorf("soketi's own grace is %s", got)
	}
	if l := imported(t, "", "", "SOKETI_MODE=worker"); len(l.warnings) != 0 || len(l.faults) != 0 || l.Pusher.Serve {
		t.Errorf("a worker: %q, %v, serves %v", l.warnings, l.faults, l.Pusher.Serve)
	}
	if l := imported(t, "", "", "SOKETI_MODE=Full"); len(l.faults) != 0 || !l.Pusher.Serve {
		t.Errorf("a whole one: %v, serves %v", l.faults, l.Pusher.Serve)
	}
	if l := imported(t, "", "", "SOKETI_MODE=both"); len(l.faults) != 1 {
		t.Errorf("an unknown mode: %v", l.faults)
	}
}

// A server with apps needs no keys of tokens; one without does.
func TestKeysAreForWhoNeedsThem(t *testing.T) {
	for _, c := range []struct {
		name, file string
		wants      bool
	}{
		{"nothing", "data: x", true},
		{"an app", "apps: {static: [{id: a, key: k, secret: s}]}", false},
		{"a table", "apps: {driver: mysql}", false},
		{"the public app", "apps: {built_in: loopback}", false},
	} {
		_, faults := load(sources{file: write(t, "x.yaml", c.file)}).validate(forServe)
		if got := strings.Contains(faults.Error(), "token.keys"); got != c.wants || !c.wants && len(faults) > 0 {
			t.Errorf("%s: %v", c.name, faults)
		}
	}
}

func TestPusherFaults(t *testing.T) {
	for _, c := range []struct{ file, key, want string }{
		{"path_prefix: rt", "pusher.path_prefix", "a slash at its beginning"},
		{"activity_timeout: 1s", "pusher.activity_timeout", ""},
		{"memory_threshold: 0%", "pusher.memory_threshold", "no percentage"},
		{"metrics_prefix: 9x", "pusher.metrics_prefix", "cannot begin the name of a metric"},
		{"user_authentication_timeout: 0s", "pusher.user_authentication_timeout", "is 0"},
	} {
		_, faults := load(sources{file: write(t, "x.yaml", "apps: {static: [{id: a, key: k, secret: s}]}\npusher:\n  "+c.file+"\n")}).validate(forServe)
		if len(faults) != 1 || faults[0].Key != c.key || !strings.Contains(faults[0].Message, c.want) || faults[0].Where.line != 3 {
			t.Errorf("%s: %v", c.file, faults)
		}
	}
	for _, zero := range []string{"pusher.timestamp_tolerance", "apps.cache.ttl", "apps.webhook_delay"} {
		l := load(sources{flags: map[string][]string{zero: {"0s"}, "apps.static": {"{id: a, key: k, secret: s}"}}})
		if _, faults := l.validate(forServe); len(faults) > 0 {
			t.Errorf("%s: 0 means something of its own: %v", zero, faults)
		}
	}
}

// The documentation's table of soketi's variables is the one that they are read by.
func TestDocsHaveAllOfSoketi(t *testing.T) {
	several := map[string]string{
		"host": "listen", "port": "listen", "metrics.enabled": "admin.listen", "metrics.host": "admin.listen", "metrics.port": "admin.listen",
		"appManager.cache.enabled": "apps.cache.ttl", "appManager.cache.ttl": "apps.cache.ttl",
		"databasePooling.enabled": "apps.mysql.connections, apps.postgres.connections", "databasePooling.max": "apps.mysql.connections, apps.postgres.connections",
		"database.mysql.password": "apps.mysql.password", "database.postgres.password": "apps.postgres.password",
	}
	var rows [][]string
	for _, r := range soketiRows {
		var names []string
		for _, name := range r.env {
			names = append(names, "`"+name+"`")
		}
		ours := cmp.Or(r.key, several[r.path])
		if isSoketiApp(r.path) || r.path == "appManager.array.apps" {
			ours = "apps.static"
		}
		switch {
		case ours != "":
			ours = "`" + strings.ReplaceAll(ours, ", ", "`, `") + "`"
		case r.ignored == nil:
			t.Errorf("%s leads nowhere", r.path)
		default:
			if why := r.ignored("x"); why != "" {
				ours = "ignored: " + why
			} else {
				ours = "ignored"
			}
		}
		rows = append(rows, []string{strings.Join(names, ", "), "`" + r.path + "`", ours})
	}
	table := docs.Table([]string{"Variable", "In the file", "Here"}, rows)
	if err := docs.Keep("../transport/docs/pages/soketi.md", "soketi", table, *rewriteDocs); err != nil {
		t.Errorf("%v: run  go test ./cmd -run TestDocsHave -rewrite-docs", err)
	}
}
