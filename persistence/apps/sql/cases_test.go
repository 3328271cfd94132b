package sql

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/claims"
	"dormouse/persistence/apps"
)

func TestOnPostgresCases(t *testing.T) { cases(t, at(t, Postgres, servers.Postgres(t))) }

func TestOnMariaDBCases(t *testing.T) { cases(t, at(t, MySQL, servers.MariaDB(t))) }

// cases are the apps of tables as soketi's users have them: what the server makes of a row, by the numbers of the
// acceptance cases.
func cases(t *testing.T, p *place) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, *place)
	}{
		{"A1 A2 A16 soketi's table and row", soketisRow},
		{"A3 A17 tables without the later columns", laterColumns},
		{"A4 A5 enabled and disabled", enabled},
		{"A6 A7 switches", switches},
		{"A8 limits of -1 are the server's", negativeLimits},
		{"A9 A10 connections", connections},
		{"A11 a row without a secret is no app", noSecret},
		{"A12 webhooks, whole, broken, and broken in part", webhooks},
		{"A13 of two apps with one key the smaller id", oneKeyTwice},
		{"A15 a limit with a fraction", fraction},
		{"A18 another letter case is another key", letterCase},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, p) })
	}
}

// serve is a cache over a table, as the server has it, and what both log.
func (p *place) serve(t *testing.T, table string) (*apps.Cache, *logged) {
	t.Helper()
	s, l := p.open(t, table)
	c := apps.NewCache(s, apps.CacheOptions{Logger: slog.New(slog.NewTextHandler(l, nil))})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, l
}

// row is the app of a row in soketi's table, the sample with some columns set as SQL says it, and what was logged.
func (p *place) row(t *testing.T, set string) (*claims.App, *logged) {
	t.Helper()
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	if set != "" {
		p.exec(t, table, "update TABLE set "+set)
	}
	c, l := p.serve(t, table)
	a, err := c.ByKey(t.Context(), "app-key")
	if err = errors.Join(err, c.Close()); err != nil { // it writes to the log beside its answers
		t.Fatal(err)
	}
	return a, l
}

// sampleApp is what soketi's row means.
func sampleApp() *claims.App {
	return &claims.App{
		ID: "app-id", Key: "app-key", Secret: "app-secret", Enabled: true, EnableClientMessages: true, EnableWatchlist: true,
		MaxConnections: 200, MaxBackendEventsPerSecond: claims.Unlimited,
		MaxClientEventsPerSecond: claims.Unlimited, MaxReadRequestsPerSecond: claims.Unlimited,
		MaxPresenceMembersPerChannel: 100, MaxPresenceMemberSizeInKB: 2, MaxChannelNameLength: 127, MaxEventChannelsAtOnce: 100,
		MaxEventNameLength: 200, MaxEventPayloadInKB: 100, MaxEventBatchSize: 10,
	}
}

// is compares all but the delay of webhooks, which the server lends.
func is(t *testing.T, got, want *claims.App) {
	t.Helper()
	want.WebhookDelay = got.WebhookDelay
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func soketisRow(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	c, _ := p.serve(t, table)
	a, err := c.ByKey(t.Context(), "app-key")
	if err != nil {
		t.Fatal(err)
	}
	is(t, a, sampleApp())
	c, _ = p.serve(t, table)
	if a, err = c.ByID(t.Context(), "app-id"); err != nil {
		t.Fatal(err)
	}
	is(t, a, sampleApp())
}

func laterColumns(t *testing.T, p *place) {
	want := sampleApp()
	want.MaxChannelNameLength = 200
	least := sampleApp()
	least.MaxChannelNameLength, least.MaxConnections, least.EnableClientMessages = 200, claims.Unlimited, false
	for name, c := range map[string]struct {
		ddl    map[Dialect]string
		values string
		want   *claims.App
	}{
		"before the seven limits": {classic, "'app-id', 'app-key', 'app-secret', 200, 1, 1, -1, -1, -1, null", want},
		"with what names an app":  {bare, "'app-id', 'app-key', 'app-secret'", least},
	} {
		table := p.make(t, c.ddl)
		p.exec(t, table, "insert into TABLE values ("+c.values+")")
		served, _ := p.serve(t, table)
		a, err := served.ByKey(t.Context(), "app-key")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		is(t, a, c.want)
	}
}

func enabled(t *testing.T, p *place) {
	for value, want := range map[string]bool{"0": false, "1": true} {
		if a, _ := p.row(t, "enabled = "+value); a.Enabled != want {
			t.Errorf("%s: enabled %v", value, a.Enabled)
		}
	}
}

func switches(t *testing.T, p *place) {
	for value, want := range map[string]bool{"0": false, "1": true} {
		a, l := p.row(t, "enable_client_messages = "+value+", enable_user_authentication = "+value)
		if a.EnableClientMessages != want || a.EnableUserAuthentication != want || l.count("level=WARN") != l.count("no index") {
			t.Errorf("%s: client messages %v, user authentication %v, logged:\n%s", value, a.EnableClientMessages,
				a.EnableUserAuthentication, l.text.String())
		}
	}
}

func negativeLimits(t *testing.T, p *place) {
	a, _ := p.row(t, "max_presence_members_per_channel = -1, max_presence_member_size_in_kb = -1, max_channel_name_length = -1, "+
		"max_event_channels_at_once = -1, max_event_name_length = -1, max_event_payload_in_kb = -1, max_event_batch_size = -1")
	want := sampleApp()
	want.MaxChannelNameLength = 200
	is(t, a, want)
}

func connections(t *testing.T, p *place) {
	for value, want := range map[string]int{"1": 1, "0": claims.Unlimited, "-1": claims.Unlimited} {
		if a, _ := p.row(t, "max_connections = "+value); a.MaxConnections != want {
			t.Errorf("%s: %d", value, a.MaxConnections)
		}
	}
}

func noSecret(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, strings.Replace(sample, "'app-secret'", "''", 1))
	c, l := p.serve(t, table)
	for range 2 {
		if a, err := c.ByKey(t.Context(), "app-key"); !errors.Is(err, claims.ErrNoApp) {
			t.Errorf("by key: %v, %v", a, err)
		}
		if a, err := c.ByID(t.Context(), "app-id"); !errors.Is(err, claims.ErrNoApp) {
			t.Errorf("by id: %v, %v", a, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := l.count("level=ERROR"); n != 1 {
		t.Errorf("%d error lines:\n%s", n, l.text.String())
	}
}

func webhooks(t *testing.T, p *place) {
	const one = `{"url":"https://example.com/hook","event_types":["channel_occupied","member_added"],"headers":{"X-Custom":"1"}}`
	want := []claims.Webhook{{
		URL: "https://example.com/hook", EventTypes: []string{"channel_occupied", "member_added"},
		Headers: map[string]string{"X-Custom": "1"},
	}}
	for name, c := range map[string]struct {
		value string
		want  []claims.Webhook
		says  int
	}{
		"whole":                   {"[" + one + "]", want, 0},
		"one without event types": {`[{"url":"https://example.com/other"},` + one + "]", want, 1},
		"no list":                 {`"soon"`, nil, 1},
		"null":                    {"null", nil, 0},
	} {
		a, l := p.row(t, "webhooks = '"+c.value+"'")
		if diff := cmp.Diff(c.want, a.Webhooks); diff != "" {
			t.Errorf("%s: want (-), got (+):\n%s", name, diff)
		}
		if n := l.count("level=WARN") - l.count("no index"); n != c.says {
			t.Errorf("%s: %d warnings, want %d:\n%s", name, n, c.says, l.text.String())
		}
	}
	// A json column takes no broken JSON, but a text column does.
	table := p.make(t, map[Dialect]string{
		Postgres: "create table TABLE (id text, KEY text, secret text, webhooks text)",
		MySQL:    "create table TABLE (id text, KEY text, secret text, webhooks text)",
	})
	p.exec(t, table, `insert into TABLE values ('app-id', 'app-key', 's', '[{"url":')`)
	c, _ := p.serve(t, table)
	if a, err := c.ByKey(t.Context(), "app-key"); err != nil || len(a.Webhooks) > 0 {
		t.Errorf("broken: %v, %v", a, err)
	}
}

func oneKeyTwice(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, strings.Replace(sample, "'app-id'", "'two'", 1))
	p.exec(t, table, strings.Replace(sample, "'app-id'", "'one'", 1))
	c, l := p.serve(t, table)
	if a, err := c.ByKey(t.Context(), "app-key"); err != nil || a.ID != "one" {
		t.Errorf("app %v, %v", a, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if l.count("level=ERROR") != 1 || l.count("several apps have one key") != 1 {
		t.Errorf("logged:\n%s", l.text.String())
	}
}

func fraction(t *testing.T, p *place) {
	const table = "apps_with_fractions"
	ddl, err := Schema(p.Dialect, table)
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, table, ddl)
	p.exec(t, table, "insert into TABLE (id, KEY, secret, max_presence_member_size_in_kb) values ('app-id', 'app-key', 's', 0.1)")
	c, _ := p.serve(t, table)
	a, err := c.ByKey(t.Context(), "app-key")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(a.MaxPresenceMemberSizeInKB); got != "0.1" {
		t.Errorf("%s KB", got)
	}
}

func letterCase(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	c, _ := p.serve(t, table)
	for _, name := range []string{"APP-KEY", "App-Key", "app-key "} {
		if a, err := c.ByKey(t.Context(), name); !errors.Is(err, claims.ErrNoApp) {
			t.Errorf("by key %q: %v, %v", name, a, err)
		}
	}
	if a, err := c.ByID(t.Context(), "APP-ID"); !errors.Is(err, claims.ErrNoApp) {
		t.Errorf("by id: %v, %v", a, err)
	}
}
