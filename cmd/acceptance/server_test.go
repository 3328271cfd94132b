package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A server is one data folder and the process that serves it now, if any.
type server struct {
	t        testing.TB
	build    *build
	settings settings // of its file; nil: it has none
	env      []string // variables of its own
	faulty   []string // parts of lines of level ERROR that its test provokes
	dir      string   // of the configuration, with the data below it
	log      *logBuffer

	process *os.Process
	exited  chan struct{} // closed when the process has ended
	code    int           // then: its exit code, -1 after a signal
	addr    string        // of clients and backends
	admin   string
}

// serve starts a server for one test and ends it with the test.
func serve(t testing.TB, s settings) *server { return serveBuild(t, program, s) }

func serveBuild(t testing.TB, b *build, s settings) *server {
	t.Helper()
	srv, err := newServer(t, b, s)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

// newServer may be called by any goroutine of the test.
func newServer(t testing.TB, b *build, s settings) (*server, error) {
	srv := prepareServer(t, b, s)
	return srv, srv.start()
}

// prepareServer is a server that was not started yet.
func prepareServer(t testing.TB, b *build, s settings) *server {
	srv := &server{t: t, build: b, settings: s, dir: t.TempDir(), log: &logBuffer{}}
	t.Cleanup(func() {
		srv.kill()
		if log := srv.log.String(); strings.Contains(log, "DATA RACE") {
			_, race, _ := strings.Cut(log, "WARNING: DATA RACE")
			t.Errorf("a data race in the server:%.6000s", race)
		}
		for _, line := range srv.faults() {
			t.Errorf("the server logs a fault: %.2000s", line)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", srv.log.tail(60))
		}
	})
	return srv
}

// faults are the log lines of level ERROR. A build that was made to fail may have them.
func (s *server) faults() []string {
	if s.build != program {
		return nil
	}
	provoked := append([]string{"storage is read-only", "configuration not reloaded", `"msg":"fault"`}, s.faulty...)
	var lines []string
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, `"level":"ERROR"`) &&
			!slices.ContainsFunc(provoked, func(part string) bool { return strings.Contains(line, part) }) {
			lines = append(lines, line)
		}
	}
	return lines
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) config() string { return filepath.Join(s.dir, "dormouse.yaml") }

// start starts the process and waits until it says where it listens.
func (s *server) start() error {
	path, err := s.build.binary()
	if err != nil {
		return err
	}
	args := []string{"serve"}
	if s.settings != nil {
		file := s.settings.with(settings{"data": s.data()}).file()
		if err := os.WriteFile(s.config(), file, 0o600); err != nil {
			return err
		}
		args = append(args, "--config", s.config())
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.Env = append(environment(), s.env...)
	addresses := make(chan [2]string, 1)
	s.log.line = watchForAddresses(addresses)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.process, s.exited = cmd.Process, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // the exit code says it
		s.code = cmd.ProcessState.ExitCode()
		close(exited)
	}(s.exited)
	select {
	case a := <-addresses:
		s.addr, s.admin = a[0], a[1]
		return nil
	case <-s.exited:
		return fmt.Errorf("the server ended with %d before it listened:\n%s", s.code, s.log.tail(40))
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("the server has not said in %v where it listens:\n%s", patience, s.log.tail(40))
	}
}

// watchForAddresses looks for the log line that says where a server listens.
func watchForAddresses(found chan<- [2]string) func(line string) {
	var once sync.Once
	return func(line string) {
		var attrs struct {
			Listen string `json:"listen"`
			Admin  string `json:"admin"`
		}
		if json.Unmarshal([]byte(line), &attrs) == nil && attrs.Listen != "" && attrs.Admin != "" {
			once.Do(func() { found <- [2]string{attrs.Listen, attrs.Admin} })
		}
	}
}

// worked is the processor time that the process has used so far, in hundredths of a second.
func (s *server) worked() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // after the name, which may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", s.process.Pid, stat)
	}
	var ticks int
	for _, field := range fields[11:13] { // utime and stime, see proc(5)
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", s.process.Pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil // the kernel tells all programs 100 a second
}

// running says that the process has not ended.
func (s *server) running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// kill ends the process without a word, kill -9, and waits until it is gone.
func (s *server) kill() {
	if s.running() {
		_ = s.process.Kill() // it may have ended just now
		<-s.exited
	}
}

// signal asks the process to stop, as an orchestrator does.
func (s *server) signal() error { return s.process.Signal(syscall.SIGTERM) }

// stop stops the process and returns its exit code.
func (s *server) stop() (int, error) {
	if err := s.signal(); err != nil {
		return 0, err
	}
	select {
	case <-s.exited:
		return s.code, nil
	case <-time.After(patience):
		s.kill()
		return 0, errors.New("the server did not stop in " + patience.String())
	}
}

// ready waits until /readyz says yes, and returns how long that took.
func (s *server) ready(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	for {
		resp, err := s.get(ctx, "http://"+s.admin+"/readyz")
		if err == nil && resp.status == http.StatusOK {
			return time.Since(began), nil
		}
		if late := pause(ctx, pollEvery); late != nil {
			return 0, fmt.Errorf("not ready: %w, %v %s", late, err, resp)
		}
	}
}

// A fleet is the servers that tests share, one for each configuration.
type fleet struct {
	t       testing.TB
	mu      sync.Mutex
	servers map[string]*server
}

func newFleet(t testing.TB) *fleet { return &fleet{t: t, servers: map[string]*server{}} }

// server returns the one with these settings. Any goroutine may call it.
func (f *fleet) server(s settings) (*server, error) {
	key := string(s.file())
	f.mu.Lock()
	defer f.mu.Unlock()
	if srv := f.servers[key]; srv != nil {
		return srv, nil
	}
	srv, err := newServer(f.t, program, s)
	if err == nil {
		f.servers[key] = srv
	}
	return srv, err
}
