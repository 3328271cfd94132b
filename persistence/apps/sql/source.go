package sql

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"dormouse/persistence/apps"
)

// What one lookup may take. An app is looked up while a client waits for its connection.
const (
	attempts       = 3
	connectTimeout = time.Second
	lookupTimeout  = 2500 * time.Millisecond
	pause          = 50 * time.Millisecond // between attempts
)

// longestName bounds what is asked for, in bytes. The documented columns have 255 characters.
const longestName = 2048

// A Source reads apps from one table. It may be used from many goroutines.
type Source struct {
	db      *sql.DB
	dialect dialect
	table   string
	logger  *slog.Logger
	// connections that may be open, and idle as well.
	connections int
	twice       apps.Seldom
	hinted      atomic.Bool
}

var _ apps.Lister = (*Source)(nil)

// Open makes the source. It connects to nothing: a server that cannot be reached now may be reached later.
//
// An error says which option is wrong.
func Open(o Options) (*Source, error) {
	o.EnsureDefaults()
	d := dialects[o.Dialect]
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("apps in SQL: %w", err)
	}
	connector, err := d.connector(o)
	if err != nil {
		return nil, fmt.Errorf("apps in %s: where it is: %w", d.name, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(o.MaxConnections)
	db.SetMaxIdleConns(o.MaxConnections)
	db.SetConnMaxLifetime(o.ConnectionLifetime)
	db.SetConnMaxIdleTime(time.Minute)
	return &Source{db: db, dialect: d, table: o.Table, logger: o.Logger, connections: o.MaxConnections}, nil
}

// Close ends the connections, those of lookups under way when they end.
func (s *Source) Close() error { return s.db.Close() }

// ByID returns the row with this id, by its columns' names.
//
// Errors: apps.ErrNoRecord; any other says that the table could not be read.
func (s *Source) ByID(ctx context.Context, id string) (apps.Record, error) {
	return s.lookup(ctx, "id", id)
}

// ByKey returns the row with this key, by its columns' names: of several, that with the smallest id. The others are
// logged.
//
// Errors: apps.ErrNoRecord; any other says that the table could not be read.
func (s *Source) ByKey(ctx context.Context, key string) (apps.Record, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	r, err := s.lookup(ctx, "key", key)
	if err == nil && s.hinted.CompareAndSwap(false, true) {
		s.adviseIndex(ctx)
	}
	return r, err
}

// lookup finds the one row whose column has this value, byte for byte.
func (s *Source) lookup(ctx context.Context, column, name string) (apps.Record, error) {
	// What no column can hold is not asked for: a server's refusal would look like an outage.
	if name == "" || len(name) > longestName || !utf8.ValidString(name) || strings.Contains(name, "\x00") {
		return nil, apps.ErrNoRecord
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var found []apps.Record
	for attempt := 1; ; attempt++ {
		var err error
		if found, err = s.find(ctx, column, name); err == nil {
			break
		}
		if attempt == attempts || s.dialect.answered(err) || !wait(ctx, pause) {
			return nil, s.fault(err)
		}
		// What idles in the pool is likely as dead as this connection was.
		s.db.SetMaxIdleConns(0)
		s.db.SetMaxIdleConns(s.connections)
	}
	if len(found) == 0 {
		return nil, apps.ErrNoRecord
	}
	first := found[0]
	for _, r := range found[1:] {
		if id(r) < id(first) {
			first = r
		}
	}
	if len(found) > 1 && s.twice.Allow(column+" "+name) {
		s.logger.Error("several apps have one "+column+", the smallest id is used", "table", s.table, column, name,
			"used", id(first), "rows", len(found))
	}
	return first, nil
}

// wait waits, and reports whether there is time left.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func id(r apps.Record) string { return text(r["id"]) }

// find returns the rows whose column has this value, byte for byte.
func (s *Source) find(ctx context.Context, column, name string) (found []apps.Record, err error) {
	for r, err := range s.rows(ctx, s.dialect.selects(s.table, column), name) {
		switch {
		case err != nil && s.dialect.impossible(err):
			return nil, nil
		case err != nil:
			return nil, err
		case text(r[column]) == name:
			found = append(found, r)
		}
	}
	return found, nil
}

// List yields every row of the table that has an id, in their order. It reads the whole table.
//
// An error is the last that it yields.
func (s *Source) List(ctx context.Context) iter.Seq2[apps.Record, error] {
	return func(yield func(apps.Record, error) bool) {
		listed := map[string]bool{} // a table may lack the primary key
		for r, err := range s.rows(ctx, s.dialect.selectsAll(s.table)) {
			if err != nil {
				yield(nil, s.fault(err))
				return
			}
			if id := id(r); id == "" || listed[id] {
				continue
			} else {
				listed[id] = true
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// rows yields a statement's rows, and an error at their end if there is one.
func (s *Source) rows(ctx context.Context, statement string, args ...any) iter.Seq2[apps.Record, error] {
	return func(yield func(apps.Record, error) bool) {
		rows, err := s.db.QueryContext(ctx, statement, args...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = rows.Close() }() // what it says, Err has said
		types, err := rows.ColumnTypes()
		for err == nil && rows.Next() {
			var r apps.Record
			if r, err = scan(rows, types); err == nil && !yield(r, nil) {
				return
			}
		}
		if err = cmp.Or(err, rows.Err()); err != nil {
			yield(nil, err)
		}
	}
}

func (s *Source) fault(err error) error {
	return fmt.Errorf("apps in %s: table %s: %w", s.dialect.name, s.table, err)
}

// adviseIndex says so if the column key has no index. What keeps it from finding out is no matter.
func (s *Source) adviseIndex(ctx context.Context) {
	var n int
	err := s.db.QueryRowContext(ctx, s.dialect.counts(s.table)).Scan(&n)
	switch {
	case err != nil:
		s.logger.Debug("whether the column key has an index could not be read", "table", s.table, "err", err)
	case n == 0:
		s.logger.Warn("the column key has no index, so each lookup by key reads the whole table", "table", s.table,
			"hint", fmt.Sprintf("create index apps_key on %s (%s)", quoted(s.table, s.dialect.mark), quoted("key", s.dialect.mark)))
	}
}
