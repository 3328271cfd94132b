package sql

import (
	"testing"
)

func TestOnPostgresThatComesAndGoes(t *testing.T) {
	comesAndGoes(t, at(t, Postgres, servers.Postgres(t)))
}

func TestOnMariaDBThatComesAndGoes(t *testing.T) {
	comesAndGoes(t, at(t, MySQL, servers.MariaDB(t)))
}

// The server is down at the start, comes, dies with connections in the pool, and comes back where it was.
func comesAndGoes(t *testing.T, p *place) {
	table := p.make(t, soketi)
	p.exec(t, table, sample)
	p.server.Stop()
	s, _ := p.open(t, table)
	for range 2 {
		_, err := s.ByID(t.Context(), "app-id")
		outage(t, err)
		_, err = s.ByKey(t.Context(), "app-key")
		outage(t, err)
	}
	for range 2 {
		p.server.Start(t)
		both(t, s, "app-id", "app-key")
		r, err := s.ByID(t.Context(), "other")
		none(t, r, err)
		p.server.Stop()
		_, err = s.ByID(t.Context(), "app-id")
		outage(t, err)
		_, err = s.ByID(t.Context(), "other")
		outage(t, err)
	}
	// It comes back between two lookups, and the pool's connections are those of its former life.
	p.server.Start(t)
	both(t, s, "app-id", "app-key")
	p.server.Stop()
	p.server.Start(t)
	both(t, s, "app-id", "app-key")
}
