package sql

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dormouse/persistence/apps"
	"dormouse/persistence/apps/appstest"
)

func TestOnPostgresSuite(t *testing.T) { suite(t, at(t, Postgres, servers.Postgres(t))) }

func TestOnMariaDBSuite(t *testing.T) { suite(t, at(t, MySQL, servers.MariaDB(t))) }

// suite is what every source must pass, over soketi's own table.
func suite(t *testing.T, p *place) {
	appstest.Run(t, func(t *testing.T, items []apps.Record) apps.Source {
		table := p.make(t, soketi)
		p.put(t, table, items...)
		s, _ := p.open(t, table)
		return s
	})
	appstest.RunLive(t, func(t *testing.T) appstest.Table {
		table := p.make(t, soketi)
		s, _ := p.open(t, table)
		return appstest.Table{
			Source: s,
			Put:    func(items ...apps.Record) { p.put(t, table, items...) },
			Delete: func(ids ...string) { p.remove(t, table, ids...) },
			Stop:   p.server.Stop,
			Start:  func() { p.server.Start(t) },
		}
	})
}

// unlimited is what soketi's table wants of every row.
var unlimited = apps.Record{
	"max_connections": -1, "enable_client_messages": 0, "enabled": 1, "max_backend_events_per_sec": -1,
	"max_client_events_per_sec": -1, "max_read_req_per_sec": -1, "enable_user_authentication": 0,
}

// put writes items in the place of those with their ids, with the types of soketi's table.
func (p *place) put(t *testing.T, table string, items ...apps.Record) {
	t.Helper()
	for _, item := range items {
		row := apps.Record{}
		for _, from := range []apps.Record{unlimited, appstest.Snake(item)} {
			for column, v := range from {
				switch typed := v.(type) {
				case bool:
					v = 0
					if typed {
						v = 1
					}
				case []any:
					text, err := json.Marshal(typed)
					if err != nil {
						t.Fatal(err)
					}
					v = string(text)
				}
				row[column] = v
			}
		}
		p.remove(t, table, item["id"].(string))
		var columns, places []string
		var values []any
		for column, v := range row {
			columns = append(columns, quoted(column, dialects[p.Dialect].mark))
			values = append(values, v)
			place := p.parameter(len(values))
			if column == "webhooks" && p.Dialect == Postgres {
				place += "::json"
			}
			places = append(places, place)
		}
		p.run(t, fmt.Sprintf("insert into %s (%s) values (%s)", quoted(table, dialects[p.Dialect].mark),
			strings.Join(columns, ", "), strings.Join(places, ", ")), values...)
	}
}

func (p *place) remove(t *testing.T, table string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		p.run(t, fmt.Sprintf("delete from %s where id = %s", quoted(table, dialects[p.Dialect].mark), p.parameter(1)), id)
	}
}

func (p *place) parameter(n int) string {
	if p.Dialect == Postgres {
		return fmt.Sprint("$", n)
	}
	return "?"
}

func (p *place) run(t *testing.T, statement string, values ...any) {
	t.Helper()
	if _, err := p.db.ExecContext(t.Context(), statement, values...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
