package sql

import (
	"bytes"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dormouse/persistence/apps/storetest"
)

var servers storetest.Servers

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	os.Exit(code)
}

// A place is a server, with a way round the source to make and fill tables.
type place struct {
	Dialect
	server *storetest.Server
	db     *sql.DB
}

func at(t *testing.T, d Dialect, server *storetest.Server) *place {
	t.Helper()
	o := Options{Dialect: d, DSN: server.URL}
	o.EnsureDefaults()
	connector, err := dialects[d].connector(o)
	if err != nil {
		t.Fatal(err)
	}
	p := &place{Dialect: d, server: server, db: sql.OpenDB(connector)}
	t.Cleanup(func() { p.db.Close() })
	return p
}

// exec runs a statement, in which TABLE and KEY are put as this dialect quotes them.
func (p *place) exec(t *testing.T, table, statement string) {
	t.Helper()
	mark := dialects[p.Dialect].mark
	statement = strings.NewReplacer("TABLE", quoted(table, mark), "KEY", quoted("key", mark)).Replace(statement)
	if _, err := p.db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

var tables atomic.Int64

// make makes a table of its own for a test by one of the ddl of this dialect, and returns its name.
func (p *place) make(t *testing.T, ddl map[Dialect]string) string {
	t.Helper()
	name := fmt.Sprintf("apps_%d", tables.Add(1))
	p.exec(t, name, ddl[p.Dialect])
	return name
}

// open returns a source over a table, by the parts of the address, and what it logs.
func (p *place) open(t *testing.T, table string) (*Source, *logged) {
	t.Helper()
	l := &logged{}
	o := p.options(table)
	o.Logger = slog.New(slog.NewTextHandler(l, nil))
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, l
}

func (p *place) options(table string) Options {
	return Options{
		Dialect: p.Dialect, Host: "127.0.0.1", Port: p.server.Port(), User: p.server.User, Password: p.server.Password,
		Database: p.server.Database, Table: table,
	}
}

// logged is what a source has logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// soketi's tables: names and types are those of its documentation.
var soketi = map[Dialect]string{
	Postgres: `create table TABLE (
		id varchar(255) primary key, KEY varchar(255) not null, secret varchar(255) not null,
		max_connections integer not null, enable_client_messages smallint not null, enabled smallint not null,
		max_backend_events_per_sec integer not null, max_client_events_per_sec integer not null, max_read_req_per_sec integer not null,
		webhooks json,
		max_presence_members_per_channel integer, max_presence_member_size_in_kb integer, max_channel_name_length integer,
		max_event_channels_at_once integer, max_event_name_length integer, max_event_payload_in_kb integer, max_event_batch_size integer,
		enable_user_authentication smallint not null)`,
	MySQL: `create table TABLE (
		id varchar(255) not null primary key, KEY varchar(255) not null, secret varchar(255) not null,
		max_connections integer(10) not null, enable_client_messages tinyint(1) not null, enabled tinyint(1) not null,
		max_backend_events_per_sec integer(10) not null, max_client_events_per_sec integer(10) not null, max_read_req_per_sec integer(10) not null,
		webhooks json,
		max_presence_members_per_channel tinyint(1), max_presence_member_size_in_kb tinyint(1), max_channel_name_length tinyint(1),
		max_event_channels_at_once tinyint(1), max_event_name_length tinyint(1), max_event_payload_in_kb tinyint(1), max_event_batch_size tinyint(1),
		enable_user_authentication tinyint(1) not null)`,
}

// sample is soketi's row, with one of the seven limits set as high as its tinyint goes.
const sample = `insert into TABLE (id, KEY, secret, max_connections, enable_client_messages, enabled, max_backend_events_per_sec,
	max_client_events_per_sec, max_read_req_per_sec, webhooks, max_channel_name_length, enable_user_authentication)
	values ('app-id', 'app-key', 'app-secret', 200, 1, 1, -1, -1, -1, '[]', 127, 0)`

// classic is a table from before the seven limits and the user authentication.
var classic = map[Dialect]string{
	Postgres: `create table TABLE (
		id varchar(255) primary key, KEY varchar(255) not null, secret varchar(255) not null,
		max_connections integer not null, enable_client_messages smallint not null, enabled smallint not null,
		max_backend_events_per_sec integer not null, max_client_events_per_sec integer not null, max_read_req_per_sec integer not null,
		webhooks json)`,
	MySQL: `create table TABLE (
		id varchar(255) not null primary key, KEY varchar(255) not null, secret varchar(255) not null,
		max_connections integer(10) not null, enable_client_messages tinyint(1) not null, enabled tinyint(1) not null,
		max_backend_events_per_sec integer(10) not null, max_client_events_per_sec integer(10) not null, max_read_req_per_sec integer(10) not null,
		webhooks json)`,
}

// bare is a table with what names an app, and nothing else.
var bare = map[Dialect]string{
	Postgres: "create table TABLE (id varchar(255), KEY varchar(255), secret varchar(255))",
	MySQL:    "create table TABLE (id varchar(255), KEY varchar(255), secret varchar(255))",
}
