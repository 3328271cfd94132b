package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// postgres is PostgreSQL, with the database that it has when it is new. It asks for passwords.
var postgres = program{
	name: "postgres", owner: "postgres", ready: "database system is ready to accept connections",
	halt: syscall.SIGQUIT, // its own word for at once: the server's children end too, and it recovers at its next start
	prepare: func(s *Server) error {
		initdb, err := executable("initdb", "/usr/lib/postgresql/*/bin/initdb")
		if err != nil {
			return err
		}
		s.User, s.Password, s.Database = "postgres", "of the tests", "postgres"
		s.URL = fmt.Sprintf("postgres://%s:of%%20the%%20tests@%s/%s?sslmode=disable", s.User, s.Addr, s.Database)
		if err := s.certify(); err != nil {
			return err
		}
		// Root writes it, and the folder's owner reads it.
		password := filepath.Join(s.dir, "password")
		if err := os.WriteFile(password, []byte(s.Password+"\n"), 0o644); err != nil {
			return err
		}
		return s.once(initdb, "--pgdata="+filepath.Join(s.dir, "data"), "--username="+s.User, "--pwfile="+password,
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	},
	command: func(s *Server) ([]string, error) {
		path, err := executable("postgres", "/usr/lib/postgresql/*/bin/postgres")
		return []string{
			path, "-D", filepath.Join(s.dir, "data"), "-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(s.Port()),
			"-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "log_destination=stderr", "-c", "logging_collector=off",
			"-c", "ssl=on", "-c", "ssl_cert_file=" + s.CAFile, "-c", "ssl_key_file=" + s.keyFile(),
		}, err
	},
}
