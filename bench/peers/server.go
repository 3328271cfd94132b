package peers

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a server may take to say where it listens, or to end.
const patience = 30 * time.Second

// A Server is one running process of a peer.
type Server struct {
	Peer  *Peer
	Addr  netip.AddrPort // of clients
	Admin string         // host and port of its metrics and profiles

	process  *os.Process
	children []int // processes, of a peer that is a family
	exited   chan struct{}
	killed   sync.Once
	log      tail
}

// addresses is the line of a server's log that says where it listens.
type addresses struct {
	Listen string `json:"listen"`
	Admin  string `json:"admin"`
}

// listens reads that line of servers that write it as JSON.
func listens() func(line []byte) (addresses, bool) {
	return func(line []byte) (a addresses, ok bool) {
		err := json.Unmarshal(line, &a)
		return a, err == nil && a.Listen != ""
	}
}

// Start starts the peer with its data in dir, on the server's cores, and waits until it listens. settings
// are keys of the server's configuration, a dot for each level; the raw servers have none.
func (p *Peer) Start(ctx context.Context, cores Cores, dir string, settings map[string]any) (*Server, error) {
	for tries := 3; ; tries-- {
		s, err := p.start(ctx, cores, dir, settings)
		if tries > 1 && portTaken(err) {
			continue
		}
		return s, err
	}
}

// portTaken says that a peer which is told its port did not get it: that was free, and a moment later somebody's.
func portTaken(err error) bool {
	return err != nil && strings.Contains(strings.ToLower(err.Error()), "address already in use")
}

func (p *Peer) start(ctx context.Context, cores Cores, dir string, settings map[string]any) (*Server, error) {
	args, err := p.arguments(dir, settings)
	if err != nil {
		return nil, fmt.Errorf("peers: %s: %w", p.Name, err)
	}
	// Not CommandContext: who starts a server ends it, by Stop or Kill.
	cmd := exec.Command(p.binary, args...)
	cmd.Env = environment(len(cores.Server))
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = cmd.Stderr
	if err := startOn(cores.Server, cmd); err != nil {
		return nil, fmt.Errorf("peers: start %s: %w", p.Name, err)
	}
	s := &Server{Peer: p, process: cmd.Process, exited: make(chan struct{})}
	found, where := make(chan addresses, 1), p.listens
	if where == nil {
		where = listens
	}
	go func() {
		s.log.read(out, found, where())
		_ = cmd.Wait() // how it ended is told by what it could not do
		close(s.exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case a := <-found:
		s.Admin = a.Admin
		if s.Addr, err = netip.ParseAddrPort(a.Listen); err != nil {
			s.Kill()
			return nil, fmt.Errorf("peers: %s listens on %q: %w", p.Name, a.Listen, err)
		}
		if p.family {
			s.children = descendants(s.PID())
		}
		return s, nil
	case <-s.exited:
		return nil, fmt.Errorf("peers: %s ended before it listened:\n%s", p.Name, s.log.text())
	case <-ctx.Done():
		s.Kill()
		return nil, fmt.Errorf("peers: %s does not say where it listens: %w\n%s", p.Name, ctx.Err(), s.log.text())
	}
}

// environment is this process's without what would configure a server. Two threads of Go at least, even
// on one processor: with one, a sync to disk holds the only one.
func environment(cores int) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DORMOUSE_") && !strings.HasPrefix(v, "GOMAXPROCS=") {
			env = append(env, v)
		}
	}
	if cores > 0 {
		env = append(env, fmt.Sprintf("GOMAXPROCS=%d", max(cores, 2)))
	}
	return env
}

// PID is the process's id.
func (s *Server) PID() int { return s.process.Pid }

// Log is the end of what the process wrote to its standard output and error.
func (s *Server) Log() string { return s.log.text() }

// Kill ends the process and all that it has started, without a word, and waits until it is gone. Twice does nothing.
func (s *Server) Kill() {
	s.killed.Do(func() { killGroup(s.process) })
	<-s.exited
}

// Stop asks the process to end, as an orchestrator does, and waits until it has.
func (s *Server) Stop() error {
	if err := s.process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("peers: stop %s: %w", s.Peer.Name, err)
	}
	select {
	case <-s.exited:
		s.Kill() // what it started
		return nil
	case <-time.After(patience):
		s.Kill()
		return errors.New("peers: " + s.Peer.Name + " did not stop in " + patience.String())
	}
}

// A tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

const tailLines = 40

// read keeps what comes until the end, and sends found what where finds first.
func (t *tail) read(out io.Reader, found chan<- addresses, where func(line []byte) (addresses, bool)) {
	lines := bufio.NewReader(out)
	told := false
	for {
		line, err := lines.ReadString('\n')
		if !told {
			var a addresses
			if a, told = where([]byte(line)); told {
				found <- a
			}
		}
		t.mu.Lock()
		t.lines = append(t.lines, line)
		if len(t.lines) > tailLines {
			t.lines = t.lines[1:]
		}
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.lines, "")
}
