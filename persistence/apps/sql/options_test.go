package sql

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestOptionsThatAreWrong(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"a dialect that is none", Options{Dialect: "oracle"}, `dialect "oracle"`},
		{"no dialect", Options{}, `dialect ""`},
		{"a table with a quote", Options{Dialect: MySQL, Table: "apps`; drop table x"}, "no name of a table"},
		{"a table with two dots", Options{Dialect: Postgres, Table: "a.b.c"}, "no name of a table"},
		{"a table with an empty schema", Options{Dialect: Postgres, Table: ".apps"}, "no name of a table"},
		{"a table with a line's end", Options{Dialect: Postgres, Table: "apps\n"}, "no name of a table"},
		{"a port that is none", Options{Dialect: Postgres, Port: 70000}, "port 70000"},
		{"TLS that is none", Options{Dialect: Postgres, TLS: "yes"}, `TLS "yes"`},
		{"a pool without end", Options{Dialect: Postgres, MaxConnections: -1}, "-1 connections"},
		{"a negative life", Options{Dialect: Postgres, ConnectionLifetime: -time.Second}, "lifetime"},
		{"a DSN of the other dialect", Options{Dialect: MySQL, DSN: "postgres://db/main"}, "where it is"},
		{"a DSN that is none", Options{Dialect: Postgres, DSN: "postgres://db:port/main"}, "where it is"},
		{"all at once", Options{Dialect: Postgres, Table: "a b", Port: -1}, "port -1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Open(c.o)
			if err == nil {
				s.Close()
				t.Fatal("it is taken")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

func TestDefaultsAreSoketis(t *testing.T) {
	for d, want := range map[Dialect]Options{
		Postgres: {Port: 5432, User: "postgres"},
		MySQL:    {Port: 3306, User: "root"},
	} {
		want.Dialect, want.Host, want.Database, want.Table = d, "127.0.0.1", "main", "apps"
		want.TLS, want.MaxConnections, want.ConnectionLifetime, want.Logger = TLSPrefer, 7, 5*time.Minute, slog.Default()
		got := Options{Dialect: d}
		got.EnsureDefaults()
		if got != want {
			t.Errorf("%s: %+v, want %+v", d, got, want)
		}
	}
}

func TestAnErrorShowsNoPassword(t *testing.T) {
	for _, o := range []Options{
		{Dialect: Postgres, DSN: "postgres://app:hidden@db:port/main"},
		{Dialect: MySQL, DSN: "app:hidden@tcp(db:3306"},
		{Dialect: Postgres, Host: "127.0.0.1", Port: 1, Password: "hidden"},
		{Dialect: MySQL, Host: "127.0.0.1", Port: 1, Password: "hidden"},
	} {
		s, err := Open(o)
		if err == nil {
			_, err = s.ByID(t.Context(), "app-id")
			s.Close()
		}
		if err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: error %v", o.Dialect, err)
		}
	}
}

func TestSchemaOfAWrongTable(t *testing.T) {
	if text, err := Schema(Postgres, "a b"); err == nil {
		t.Errorf("it is %s", text)
	}
	if text, err := Schema("oracle", ""); err == nil {
		t.Errorf("it is %s", text)
	}
}
