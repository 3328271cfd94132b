package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// mariadb is MariaDB with one database, main, whose comparisons are its usual ones: without regard to case.
var mariadb = program{
	name: "mariadbd", ready: "ready for connections",
	halt: syscall.SIGKILL,
	prepare: func(s *Server) error {
		install, err := executable("mariadb-install-db", "/usr/bin/mariadb-install-db")
		if err != nil {
			return err
		}
		s.User, s.Password, s.Database = "dormouse", "of the tests", "main"
		s.URL = fmt.Sprintf("%s:%s@tcp(%s)/%s", s.User, s.Password, s.Addr, s.Database)
		if err := s.certify(); err != nil {
			return err
		}
		line := []string{
			install, "--no-defaults", "--datadir=" + filepath.Join(s.dir, "data"),
			"--auth-root-authentication-method=normal", "--skip-test-db",
		}
		if err := s.once(append(line, asRoot()...)...); err != nil {
			return err
		}
		// Run at each start; what is there already is left alone.
		first := "create database if not exists main character set utf8mb4 collate utf8mb4_general_ci;\n" +
			fmt.Sprintf("create user if not exists %s@'127.0.0.1' identified by '%s';\n", s.User, s.Password) +
			fmt.Sprintf("grant all on *.* to %s@'127.0.0.1';\n", s.User)
		return os.WriteFile(filepath.Join(s.dir, "first.sql"), []byte(first), 0o644)
	},
	command: func(s *Server) ([]string, error) {
		path, err := executable("mariadbd", "/usr/sbin/mariadbd")
		line := []string{
			path, "--no-defaults", "--datadir=" + filepath.Join(s.dir, "data"),
			"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.Port()), "--skip-name-resolve",
			"--socket=" + filepath.Join(s.dir, "socket"), "--pid-file=" + filepath.Join(s.dir, "pid"),
			"--init-file=" + filepath.Join(s.dir, "first.sql"), "--innodb-flush-log-at-trx-commit=2",
			"--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
			"--ssl-cert=" + s.CAFile, "--ssl-key=" + s.keyFile(),
		}
		return append(line, asRoot()...), err
	},
}

// asRoot keeps a MariaDB that root runs from becoming a user who could not enter the folder.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}
