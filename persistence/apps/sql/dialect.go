package sql

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// A Dialect is a kind of server, by the name that soketi has for it.
type Dialect string

// The dialects. MySQL is MariaDB's too.
const (
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
)

// dialects is all in which they differ.
var dialects = map[Dialect]dialect{
	Postgres: {
		name: "PostgreSQL", port: 5432, user: "postgres", mark: `"`, parameter: "$1",
		connector: postgresConnector, answered: postgresAnswered, impossible: postgresImpossible,
		counts: postgresCounts,
		schema: postgresSchema,
	},
	MySQL: {
		name: "MySQL", port: 3306, user: "root", mark: "`", parameter: "?",
		connector: mysqlConnector, answered: mysqlAnswered, impossible: mysqlImpossible,
		counts: mysqlCounts,
		schema: mysqlSchema,
	},
}

type dialect struct {
	name      string
	port      int
	user      string
	mark      string // around an identifier
	parameter string // a statement's only one
	connector func(Options) (driver.Connector, error)
	answered  func(error) bool // the error is the server's answer, not the connection's end
	// impossible: the error is the server's answer that its column cannot have such a value.
	impossible func(error) bool
	// counts is the statement that counts the indexes that begin with the column key. A view counts as one: what is
	// below it is its owner's business.
	counts func(table string) string
	schema string
}

// selects is the statement that finds rows by one column. The bound keeps rows that differ in case alone, of which
// there may be a few, from being a whole table.
func (d dialect) selects(table, column string) string {
	return fmt.Sprintf("select * from %s where %s = %s limit %d", quoted(table, d.mark), quoted(column, d.mark), d.parameter, mostRows)
}

const mostRows = 100

// selectsAll is the statement that finds every row.
func (d dialect) selectsAll(table string) string {
	return fmt.Sprintf("select * from %s order by %s", quoted(table, d.mark), quoted("id", d.mark))
}

func postgresCounts(table string) string {
	return fmt.Sprintf(`select (select count(*) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] `+
		`where i.indrelid = '%[1]s'::regclass and a.attname = 'key' and i.indisvalid and i.indpred is null) + `+
		`(select count(*) from pg_class where oid = '%[1]s'::regclass and relkind not in ('r', 'p', 'm'))`, quoted(table, `"`))
}

func mysqlCounts(table string) string {
	schema, name, ok := strings.Cut(table, ".")
	if ok {
		schema = "'" + schema + "'"
	} else {
		schema, name = "database()", table
	}
	return fmt.Sprintf("select (select count(*) from information_schema.statistics "+
		"where table_schema = %[1]s and table_name = '%[2]s' and lower(column_name) = 'key' and seq_in_index = 1) + "+
		"(select count(*) from information_schema.tables "+
		"where table_schema = %[1]s and table_name = '%[2]s' and table_type <> 'BASE TABLE')", schema, name)
}

func postgresConnector(o Options) (driver.Connector, error) {
	dsn := o.DSN
	if dsn == "" {
		mode := string(o.TLS)
		if o.TLS == TLSVerify {
			mode = "verify-full"
		}
		escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
		dsn = fmt.Sprintf("host='%s' port=%d user='%s' password='%s' dbname='%s' sslmode=%s",
			escape.Replace(o.Host), o.Port, escape.Replace(o.User), escape.Replace(o.Password), escape.Replace(o.Database), mode)
		if o.CAFile != "" && o.TLS == TLSVerify {
			dsn += fmt.Sprintf(" sslrootcert='%s'", escape.Replace(o.CAFile))
		}
	}
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 || cfg.ConnectTimeout > connectTimeout {
		cfg.ConnectTimeout = connectTimeout
	}
	// No statement is kept: what select * means changes with the table, and a pooler between may not keep any.
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "dormouse"
	}
	return stdlib.GetConnector(*cfg), nil
}

func postgresAnswered(err error) bool {
	var answer *pgconn.PgError
	// Classes 08 and 57P: the server ends, starts, or refuses to go on with this connection.
	return errors.As(err, &answer) && !strings.HasPrefix(answer.Code, "08") && !strings.HasPrefix(answer.Code, "57P")
}

// The column is a uuid or an integer and the name is none, or the database's encoding lacks a letter of it.
func postgresImpossible(err error) bool {
	const invalidText, outOfRange, notInEncoding, noSuchLetter = "22P02", "22003", "22021", "22P05"
	var answer *pgconn.PgError
	return errors.As(err, &answer) && slices.Contains([]string{invalidText, outOfRange, notInEncoding, noSuchLetter}, answer.Code)
}

func mysqlConnector(o Options) (driver.Connector, error) {
	cfg := mysql.NewConfig()
	if o.DSN != "" {
		parsed, err := mysql.ParseDSN(o.DSN)
		if err != nil {
			return nil, err
		}
		cfg = parsed
	} else {
		cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
		if strings.HasPrefix(o.Host, "/") {
			cfg.Net, cfg.Addr = "unix", o.Host
		}
		cfg.User, cfg.Passwd, cfg.DBName = o.User, o.Password, o.Database
		cfg.TLSConfig = map[TLS]string{TLSPrefer: "preferred", TLSDisable: "false", TLSRequire: "skip-verify", TLSVerify: "true"}[o.TLS]
		if o.CAFile != "" && o.TLS == TLSVerify {
			trusted, err := certificates(o.CAFile)
			if err != nil {
				return nil, err
			}
			cfg.TLS = &tls.Config{RootCAs: trusted}
		}
	}
	if cfg.Timeout == 0 || cfg.Timeout > connectTimeout {
		cfg.Timeout = connectTimeout
	}
	cfg.ParseTime, cfg.ColumnsWithAlias = false, false
	cfg.Logger = driverLog{o.Logger}
	return mysql.NewConnector(cfg)
}

func certificates(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM", path)
	}
	return pool, nil
}

func mysqlAnswered(err error) bool {
	var answer *mysql.MySQLError
	const serverShutdown, killed = 1053, 1317
	return errors.As(err, &answer) && answer.Number != serverShutdown && answer.Number != killed
}

// The column's encoding lacks a letter of the name.
func mysqlImpossible(err error) bool {
	const mixOfCollations, mixOfThree, impossibleConversion = 1267, 1270, 3988
	var answer *mysql.MySQLError
	return errors.As(err, &answer) && slices.Contains([]uint16{mixOfCollations, mixOfThree, impossibleConversion}, answer.Number)
}

// driverLog is where the driver of MySQL writes what it sees of connections that end. The errors of lookups tell it too.
type driverLog struct{ logger *slog.Logger }

func (l driverLog) Print(v ...any) { l.logger.Debug("MySQL driver", "says", fmt.Sprint(v...)) }
