package storetest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Servers are the databases of one package's tests. Each is started when it is asked for first, since some take
// seconds to be made, and shared from then on: a test has tables of its own. Stop, in TestMain, ends them.
type Servers struct {
	mu      sync.Mutex
	running map[string]*Server
	failed  map[string]error // what did not start is not tried by each test again
}

// A Server is one database that runs, or was stopped by a test.
type Server struct {
	// Addr is where it listens, host and port. It is the same after a new start.
	Addr string
	// URL is how clients are told of it: of dynalite http://127.0.0.1:20001; of PostgreSQL and MariaDB the DSN of a
	// user who may do everything, as Go's drivers pgx and go-sql-driver/mysql take it.
	URL string
	// User, Password and Database are the parts of that DSN.
	User, Password, Database string
	// CAFile has the certificate, in PEM, with which PostgreSQL and MariaDB speak TLS to whoever asks for it.
	CAFile string

	dir     string
	program program
	process *process
}

// A program is what the three differ in.
type program struct {
	name string
	// prepare makes what it needs in the server's folder, once.
	prepare func(*Server) error
	// command is the line that starts it.
	command func(*Server) ([]string, error)
	// ready is part of the line by which it says that it listens.
	ready string
	// owner is the system's user who runs it when root runs the tests. Empty: root.
	owner string
	// halt asks it to end at once, and all that it has started. What it was told stays on disk.
	halt os.Signal
}

// Dynalite returns the server. It has its tables in memory: they are gone once it is stopped.
func (s *Servers) Dynalite(t testing.TB) *Server { return s.get(t, dynalite) }

// Postgres returns the server.
func (s *Servers) Postgres(t testing.TB) *Server { return s.get(t, postgres) }

// MariaDB returns the server.
func (s *Servers) MariaDB(t testing.TB) *Server { return s.get(t, mariadb) }

func (s *Servers) get(t testing.TB, p program) *Server {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if server := s.running[p.name]; server != nil {
		if server.process == nil {
			server.Start(t)
		}
		return server
	}
	if err := s.failed[p.name]; err != nil {
		t.Fatal("as before: ", err)
	}
	server, err := create(p)
	if err == nil {
		if err = server.start(); err != nil {
			server.remove()
		}
	}
	if err != nil {
		if s.failed == nil {
			s.failed = map[string]error{}
		}
		s.failed[p.name] = err
		t.Fatal(err)
	}
	if s.running == nil {
		s.running = map[string]*Server{}
	}
	s.running[p.name] = server
	return server
}

func create(p program) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := folder(p)
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: dir, program: p}
	if err := p.prepare(s); err != nil {
		s.remove()
		return nil, fmt.Errorf("prepare %s: %w", p.name, err)
	}
	return s, nil
}

// Stop ends all servers and removes their folders.
func (s *Servers) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.running {
		server.remove()
	}
	s.running = nil
}

// Port is the number in Addr.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr)
	n, _ := strconv.Atoi(port) // create has put it there
	return n
}

// Start starts the server again, where it was, and waits until it listens.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) start() error {
	line, err := s.program.command(s)
	if err != nil {
		return err
	}
	s.process, err = start(s.program, s.dir, line)
	return err
}

// Stop ends the server at once, as a fault would, and waits until it is gone. Clients lose their connections.
func (s *Server) Stop() {
	if s.process != nil {
		s.process.end(s.program.halt)
		s.process = nil
	}
}

// Freeze has the server do nothing from now on, as if its machine were stuck, until it is stopped: who connects to it gets
// no answer. It is for those that are one process: PostgreSQL serves whoever is connected already.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	if err := freeze(s.process.cmd.Process); err != nil {
		t.Fatal(err)
	}
}

// freePort is a port of 127.0.0.1 that nobody listens on, and that no client gets by chance either: below those that
// systems give to clients.
func freePort() (int, error) {
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port in 100 tries between 20000 and 31999")
}
