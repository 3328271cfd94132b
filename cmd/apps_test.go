package cmd

import (
	"context"
	"strings"
	"testing"
)

// storeOf checks the settings of apps in a file.
func storeOf(t *testing.T, text string) (*appStore, Faults) {
	t.Helper()
	l := load(sources{file: write(t, "dormouse.yaml", text)})
	v := &validation{loaded: l, use: forServe, faults: l.faults}
	s := v.appStore()
	v.faults.sort()
	return s, v.faults
}

func TestStaticApps(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	secret := write(t, "secret", "from a file\n")
	text := `
apps:
  static:
    - id: 7
      key: 010
      secret: 1e3
      enabled: no
      enable_client_messages: "true"
      max_connections: 12
      max_presence_member_size_in_kb: 0.5
      allowed_origins: [https://a.example, https://b.example]
      webhooks:
        - {url: "https://u:p@x.example/hook?token=t", event_types: [member_added], headers: {X-A: b}}
    - {id: b, key: bk, secret: "file:` + secret + `", previous_secret: older, webhooks: '[{"url":"http://y.example","event_types":"cache_miss"}]'}
`
	l := load(sources{file: write(t, "dormouse.yaml", text)})
	if err := l.faults.err(); err != nil {
		t.Fatal(err)
	}
	all := decoded(t, l)
	seven, b := all["7"], all["b"]
	if len(all) != 2 || seven.Key != "010" || seven.Secret != "1e3" || seven.Enabled || !seven.EnableClientMessages || seven.MaxConnections != 12 ||
		seven.MaxPresenceMemberSizeInKB != .5 || len(seven.AllowedOrigins) != 2 || len(seven.Webhooks) != 1 || seven.Webhooks[0].Headers["X-A"] != "b" {
		t.Errorf("%+v", seven)
	}
	if b.Secret != "from a file" || b.PreviousSecret != "older" || len(b.Webhooks) != 1 {
		t.Errorf("%+v", b)
	}
	if len(l.warnings) > 0 {
		t.Errorf("warned %q", l.warnings)
	}
	printed := l.asMap()["apps.static"]
	for _, hidden := range []string{"1e3", "older", "token", "u:p", "X-A", "y.example"} {
		if strings.Contains(printed, hidden) {
			t.Errorf("%s is shown in %s", hidden, printed)
		}
	}
	for _, shown := range []string{`id: "7"`, "enabled: false", "https://x.example/…", "member_added", "file:" + secret} {
		if !strings.Contains(printed, shown) {
			t.Errorf("%s is not in %s", shown, printed)
		}
	}
}

func TestStaticAppsByVariableAndFlag(t *testing.T) {
	one := "{id: a, key: k, secret: s}"
	for name, s := range map[string]sources{
		"variable":       {env: []string{"DORMOUSE_APPS_STATIC=[" + one + "]"}},
		"one by itself":  {env: []string{"DORMOUSE_APPS_STATIC=" + one}},
		"flag":           {flags: map[string][]string{"apps.static": {one}}},
		"two of a flag":  {flags: map[string][]string{"apps.static": {one, "{id: b, key: bk, secret: s}"}}},
		"a list by flag": {flags: map[string][]string{"apps.static": {"[" + one + "]"}}},
	} {
		if all := decoded(t, load(s)); all["a"] == nil || all["a"].Secret != "s" {
			t.Errorf("%s: %v", name, all)
		}
	}
}

func TestAppFaults(t *testing.T) {
	for _, c := range []struct{ name, text, where, want string }{
		{"no secret", "static:\n    - id: a\n      key: k", ":3", "app 1: secret is missing: what backends sign with"},
		{"no key", "static:\n    - {id: a, secret: s}", ":3", "app 1: key is missing"},
		{"an empty secret", "static:\n    - {id: a, key: k, secret: ''}", ":3", "app 1: secret is missing"},
		{"a key that is a list", "static:\n    - {id: a, key: [k], secret: s}", ":3", "key is a list, expected text"},
		{"a name", "static:\n    - {id: a, key: k, secret: s,\n       maxConnections: 5}", ":4", `unknown key "maxConnections"`},
		{"a limit", "static:\n    - {id: ok, key: k2, secret: s}\n    - {id: a, key: k, secret: s, max_connections: many}", ":4", `app 2: max_connections is the text "many", expected a whole number`},
		{"a switch", "static:\n    - {id: a, key: k, secret: s, enabled: perhaps}", ":3", `enabled is the text "perhaps", expected true`},
		{"a webhook", "static:\n    - {id: a, key: k, secret: s, webhooks: [{url: 'ftp://x', event_types: [member_added]}]}", ":3", "webhooks[0].url is not an absolute http or https address"},
		{"a file of a secret", "static:\n    - {id: a, key: k, secret: 'file:/nowhere'}", ":3", "there is no file /nowhere"},
		{"an id twice", "static:\n    - {id: a, key: k, secret: s}\n    - {id: a, key: l, secret: s}", ":2", "the id of another one"},
		{"a key twice", "static:\n    - {id: a, key: k, secret: s}\n    - {id: b, key: k, secret: s}", ":2", `the key is also that of app "a"`},
		{"not a list", "static: 7", ":2", "write [{id: shop"},
		{"apps of two kinds", "driver: dynamodb\n  static:\n    - {id: a, key: k, secret: s}", ":3", "nobody looks at while apps.driver is dynamodb"},
		{"a driver", "driver: array", ":2", `"array" is none of static, dynamodb`},
		{"a table", "driver: dynamodb\n  dynamodb: {table: 'a b'}", ":3", `"a b" is no name of a DynamoDB table`},
		{"a region", "driver: dynamodb\n  dynamodb: {region: 'US'}", ":3", `"US" is no name of an AWS region`},
		{"an endpoint", "driver: dynamodb\n  dynamodb: {endpoint: 'localhost'}", ":3", "is no URL"},
		{"a table in SQL", "driver: mysql\n  mysql: {table: 'a;b'}", ":3", `"a;b" is no name of a table`},
		{"a port", "driver: postgres\n  postgres: {port: 70000}", ":3", "port 70000 is not within"},
		{"connections", "driver: postgres\n  postgres: {connections: 2000}", ":3", "2000 connections are not within"},
		{"how it is kept from others' eyes", "driver: postgres\n  postgres: {tls: maybe}", ":3", `"maybe" is none of prefer`},
		{"a password's file", "driver: postgres\n  postgres: {password: 'file:/nowhere'}", ":3", "there is no file /nowhere"},
		{"an authority's file", "driver: postgres\n  postgres: {tls: verify, ca: /nowhere}", ":3", "/nowhere"},
		{"an address", "driver: mysql\n  mysql: {dsn: 'root:hush@@tcp(x'}", ":3", ""},
		{"a size", "limits: {event_payload_size: 1e9KiBi}", ":2", "is no size"},
		{"an infinite size", "limits: {event_payload_size: infKiB}", ":2", "is no size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, faults := storeOf(t, "apps:\n  "+c.text+"\n")
			if len(faults) != 1 || !strings.Contains(faults[0].Message, c.want) || !strings.HasSuffix(faults[0].Where.String(), c.where) {
				t.Fatalf("faults %v, want %q at %s", faults, c.want, c.where)
			}
			if strings.Contains(faults.Error(), "hush") {
				t.Errorf("a password is shown: %v", faults)
			}
		})
	}
}

// command runs one command in this process.
func command(t *testing.T, env []string, args ...string) (code int, out, err string) {
	t.Helper()
	var o, e strings.Builder
	p := &program{args: args, env: env, invoked: "dormouse", in: strings.NewReader(""), out: &o, err: &e}
	code = p.run(context.WithoutCancel(t.Context()))
	return code, o.String(), e.String()
}
