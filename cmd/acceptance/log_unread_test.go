package acceptance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An unread server has a pipe for standard error, which is read when the test says so.
type unread struct {
	*server
	lines *bufio.Scanner
}

// serveUnread starts a server that logs a line for every command, and reads until it says where it listens.
func serveUnread(t *testing.T) *unread {
	t.Helper()
	path, err := program.binary()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, build: program, settings: defaults().with(settings{"trace.sample_rate": 1}), dir: t.TempDir(), exited: make(chan struct{})}
	s.settings = s.settings.with(settings{"data": s.data()})
	if err := os.WriteFile(s.config(), s.settings.file(), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	cmd := exec.Command(path, "serve", "--config", s.config())
	cmd.Env = environment()
	cmd.Stderr = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // the process has its own
	s.process = cmd.Process
	go func() {
		_ = cmd.Wait() // the exit code says it
		s.code = cmd.ProcessState.ExitCode()
		close(s.exited)
	}()
	t.Cleanup(s.kill)
	addresses := make(chan [2]string, 1)
	u := &unread{s, bufio.NewScanner(reader)}
	for watch := watchForAddresses(addresses); s.addr == ""; {
		watch(u.line())
		select {
		case a := <-addresses:
			s.addr, s.admin = a[0], a[1]
		default:
		}
	}
	return u
}

// line reads one line of the log.
func (u *unread) line() string {
	u.t.Helper()
	if !u.lines.Scan() {
		u.t.Fatalf("the log ended: %v", u.lines.Err())
	}
	return u.lines.Text()
}

// flood makes the server log more than a pipe and its queue hold: a line for each key that it does not know.
func (u *unread) flood() {
	u.t.Helper()
	was := u.lost()
	config := u.settings.with(nil)
	for i := range 20_000 {
		config[fmt.Sprintf("unknown%06d", i)] = strings.Repeat("x", 40)
	}
	path := filepath.Join(u.dir, "new.yaml")
	if err := os.WriteFile(path, config.file(), 0o600); err != nil {
		u.t.Fatal(err)
	}
	if err := os.Rename(path, u.config()); err != nil {
		u.t.Fatal(err)
	}
	if err := u.process.Signal(syscall.SIGHUP); err != nil {
		u.t.Fatal(err)
	}
	newScene(u.t, u.server).eventually("lines are lost", func() bool { return u.lost() > was })
}

// lost is what the metric says.
func (u *unread) lost() int {
	u.t.Helper()
	r, err := u.get(u.t.Context(), "http://"+u.admin+"/metrics")
	if err != nil {
		u.t.Fatal(err)
	}
	_, after, _ := strings.Cut(r.body, "\ndormouse_log_lines_lost_total ")
	text, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		u.t.Fatalf("dormouse_log_lines_lost_total: %v", err)
	}
	return int(n)
}

// TestALogThatNobodyReads: the server serves, tells what is missing when it is read again, and stops when it is asked to.
func TestALogThatNobodyReads(t *testing.T) {
	u := serveUnread(t)
	s := newScene(t, u.server)
	s.connect("ann", claims(`{"uid":"ann","channels":{"c":{"subscribe":true,"storage":{"*":{"set":true,"observe":true}}}}}`))
	s.play(`
		ann > sub c
		ann < subscribed c {"uid":"ann","umd":null}`)
	sets := 0
	serves := func() {
		t.Helper()
		for range 100 {
			sets++
			s.play(fmt.Sprintf(`
				ann > set c k %[1]d
				ann < entry c k %[1]d {"uid":"ann","umd":null}`, sets))
		}
	}
	u.flood()
	serves()
	note := regexp.MustCompile(`^(\d+) lines were lost, since nobody read the log$`)
	var found []string
	for found == nil {
		var said struct{ Msg string }
		if err := json.Unmarshal([]byte(u.line()), &said); err != nil {
			t.Fatal(err)
		}
		found = note.FindStringSubmatch(said.Msg)
	}
	if n := must(strconv.Atoi(found[1])); n == 0 || n > u.lost() {
		t.Errorf("the log says that %d lines were lost, the metric says %d", n, u.lost())
	}
	u.flood()
	serves()
	if err := u.signal(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-u.exited:
		if u.code != 0 {
			t.Errorf("exit code %d", u.code)
		}
	case <-time.After(patience):
		t.Error("it does not stop")
	}
}
