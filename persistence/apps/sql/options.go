package sql

import (
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// Options say where the table is. Of the zero value only Dialect must be set: the rest is as soketi has it.
type Options struct {
	// Dialect is the kind of server.
	Dialect Dialect

	// DSN is a whole address in the driver's own form, with whatever else it knows, TLS above all. It stands in for
	// the seven fields that follow it.
	//
	//	postgres://app:secret@db.example:5432/main?sslmode=verify-full&sslrootcert=/etc/ssl/db.pem
	//	app:secret@tcp(db.example:3306)/main?tls=true
	DSN string
	// Host is a name, an address, or the folder (PostgreSQL) or file (MySQL) of a socket. Default 127.0.0.1.
	Host string
	// Port, default 5432 or 3306.
	Port int
	// User, default postgres or root.
	User string
	// Password. Empty: none.
	Password string
	// Database, default main.
	Database string
	// TLS of the connection. Default [TLSPrefer].
	TLS TLS
	// CAFile has the certificates, in PEM, of whom [TLSVerify] trusts. Empty: whom this system trusts.
	CAFile string

	// Table is its name, and its schema's or database's before a dot if it is not where names are looked for anyway.
	// Each is of A-Z, a-z, 0-9, '_' and '$', taken with its upper and lower case. Default apps.
	Table string
	// MaxConnections, at most, at once; lookups beyond wait. They are made when they are wanted. Default 7.
	MaxConnections int
	// ConnectionLifetime is after how long a connection is not used again. Default 5 min.
	ConnectionLifetime time.Duration
	// Logger is told of two rows with one key, once a minute for each key; of a key without an index, once; and at
	// level debug of what the driver sees of connections that end. nil: slog.Default().
	Logger *slog.Logger
}

// TLS says how a connection is kept from others' eyes.
type TLS string

// What TLS can be.
const (
	TLSPrefer  TLS = "prefer"  // if the server offers it, whoever the server is
	TLSDisable TLS = "disable" // none
	TLSRequire TLS = "require" // always, whoever the server is
	TLSVerify  TLS = "verify"  // always, and the server's certificate must be good for Host
)

// EnsureDefaults fills what is zero.
func (o *Options) EnsureDefaults() {
	d := dialects[o.Dialect]
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if o.Port == 0 {
		o.Port = d.port
	}
	if o.User == "" {
		o.User = d.user
	}
	if o.Database == "" {
		o.Database = "main"
	}
	if o.TLS == "" {
		o.TLS = TLSPrefer
	}
	if o.Table == "" {
		o.Table = defaultTable
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 7
	}
	if o.ConnectionLifetime == 0 {
		o.ConnectionLifetime = 5 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
}

const defaultTable = "apps"

var tableName = regexp.MustCompile(`^[A-Za-z0-9_$]+(\.[A-Za-z0-9_$]+)?$`)

// Validate names every field that is wrong. What is wrong with a DSN says Open.
func (o *Options) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, ok := dialects[o.Dialect]; !ok {
		bad("dialect %q is neither postgres nor mysql", o.Dialect)
	}
	if !tableName.MatchString(o.Table) {
		bad("table %q is no name of a table: A-Z, a-z, 0-9, '_' and '$', and at most one dot between schema and table", o.Table)
	}
	if o.DSN == "" {
		if o.Port < 1 || o.Port > 65535 {
			bad("port %d is not within 1 and 65535", o.Port)
		}
		switch o.TLS {
		case TLSPrefer, TLSDisable, TLSRequire, TLSVerify:
		default:
			bad("TLS %q is not one of prefer, disable, require and verify", o.TLS)
		}
	}
	if o.MaxConnections < 1 || o.MaxConnections > 1000 {
		bad("%d connections are not within 1 and 1000", o.MaxConnections)
	}
	if o.ConnectionLifetime < 0 {
		bad("a connection's lifetime of %v is negative", o.ConnectionLifetime)
	}
	return errors.Join(errs...)
}

// quoted is a name as SQL has it, in these marks. Validate has seen that they are not part of it.
func quoted(name, mark string) string {
	return mark + strings.ReplaceAll(name, ".", mark+"."+mark) + mark
}
