package cmd

import (
	"log/slog"
	"strings"

	"dormouse/persistence/apps"
	"dormouse/persistence/apps/dynamodb"
	"dormouse/persistence/apps/sql"
)

// openTable is how apps are read from a table.
func (v *validation) openTable(s *appStore) {
	if s.driver == driverDynamoDB {
		v.openDynamoDB(s)
		return
	}
	v.openSQL(s)
}

func (v *validation) openDynamoDB(s *appStore) {
	d := v.Apps.DynamoDB
	o := dynamodb.Options{Table: d.Table, Region: d.Region, Endpoint: d.Endpoint}
	s.table = "table " + d.Table + " in DynamoDB, " + d.Region
	if d.Endpoint != "" {
		s.table += " at " + d.Endpoint
	}
	s.open = func(log *slog.Logger) (apps.Source, error) {
		o.Logger = log
		return dynamodb.Open(o)
	}
	check := o
	check.EnsureDefaults()
	v.tableFaults(driverDynamoDB, check.Validate(), map[string]string{"table": "table", "region": "region", "endpoint": "endpoint"})
}

func (v *validation) openSQL(s *appStore) {
	c, dialect, name := v.Apps.MySQL, sql.MySQL, "MySQL"
	if s.driver == driverPostgres {
		c, dialect, name = v.Apps.Postgres, sql.Postgres, "PostgreSQL"
	}
	at := "apps." + s.driver + "."
	o := sql.Options{
		Dialect: dialect, Host: c.Host, Port: c.Port, User: c.User, Database: c.Database,
		TLS: sql.TLS(c.TLS), CAFile: c.CA, Table: c.Table, MaxConnections: c.Connections,
	}
	for _, from := range []struct {
		key string
		secret
		into *string
	}{{"dsn", c.DSN, &o.DSN}, {"password", c.Password, &o.Password}} {
		text, err := from.read(true)
		if err != nil {
			v.fault(at+from.key, "%v", err)
			return
		}
		if *from.into = text; from.path != "" {
			*from.into = strings.TrimSpace(text)
		}
	}
	s.table = "table " + c.Table + " in " + name
	if o.DSN == "" {
		s.table += " at " + c.Host
	}
	s.open = func(log *slog.Logger) (apps.Source, error) {
		o.Logger = log
		return sql.Open(o)
	}
	check := o
	check.EnsureDefaults()
	if err := check.Validate(); err != nil {
		v.tableFaults(s.driver, err, map[string]string{"table": "table", "port": "port", "TLS": "tls", "connections": "connections"})
		return
	}
	source, err := sql.Open(o) // connects to nothing, but reads the DSN and certificates
	switch {
	case err == nil:
		_ = source.Close() // nothing is open
	case o.DSN != "":
		v.fault(at+"dsn", "%v", err)
	default:
		v.fault(at+"ca", "%v", err)
	}
}

// schemaOf is what makes a table for apps; with an empty name it is the one that is configured.
func (s *appStore) schemaOf(driver, table string) (string, error) {
	if table == "" {
		table = s.tables[driver]
	}
	switch driver {
	case driverDynamoDB:
		o := dynamodb.Options{Table: table}
		if o.EnsureDefaults(); o.Validate() != nil {
			return "", o.Validate()
		}
		return dynamodb.Schema(table), nil
	case driverMySQL:
		return sql.Schema(sql.MySQL, table)
	}
	return sql.Schema(sql.Postgres, table)
}
