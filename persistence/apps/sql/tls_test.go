package sql

import (
	"strings"
	"testing"
)

func TestOnPostgresTLS(t *testing.T) { speaksTLS(t, at(t, Postgres, servers.Postgres(t))) }

func TestOnMariaDBTLS(t *testing.T) { speaksTLS(t, at(t, MySQL, servers.MariaDB(t))) }

func speaksTLS(t *testing.T, p *place) {
	table := p.make(t, bare)
	p.exec(t, table, `insert into TABLE values ('i', 'k', 's')`)
	dsn := map[Dialect]string{
		Postgres: strings.Replace(p.server.URL, "sslmode=disable", "sslmode=verify-full&sslrootcert="+p.server.CAFile, 1),
		MySQL:    p.server.URL + "?tls=skip-verify",
	}[p.Dialect]
	for _, c := range []struct {
		name   string
		change func(*Options)
		tls    bool
		err    string
	}{
		{"by default, since the server offers it", func(*Options) {}, true, ""},
		{"none", func(o *Options) { o.TLS = TLSDisable }, false, ""},
		{"required", func(o *Options) { o.TLS = TLSRequire }, true, ""},
		{"verified, by whom the system does not trust", func(o *Options) { o.TLS = TLSVerify }, true, "certificate"},
		{"verified, by whom is named", func(o *Options) { o.TLS, o.CAFile = TLSVerify, p.server.CAFile }, true, ""},
		{"verified, for another name", func(o *Options) { o.Host, o.TLS, o.CAFile = "localhost", TLSVerify, p.server.CAFile }, true, "certificate"},
		{"by DSN", func(o *Options) { o.DSN = dsn }, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := p.options(table)
			c.change(&o)
			s, err := Open(o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, err = s.ByID(t.Context(), "i")
			if c.err != "" {
				if outage(t, err); !strings.Contains(err.Error(), c.err) {
					t.Errorf("error %v, want %q in it", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := encrypted(t, s); got != c.tls {
				t.Errorf("TLS: %v, want %v", got, c.tls)
			}
		})
	}
	o := p.options(table)
	o.TLS, o.CAFile = TLSVerify, "/nowhere.pem"
	if s, err := Open(o); err == nil || !strings.Contains(err.Error(), "/nowhere.pem") {
		t.Errorf("certificates that are not there: %v, %v", s, err)
	}
}

// encrypted asks the server whether it speaks TLS with the source.
func encrypted(t *testing.T, s *Source) bool {
	t.Helper()
	var name, cipher string
	statement, places := "show status like 'Ssl_cipher'", []any{&name, &cipher}
	if s.dialect.mark == `"` {
		statement, places = "select coalesce(cipher, '') from pg_stat_ssl where pid = pg_backend_pid()", []any{&cipher}
	}
	if err := s.db.QueryRowContext(t.Context(), statement).Scan(places...); err != nil {
		t.Fatal(err)
	}
	return cipher != ""
}
