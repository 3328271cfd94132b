package cmd

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

// imported loads soketi's configuration, and ours over it.
func imported(t *testing.T, soketi, ours string, env ...string) *loaded {
	t.Helper()
	s := sources{soketi: true, env: env}
	if soketi != "" {
		s.soketiFile = write(t, "soketi.json", soketi)
	}
	if ours != "" {
		s.file = write(t, "dormouse.yaml", ours)
	}
	return load(s)
}

// decoded reads the apps that are configured.
func decoded(t *testing.T, l *loaded) map[string]*claims.App {
	t.Helper()
	v := &validation{loaded: l, use: forServe, faults: slices.Clone(l.faults)}
	store := v.appStore()
	if err := v.faults.err(); err != nil {
		t.Fatal(err)
	}
	found := map[string]*claims.App{}
	for _, r := range store.records {
		app, _, err := apps.Decode(r, store.defaults)
		if err != nil {
			t.Fatal(err)
		}
		found[app.ID] = app
	}
	return found
}

func TestSoketiVariables(t *testing.T) {
	l := imported(t, "", "",
		"SOKETI_PORT=7001", "SOKETI_HOST=127.0.0.2", "SOKETI_DEBUG=true",
		"SOKETI_SSL_CERT=/c.pem", "SOKETI_SSL_KEY=/k.pem",
		"SOKETI_METRICS_ENABLED=1", "SOKETI_METRICS_SERVER_PORT=9700",
		"SOKETI_APP_MANAGER_DRIVER=mysql", "SOKETI_APP_MANAGER_MYSQL_TABLE=tenants",
		"SOKETI_APP_MANAGER_MYSQL_VERSION=5.7", "SOKETI_APP_MANAGER_MYSQL_USE_V2=yes",
		"SOKETI_DB_MYSQL_HOST=db.example", "SOKETI_DB_MYSQL_PORT=3307", "SOKETI_DB_MYSQL_USERNAME=reader",
		"SOKETI_DB_MYSQL_PASSWORD=\"0815\"", "SOKETI_DB_MYSQL_DATABASE=chat",
		"SOKETI_DB_POSTGRES_HOST=pg.example", "SOKETI_DB_POSTGRES_PASSWORD=12345678901234567890",
		"SOKETI_DB_POOLING_ENABLED=on", "SOKETI_DB_POOLING_MIN=2", "SOKETI_DB_POOLING_MAX=12",
		"SOKETI_APP_MANAGER_DYNAMODB_TABLE=t1", "SOKETI_APP_MANAGER_DYNAMODB_REGION=eu-west-1", "SOKETI_APP_MANAGER_DYNAMODB_ENDPOINT=http://127.0.0.1:1",
		"SOKETI_CHANNEL_LIMITS_MAX_NAME_LENGTH=101", "SOKETI_EVENT_MAX_CHANNELS_AT_ONCE=102", "SOKETI_EVENT_MAX_NAME_LENGTH=103",
		"SOKETI_EVENT_MAX_SIZE_IN_KB=0.05", "SOKETI_EVENT_MAX_BATCH_SIZE=104", "SOKETI_PRESENCE_MAX_MEMBERS=-1", "SOKETI_PRESENCE_MAX_MEMBER_SIZE=10",
		"SOKETI_ADAPTER_DRIVER=local", "SOKETI_QUEUE_DRIVER=sync", "SOKETI_METRICS_DRIVER=prometheus", "SOKETI_CACHE_DRIVER=",
	)
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	if len(l.warnings) > 0 {
		t.Errorf("warned: %q", l.warnings)
	}
	is := l.asMap()
	for key, want := range map[string]string{
		"listen": `"127.0.0.2:7001"`, "allow_plain": "true", "admin.listen": `"0.0.0.0:9700"`, "log.level": "debug",
		"tls.cert": `"/c.pem"`, "tls.key": `"/k.pem"`,
		"apps.driver": "mysql", "apps.mysql.table": "tenants", "apps.mysql.host": "db.example", "apps.mysql.port": "3307",
		"apps.mysql.user": "reader", "apps.mysql.database": "chat", "apps.mysql.connections": "12",
		"apps.postgres.host": "pg.example", "apps.postgres.user": "postgres", "apps.postgres.connections": "12",
		"apps.dynamodb.table": "t1", "apps.dynamodb.region": "eu-west-1", "apps.dynamodb.endpoint": `"http://127.0.0.1:1"`,
		"apps.limits.channel_name_length": "101", "apps.limits.event_channels": "102", "apps.limits.event_name_length": "103",
		"apps.limits.event_payload_size": "0.05KiB", "apps.limits.event_batch": "104", "apps.limits.presence_members": "100",
		"apps.limits.presence_member_size": "10KiB",
	} {
		if got := is[key]; unquoted(got) != unquoted(want) {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if got := l.Apps.MySQL.Password.text + " " + l.Apps.Postgres.Password.text; got != "0815 12345678901234567890" {
		t.Errorf("passwords %q", got)
	}
	if got := l.where["apps.mysql.host"].String(); got != "SOKETI_DB_MYSQL_HOST" {
		t.Errorf("apps.mysql.host is from %s", got)
	}
}

// Where nothing of soketi's is there, its defaults are not ours.
func TestSoketiIsNotThere(t *testing.T) {
	l := imported(t, "", "", "SOKETIX=1", "SOKETI_PORT=")
	want := (&loaded{Config: DefaultConfig()}).asMap()
	if got := l.asMap(); !maps.Equal(got, want) || len(l.warnings) > 0 {
		t.Errorf("warned %q; listen %s", l.warnings, got["listen"])
	}
}

func TestSoketiDefaults(t *testing.T) {
	l := imported(t, `{}`, "")
	is := l.asMap()
	for key, want := range map[string]string{
		"listen": "0.0.0.0:6001", "admin.listen": "127.0.0.1:9601", "allow_plain": "true", "apps.driver": "static",
		"apps.built_in": "loopback", "log.level": "info",
	} {
		if got := unquoted(is[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	if l.Apps.MySQL.Password.text != "password" || l.Apps.Postgres.Password.text != "password" {
		t.Error("soketi's password for databases is another one")
	}
}

// What our own configuration says goes before, in whole.
func TestOursGoesBeforeSoketis(t *testing.T) {
	l := imported(t, `{"port": 7001, "appManager.driver": "postgres"}`,
		"listen: 127.0.0.1:1\napps:\n  driver: static\n  static: [{id: a, key: k, secret: s}]\n",
		"SOKETI_PORT=7002", "SOKETI_DEFAULT_APP_ID=b", "DORMOUSE_APPS_LIMITS_EVENT_BATCH=7", "SOKETI_EVENT_MAX_BATCH_SIZE=8")
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	if l.HTTP.Addr != "127.0.0.1:1" || l.Apps.Driver != driverStatic || l.Apps.Defaults.MaxEventBatchSize != 7 {
		t.Errorf("listen %s, driver %s, batch %d", l.HTTP.Addr, l.Apps.Driver, l.Apps.Defaults.MaxEventBatchSize)
	}
	if all := decoded(t, l); len(all) != 1 || all["a"] == nil {
		t.Errorf("apps %v", all)
	}
}

// Cases A26 and A27, and what else is said of apps in soketi's file and variables.
func TestSoketiApps(t *testing.T) {
	t.Run("A26: a secret of digits is text", func(t *testing.T) {
		for _, written := range []string{"12345678901234567890", `"12345678901234567890"`} {
			l := imported(t, "", "", "SOKETI_DEFAULT_APP_SECRET="+written)
			app := decoded(t, l)["app-id"]
			if app == nil || app.Secret != "12345678901234567890" || app.Key != "app-key" {
				t.Errorf("%s gives %+v", written, app)
			}
		}
	})
	t.Run("A27: dotted and nested keys are the same", func(t *testing.T) {
		const list = `[{"id": 7, "key": "k", "secret": 8, "maxConnections": 5, "enableClientMessages": true, "webhooks": [{"url": "http://x.example/", "event_types": ["member_added"]}]}, {"id": "b", "key": "bk", "secret": "bs"}]`
		var first map[string]string
		for _, file := range []string{
			`{"appManager.driver": "array", "appManager.array.apps": ` + list + `, "eventLimits.maxBatchSize": 3, "host": "::1", "port": 7001}`,
			`{"appManager": {"driver": "array", "array": {"apps": ` + list + `}}, "eventLimits": {"maxBatchSize": "3"}, "host": "::1", "port": "7001"}`,
			`{"appManager": {"array.apps": ` + list + `}, "eventLimits": {"maxBatchSize": 3, "maxNameLength": null}, "host": "::1", "port": 7001}`,
		} {
			l := imported(t, file, "")
			all := decoded(t, l)
			seven := all["7"]
			if len(all) != 2 || seven == nil || seven.Secret != "8" || seven.MaxConnections != 5 || !seven.EnableClientMessages || len(seven.Webhooks) != 1 {
				t.Fatalf("%s gives %+v", file, all)
			}
			if l.HTTP.Addr != "[::1]:7001" || l.Apps.Defaults.MaxEventBatchSize != 3 || len(l.warnings) > 0 {
				t.Errorf("%s: listen %s, batch %d, warned %q", file, l.HTTP.Addr, l.Apps.Defaults.MaxEventBatchSize, l.warnings)
			}
			is := l.asMap()
			if first == nil {
				first = is
			} else if !maps.Equal(first, is) {
				t.Errorf("%s is not the same", file)
			}
		}
	})
	t.Run("variables change the first app", func(t *testing.T) {
		l := imported(t, `{"appManager.array.apps": [{"id": "a", "key": "ak", "secret": "as", "enabled": true}, {"id": "b", "key": "bk", "secret": "bs"}]}`, "",
			"SOKETI_DEFAULT_APP_KEY=other", "SOKETI_DEFAULT_APP_ENABLED=No", "SOKETI_DEFAULT_APP_MAX_CONNS=5", "SOKETI_DEFAULT_APP_USER_AUTHENTICATION=1",
			"SOKETI_DEFAULT_APP_MAX_BACKEND_EVENTS_PER_SEC=6", "SOKETI_DEFAULT_APP_MAX_CLIENT_EVENTS_PER_SEC=7", "SOKETI_DEFAULT_APP_MAX_READ_REQ_PER_SEC=0",
			`SOKETI_DEFAULT_APP_WEBHOOKS=[{"url":"https://x.example/","event_types":["cache_miss"]}]`, "SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES=true")
		all := decoded(t, l)
		a := all["a"]
		if len(all) != 2 || a.Key != "other" || a.Secret != "as" || a.Enabled || a.MaxConnections != 5 || !a.EnableUserAuthentication || !a.EnableClientMessages ||
			a.MaxBackendEventsPerSecond != 6 || a.MaxClientEventsPerSecond != 7 || a.MaxReadRequestsPerSecond != 0 || len(a.Webhooks) != 1 {
			t.Errorf("%+v", a)
		}
		if len(l.warnings) > 0 {
			t.Errorf("warned %q", l.warnings)
		}
	})
	t.Run("the public app stays on loopback", func(t *testing.T) {
		for _, c := range []struct {
			name, ours string
			env        []string
			refused    bool
			secret     string
		}{
			{"off loopback it is refused", "", []string{"SOKETI_DEBUG=0"}, true, ""},
			{"so is one with another id alone", "", []string{"SOKETI_DEFAULT_APP_ID=x", "SOKETI_DEFAULT_APP_KEY=y"}, true, ""},
			{"on loopback it is served", "", []string{"SOKETI_HOST=127.0.0.1"}, false, "app-secret"},
			{"and anywhere, if that is said", "apps: {built_in: anywhere}", []string{"SOKETI_DEBUG=0"}, false, "app-secret"},
			{"without soketi there is none", "listen: 127.0.0.1:1", nil, false, ""},
			{"with soketi neither, if that is said", "apps: {built_in: never}", []string{"SOKETI_HOST=127.0.0.1"}, false, ""},
			{"a secret makes it another", "", []string{"SOKETI_DEFAULT_APP_SECRET=mine"}, false, "mine"},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := imported(t, "", c.ours, c.env...)
				v := &validation{loaded: l, use: forServe}
				store := v.appStore()
				if refused := len(v.faults) > 0; refused != c.refused || refused && v.faults[0].Key != "apps.built_in" {
					t.Fatalf("faults %v", v.faults)
				}
				secret := ""
				for _, r := range store.records {
					secret = r["secret"].(string)
				}
				if secret != c.secret {
					t.Errorf("the secret is %q, want %q", secret, c.secret)
				}
				if warned := strings.Contains(strings.Join(l.warnings, ""), "everybody knows"); warned != (c.secret == "app-secret") {
					t.Errorf("warned %q", l.warnings)
				}
			})
		}
	})
}

func TestSoketiComplaints(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        []string
		warns      string // part of the one warning; "": none
		faults     string // part of the one fault; "": none
	}{
		{"several nodes", "", []string{"SOKETI_ADAPTER_DRIVER=redis"}, "SOKETI_ADAPTER_DRIVER is ignored: this is one server", ""},
		{"redis", "", []string{"SOKETI_DB_REDIS_HOST=r"}, "SOKETI_DB_REDIS_HOST is ignored", ""},
		{"redis in the file", `{"database": {"redis": {"host": "r"}}}`, nil, "soketi.json database.redis.host is ignored", ""},
		{"what it is in any case", "", []string{"SOKETI_RATE_LIMITER_DRIVER=Local", "SOKETI_CACHE_DRIVER=memory"}, "", ""},
		{"a passphrase", "", []string{"SOKETI_SSL_PASS=x"}, "SOKETI_SSL_PASS is ignored: a key is read without a passphrase", ""},
		{"an unknown variable", "", []string{"SOKETI_PROT=1"}, "SOKETI_PROT is no variable of soketi, and was ignored; did you mean SOKETI_PORT?", ""},
		{"an orchestrator's", "", []string{"SOKETI_SERVICE_HOST=10.0.0.1", "SOKETI_PORT_6001_TCP=tcp://10.0.0.1:6001"}, "", ""},
		{"an unknown key", `{"prot": 1}`, nil, "soketi.json prot is no setting of soketi, and was ignored; did you mean port?", ""},
		{"an app's unknown attribute", `{"appManager.array.apps": [{"id": "a", "key": "k", "secret": "s", "nam": 1}]}`, nil, "nam is no attribute of an app", ""},
		{"a driver", "", []string{"SOKETI_APP_MANAGER_DRIVER=mysq"}, "", `"mysq" is none of array, dynamodb, mysql, postgres; did you mean mysql?`},
		{"a switch", "", []string{"SOKETI_DEBUG=maybe"}, "", `"maybe" is none of true, t,`},
		{"a limit", "", []string{"SOKETI_EVENT_MAX_NAME_LENGTH=long"}, "", `"long" is no number`},
		{"a port", "", []string{"SOKETI_DB_MYSQL_PORT=x"}, "", `"x" is no count`},
		{"a list for a word", `{"port": 1, "debug": []}`, nil, "", "wants one value"},
		{"not JSON", "{\n\"a\": tru }", nil, "", "soketi's file wants one JSON object"},
		{"two of them", "{}{}", nil, "", "more follows"},
		{"null", "null", nil, "", "soketi's file wants one JSON object"},
		{"no list of apps", `{"appManager.array.apps": {"id": "a"}}`, nil, "", "wants a list of apps"},
		{"an app that is none", `{"appManager.array.apps": [7]}`, nil, "", "app 1 is no object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := imported(t, c.file, "", c.env...)
			if got := strings.Join(l.warnings, "\n"); c.warns == "" && got != "" || !strings.Contains(got, c.warns) || strings.Contains(got, "\n") {
				t.Errorf("warns %q, want %q", got, c.warns)
			}
			got := ""
			for _, f := range l.faults {
				got += f.Message
			}
			if c.faults == "" && got != "" || !strings.Contains(got, c.faults) || len(l.faults) > 1 {
				t.Errorf("faults %v, want %q", l.faults, c.faults)
			}
		})
	}
	if l := load(sources{soketi: true, soketiFile: "/nowhere.json"}); len(l.faults) != 1 || l.faults[0].Where.name != "/nowhere.json" {
		t.Errorf("no file: %v", l.faults)
	}
}

// Every row of the table leads somewhere, and has a name of its own.
func TestSoketiRowsAreSound(t *testing.T) {
	keys := DefaultConfig().asKeys()
	paths, names := map[string]bool{}, map[string]bool{}
	for _, r := range soketiRows {
		if paths[r.path] {
			t.Errorf("%s is there twice", r.path)
		}
		paths[r.path] = true
		if r.key != "" && !slices.Contains(keys, r.key) || r.key != "" && r.ignored != nil {
			t.Errorf("%s leads to %q", r.path, r.key)
		}
		for _, name := range r.env {
			if names[name] {
				t.Errorf("SOKETI_%s is there twice", name)
			}
			names[name] = true
		}
	}
}

func (c *Config) asKeys() (keys []string) {
	for _, s := range c.settings() {
		keys = append(keys, s.key)
	}
	return keys
}
