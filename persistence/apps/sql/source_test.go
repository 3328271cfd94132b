package sql

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dormouse/persistence/apps"
)

func TestOnPostgres(t *testing.T) { reads(t, at(t, Postgres, servers.Postgres(t))) }

func TestOnMariaDB(t *testing.T) { reads(t, at(t, MySQL, servers.MariaDB(t))) }

func reads(t *testing.T, p *place) {
	for name, test := range map[string]func(*testing.T, *place){
		"soketi's table and row":                      readsSoketi,
		"a table without the columns of later times":  readsClassic,
		"names are compared byte by byte":             comparesBytes,
		"what no column can hold is not there":        refusesImpossible,
		"of several rows with one key, the first":     choosesSmallest,
		"columns of other types":                      readsTypes,
		"a table in a schema, a name with a dollar":   quotesTable,
		"the schema that is printed":                  executesSchema,
		"a key without an index is told once":         hintsOnce,
		"columns that cannot have every name":         readsNarrowNames,
		"a table that is not there is no missing app": tellsMissingTable,
		"a table that grows a column":                 followsTable,
		"no more connections than allowed":            boundsConnections,
		"nothing after the end":                       closes,
		"an asker who has gone":                       letsGo,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

// both looks the app up by id and by key, and returns the record if they agree.
func both(t *testing.T, s *Source, id, key string) apps.Record {
	t.Helper()
	byID, err := s.ByID(t.Context(), id)
	if err != nil {
		t.Fatalf("by id %q: %v", id, err)
	}
	byKey, err := s.ByKey(t.Context(), key)
	if err != nil {
		t.Fatalf("by key %q: %v", key, err)
	}
	if diff := cmp.Diff(byID, byKey); diff != "" {
		t.Errorf("by id (-) and by key (+) differ:\n%s", diff)
	}
	return byID
}

func same(t *testing.T, got, want apps.Record) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func none(t *testing.T, r apps.Record, err error) {
	t.Helper()
	if !errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("found %v, %v; want ErrNoRecord", r, err)
	}
}

func outage(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, apps.ErrNoRecord) {
		t.Errorf("error %v; want an outage", err)
	}
}

func readsSoketi(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	s, _ := p.open(t, table)
	same(t, both(t, s, "app-id", "app-key"), apps.Record{
		"id": "app-id", "key": "app-key", "secret": "app-secret", "max_connections": int64(200),
		"enable_client_messages": int64(1), "enabled": int64(1), "max_backend_events_per_sec": int64(-1),
		"max_client_events_per_sec": int64(-1), "max_read_req_per_sec": int64(-1), "webhooks": "[]",
		"max_presence_members_per_channel": nil, "max_presence_member_size_in_kb": nil, "max_channel_name_length": int64(127),
		"max_event_channels_at_once": nil, "max_event_name_length": nil, "max_event_payload_in_kb": nil, "max_event_batch_size": nil,
		"enable_user_authentication": int64(0),
	})
	r, err := s.ByID(t.Context(), "app-key")
	none(t, r, err)
	r, err = s.ByKey(t.Context(), "app-id")
	none(t, r, err)
}

func readsClassic(t *testing.T, p *place) {
	table := p.make(t, classic)
	p.exec(t, table, `insert into TABLE values ('app-id', 'app-key', 'app-secret', -1, 0, 1, -1, -1, -1, null)`)
	s, _ := p.open(t, table)
	same(t, both(t, s, "app-id", "app-key"), apps.Record{
		"id": "app-id", "key": "app-key", "secret": "app-secret", "max_connections": int64(-1),
		"enable_client_messages": int64(0), "enabled": int64(1), "max_backend_events_per_sec": int64(-1),
		"max_client_events_per_sec": int64(-1), "max_read_req_per_sec": int64(-1), "webhooks": nil,
	})
}

func comparesBytes(t *testing.T, p *place) {
	table := p.make(t, bare)
	p.exec(t, table, `insert into TABLE values ('app-id', 'app-key', 's'), ('trailing ', 'Trailing ', 's'), ('straße', 'schlüssel', 's')`)
	s, _ := p.open(t, table)
	for _, name := range []string{"APP-ID", "App-Id", "app-id ", "app-id\t", " app-id", "trailing", "strasse", "strase", "app-i", "app-id%"} {
		r, err := s.ByID(t.Context(), name)
		none(t, r, err)
	}
	for _, name := range []string{"APP-KEY", "app-key ", "Trailing", "trailing ", "schlussel", "' or ''='"} {
		r, err := s.ByKey(t.Context(), name)
		none(t, r, err)
	}
	both(t, s, "app-id", "app-key")
	both(t, s, "trailing ", "Trailing ")
	both(t, s, "straße", "schlüssel")
	// Rows that differ in case alone are two apps.
	p.exec(t, table, `insert into TABLE values ('one', 'TWINS', 's'), ('two', 'twins', 's')`)
	both(t, s, "one", "TWINS")
	both(t, s, "two", "twins")
}

func refusesImpossible(t *testing.T, p *place) {
	s, _ := p.open(t, p.make(t, bare))
	for _, name := range []string{"", "a\x00b", "\xff\xfe", strings.Repeat("k", longestName), strings.Repeat("k", longestName+1)} {
		r, err := s.ByID(t.Context(), name)
		none(t, r, err)
		r, err = s.ByKey(t.Context(), name)
		none(t, r, err)
	}
}

func choosesSmallest(t *testing.T, p *place) {
	table := p.make(t, bare)
	p.exec(t, table, `insert into TABLE values ('b', 'shared', 's'), ('a', 'shared', 's'), ('c', 'shared', 's')`)
	s, l := p.open(t, table)
	for range 3 {
		r, err := s.ByKey(t.Context(), "shared")
		if err != nil || r["id"] != "a" {
			t.Errorf("found %v, %v", r, err)
		}
	}
	if n := l.count("several apps have one key"); n != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", n, l.text.String())
	}
}

func readsTypes(t *testing.T, p *place) {
	table := p.make(t, map[Dialect]string{
		Postgres: `create table TABLE (id text, KEY text, secret bytea, enabled boolean, max_connections bigint, max_presence_member_size_in_kb real,
			max_event_payload_in_kb numeric(10,2), webhooks jsonb, allowed_origins text, updated timestamptz, half double precision)`,
		MySQL: `create table TABLE (id text, KEY text, secret blob, enabled bit(1), max_connections bigint unsigned, max_presence_member_size_in_kb float,
			max_event_payload_in_kb decimal(10,2), webhooks json, allowed_origins mediumtext, updated datetime, half double)`,
	})
	enabled, highest := "true", "9223372036854775807"
	if p.Dialect == MySQL {
		enabled, highest = "b'1'", "18446744073709551615"
	}
	p.exec(t, table, `insert into TABLE values ('i', 'k', 's', `+enabled+`, `+highest+`, 0.1, 2.50, '["a"]', 'https://a.test', '2026-01-02 03:04:05', 0.5)`)
	s, _ := p.open(t, table)
	r := both(t, s, "i", "k")
	delete(r, "updated") // in the server's own time zone
	want := apps.Record{
		"id": "i", "key": "k", "secret": []byte("s"), "enabled": true, "max_connections": int64(1<<63 - 1),
		"max_presence_member_size_in_kb": 0.1, "max_event_payload_in_kb": "2.50", "webhooks": `["a"]`, "allowed_origins": "https://a.test", "half": 0.5,
	}
	if p.Dialect == MySQL {
		want["enabled"], want["max_connections"] = []byte{1}, r["max_connections"]
		if text(r["max_connections"]) != highest {
			t.Errorf("the highest number is %v", r["max_connections"])
		}
	}
	same(t, r, want)
}

func readsNarrowNames(t *testing.T, p *place) {
	hostile := []string{"abc", "🦔", "Ж", "1e3", "99999999999999999999999", "-1", "'", "1 ", " 1", "01", "00000000-0000-0000-0000-00000000000g"}
	ddl := map[Dialect][]string{
		Postgres: {
			"create table TABLE (id integer primary key, KEY uuid not null, secret text)",
			"create table TABLE (id bigint primary key, KEY uuid not null, secret text)",
			"create table TABLE (id smallint primary key, KEY char(40) not null, secret text)",
		},
		MySQL: {
			"create table TABLE (id integer primary key, KEY char(40) character set latin1, secret text) character set latin1",
			"create table TABLE (id bigint unsigned primary key, KEY varchar(40) character set utf8mb3, secret text)",
			"create table TABLE (id char(40) character set ascii primary key, KEY varchar(40) character set utf8mb4, secret text)",
			"create table TABLE (id varbinary(40) primary key, KEY varbinary(40), secret text)",
		},
	}
	for _, ddl := range ddl[p.Dialect] {
		table := p.make(t, map[Dialect]string{p.Dialect: ddl})
		const key = "0b0e6a52-6a4c-4b1e-9f9e-0123456789ab"
		p.exec(t, table, "insert into TABLE values ('17', '"+key+"', 's')")
		s, _ := p.open(t, table)
		if r, err := s.ByID(t.Context(), "17"); err != nil || text(r["id"]) != "17" || r["secret"] != "s" {
			t.Errorf("%s: by id %v, %v", ddl, r, err)
		}
		if r, err := s.ByKey(t.Context(), key); err != nil || text(r["id"]) != "17" {
			t.Errorf("%s: by key %v, %v", ddl, r, err)
		}
		for _, name := range hostile {
			if r, err := s.ByID(t.Context(), name); !errors.Is(err, apps.ErrNoRecord) {
				t.Errorf("%s: by id %q: %v, %v", ddl, name, r, err)
			}
			if r, err := s.ByKey(t.Context(), name); !errors.Is(err, apps.ErrNoRecord) {
				t.Errorf("%s: by key %q: %v, %v", ddl, name, r, err)
			}
		}
	}
}

func quotesTable(t *testing.T, p *place) {
	schema := map[Dialect]string{Postgres: "public", MySQL: p.server.Database}[p.Dialect]
	for _, table := range []string{schema + ".apps_in_schema", "Apps$2", "select", "1"} {
		p.exec(t, table, bare[p.Dialect])
		p.exec(t, table, `insert into TABLE values ('i', 'k', 's')`)
		s, l := p.open(t, table)
		both(t, s, "i", "k")
		if l.count("no index") != 1 {
			t.Errorf("%s: the missing index is not told:\n%s", table, l.text.String())
		}
	}
}

func executesSchema(t *testing.T, p *place) {
	const table = "apps_by_schema"
	ddl, err := Schema(p.Dialect, table)
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, table, ddl)
	p.exec(t, table, strings.Replace(sample, "127", "200", 1))
	p.exec(t, table, `insert into TABLE (id, KEY, secret, max_presence_member_size_in_kb) values ('least', 'Least', 's', 0.1)`)
	s, l := p.open(t, table)
	if r := both(t, s, "app-id", "app-key"); r["max_channel_name_length"] != int64(200) || len(r) != 18 {
		t.Errorf("read %v", r)
	}
	r := both(t, s, "least", "Least")
	if r["enabled"] != int64(1) || r["max_connections"] != int64(-1) || r["webhooks"] != nil || r["max_presence_member_size_in_kb"] != 0.1 {
		t.Errorf("what is left out is %v", r)
	}
	if l.count("no index") > 0 {
		t.Errorf("a unique key has an index:\n%s", l.text.String())
	}
}

func hintsOnce(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	s, l := p.open(t, table)
	for range 2 {
		both(t, s, "app-id", "app-key")
	}
	if n := l.count("no index"); n != 1 {
		t.Errorf("told %d times, want once:\n%s", n, l.text.String())
	}
	// What it advises is what it wants.
	p.exec(t, table, "create index apps_key on TABLE (KEY)")
	s, l = p.open(t, table)
	both(t, s, "app-id", "app-key")
	if n := l.count("no index"); n != 0 {
		t.Errorf("told %d times with an index:\n%s", n, l.text.String())
	}
	// Of a view nobody knows.
	p.exec(t, table+"_view", "create view TABLE as select * from "+quoted(table, dialects[p.Dialect].mark))
	s, l = p.open(t, table+"_view")
	both(t, s, "app-id", "app-key")
	if n := l.count("no index"); n != 0 {
		t.Errorf("told %d times of a view:\n%s", n, l.text.String())
	}
}

func tellsMissingTable(t *testing.T, p *place) {
	s, _ := p.open(t, "nowhere")
	_, err := s.ByID(t.Context(), "app-id")
	if outage(t, err); !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("the error does not name the table: %v", err)
	}
	table := p.make(t, map[Dialect]string{Postgres: "create table TABLE (id text)", MySQL: "create table TABLE (id text)"})
	s, _ = p.open(t, table)
	_, err = s.ByKey(t.Context(), "app-key")
	if outage(t, err); !strings.Contains(err.Error(), "key") {
		t.Errorf("the error does not name the column: %v", err)
	}
}

func followsTable(t *testing.T, p *place) {
	table := p.make(t, bare)
	p.exec(t, table, `insert into TABLE values ('i', 'k', 's')`)
	s, _ := p.open(t, table)
	both(t, s, "i", "k")
	p.exec(t, table, "alter table TABLE add column max_connections integer not null default 5")
	if r := both(t, s, "i", "k"); r["max_connections"] != int64(5) {
		t.Errorf("read %v", r)
	}
	p.exec(t, table, "update TABLE set secret = 'other'")
	if r := both(t, s, "i", "k"); r["secret"] != "other" {
		t.Errorf("read %v", r)
	}
}

func boundsConnections(t *testing.T, p *place) {
	table := p.make(t, bare)
	p.exec(t, table, `insert into TABLE values ('i', 'k', 's')`)
	s, _ := p.open(t, table)
	var asking sync.WaitGroup
	for range 50 {
		asking.Go(func() {
			if _, err := s.ByID(t.Context(), "i"); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	if n := s.db.Stats().OpenConnections; n < 1 || n > 7 {
		t.Errorf("%d connections are open, want 1 to 7", n)
	}
}

func closes(t *testing.T, p *place) {
	table := p.make(t, bare)
	s, _ := p.open(t, table)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.ByID(t.Context(), "i")
	outage(t, err)
	_, err = s.ByKey(t.Context(), "k")
	outage(t, err)
}

func letsGo(t *testing.T, p *place) {
	s, _ := p.open(t, p.make(t, bare))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.ByID(ctx, "i")
	if outage(t, err); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
