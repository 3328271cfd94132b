package storetest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a program may take to listen, or to end.
const patience = time.Minute

// A process is one run of a program.
type process struct {
	name   string
	cmd    *exec.Cmd
	exited chan struct{}
	log    tail
}

// start runs a line in a folder and waits until it says that it listens.
func start(p program, dir string, line []string) (*process, error) {
	cmd, err := command(p, dir, line)
	if err != nil {
		return nil, err
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = cmd.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	run := &process{name: p.name, cmd: cmd, exited: make(chan struct{})}
	listens := make(chan struct{})
	go func() {
		run.log.read(out, p.ready, listens)
		_ = cmd.Wait() // how it ended is told by what it said
		close(run.exited)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-listens:
		return run, nil
	case <-run.exited:
		return nil, fmt.Errorf("%s ended before it listened:\n%s", p.name, run.log.text())
	case <-timer.C:
		run.end(syscall.SIGKILL)
		return nil, fmt.Errorf("%s does not listen after %v:\n%s", p.name, patience, run.log.text())
	}
}

// end ends the process and waits until it and all that it has started are gone: they share its output.
func (p *process) end(by os.Signal) {
	_ = p.cmd.Process.Signal(by)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		killGroup(p.cmd.Process)
		<-p.exited
	}
}

// command is a line to be run as the program's owner, in a group of its own.
func command(p program, dir string, line []string) (*exec.Cmd, error) {
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = dir
	// Whatever configures such a program, or its clients, on this machine.
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "MYSQL_") && !strings.HasPrefix(v, "MARIADB_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	uid, gid, err := owner(p)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = attributes(uid, gid)
	return cmd, nil
}

// owner is the user who runs the program; -1 means the one who runs the tests.
func owner(p program) (uid, gid int, err error) {
	if p.owner == "" || os.Geteuid() != 0 {
		return -1, -1, nil
	}
	for _, name := range []string{p.owner, "nobody"} {
		var u *user.User
		if u, err = user.Lookup(name); err != nil {
			continue
		}
		uid, err = strconv.Atoi(u.Uid)
		if err == nil {
			gid, err = strconv.Atoi(u.Gid)
		}
		return uid, gid, err
	}
	return 0, 0, fmt.Errorf("%s does not run as root: %w", p.name, err)
}

// folder makes a server's folder. It is not the test's: the owner of that one may be all who can enter it.
func folder(p program) (string, error) {
	dir, err := os.MkdirTemp("", "dormouse-"+p.name+"-")
	if err != nil {
		return "", err
	}
	uid, gid, err := owner(p)
	if err == nil && uid >= 0 {
		err = os.Chown(dir, uid, gid)
	}
	return dir, err
}

// remove ends the server and removes its folder.
func (s *Server) remove() {
	s.Stop()
	_ = os.RemoveAll(s.dir) // at worst something stays in the system's folder for such things
}

// once runs a line to its end, in the server's folder and as its owner.
func (s *Server) once(line ...string) error {
	cmd, err := command(s.program, s.dir, line)
	if err != nil {
		return err
	}
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(line, " "), err, said)
	}
	return nil
}

// executable finds a program on PATH, or else in the places where Debian has it: the last of those, which has the
// highest version.
func executable(name string, places ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, place := range places {
		found, err := filepath.Glob(place)
		if err != nil {
			return "", err
		}
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", errors.New("Apps are read from real databases in tests, and there is no " + name +
		": run  go run ./cmd/check -only needs  which installs it")
}

// A tail keeps the last lines of a log.
type tail struct {
	mu    sync.Mutex
	lines []string
}

const tailLines = 60

// read keeps what comes until the end, and closes listens at the first line with ready in it.
func (t *tail) read(out io.Reader, ready string, listens chan<- struct{}) {
	lines := bufio.NewReader(out)
	told := false
	for {
		line, err := lines.ReadString('\n')
		if !told && strings.Contains(line, ready) {
			told = true
			close(listens)
		}
		t.mu.Lock()
		if t.lines = append(t.lines, line); len(t.lines) > tailLines {
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
