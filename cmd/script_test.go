package cmd

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience bounds every wait of a script. It is long, since it is only ever spent when something is wrong.
const patience = 60 * time.Second

// buildProgram builds the program as people get it, with the race detector if the tests have it, and returns
// the folder it is in.
func buildProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-o", dir + "/dormouse"}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "dormouse/cmd/dormouse")...).CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return dir
}

// Scripts run the program as people do. Beside testscript's own commands they have:
//
//	start NAME ARG…            run dormouse ARG… in the background, as NAME
//	waitfor NAME PATTERN       wait until NAME has printed what matches; named groups become variables
//	signal NAME SIGNAL         send TERM, INT, HUP or KILL
//	ended NAME CODE            wait until NAME has ended, with that exit code (-1: by a signal)
//	[!] http STATUS METHOD URL [BODY]   ask, with $API_KEY as bearer; the body goes to stdout
//	takeport VARIABLE          occupy a port until the script ends
//	mode PERM PATH…            the files have exactly these permissions
func TestScripts(t *testing.T) {
	program := buildProgram(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[servers{}] = map[string]*background{}
			env.Setenv("NO_COLOR", "1")
			env.Setenv("API_KEY", "")
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PATH", program+string(os.PathListSeparator)+os.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": startCommand, "waitfor": waitforCommand, "signal": signalCommand, "ended": endedCommand,
			"http": httpCommand, "takeport": takeportCommand, "printed": printedCommand, "mode": modeCommand,
		},
	})
}

// servers is the key under which a script keeps its background processes.
type servers struct{}

// A background is a process that a script started.
type background struct {
	cmd  *exec.Cmd
	out  *transcript
	done chan struct{} // closed when it has ended
}

// A transcript keeps what a process prints and wakes who waits for more of it.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed and replaced at each write
}

func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.text.Write(p)
	close(tr.more)
	tr.more = make(chan struct{})
	return len(p), nil
}

func (tr *transcript) read() (string, <-chan struct{}) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String(), tr.more
}

func startCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARG…")
	}
	program, _, _ := strings.Cut(ts.Getenv("PATH"), string(os.PathListSeparator))
	b := &background{cmd: exec.Command(program+"/dormouse", args[1:]...), out: &transcript{more: make(chan struct{})}, done: make(chan struct{})}
	b.cmd.Args[0] = "dormouse" // as from a shell
	b.cmd.Dir = ts.MkAbs(".")
	b.cmd.Stdout, b.cmd.Stderr = b.out, b.out
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "NO_COLOR", "GOCOVERDIR"} {
		b.cmd.Env = append(b.cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(b.cmd.Start())
	ts.Value(servers{}).(map[string]*background)[args[0]] = b
	go func() {
		_ = b.cmd.Wait() // the exit code is read from ProcessState
		close(b.done)
	}()
	ts.Defer(func() {
		select {
		case <-b.done:
		default:
			_ = b.cmd.Process.Kill() // by its own id, and it is not yet waited for
			<-b.done
		}
		text, _ := b.out.read()
		ts.Logf("[%s printed]\n%s", args[0], text)
	})
}

func process(ts *testscript.TestScript, name string) *background {
	b := ts.Value(servers{}).(map[string]*background)[name]
	if b == nil {
		ts.Fatalf("nothing was started as %s", name)
	}
	return b
}

func waitforCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor NAME PATTERN")
	}
	b := process(ts, args[0])
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	deadline := time.After(patience)
	for {
		text, more := b.out.read()
		if found := pattern.FindStringSubmatch(text); found != nil {
			for i, name := range pattern.SubexpNames() {
				if name != "" {
					ts.Setenv(name, found[i])
				}
			}
			return
		}
		select {
		case <-more:
		case <-b.done:
			if after, _ := b.out.read(); after == text {
				ts.Fatalf("%s ended and never printed %s", args[0], args[1])
			}
		case <-deadline:
			ts.Fatalf("%s did not print %s", args[0], args[1])
		}
	}
}

func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[1]] == 0 {
		ts.Fatalf("usage: signal NAME TERM|INT|HUP|KILL")
	}
	ts.Check(process(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func endedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended NAME CODE")
	}
	b := process(ts, args[0])
	select {
	case <-b.done:
	case <-time.After(patience):
		ts.Fatalf("%s has not ended", args[0])
	}
	if code := strconv.Itoa(b.cmd.ProcessState.ExitCode()); code != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], code, args[1])
	}
}

// printedCommand holds if a process has printed so many lines that match a pattern.
func printedCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: printed NAME N PATTERN")
	}
	pattern, err := regexp.Compile(args[2])
	ts.Check(err)
	text, _ := process(ts, args[0]).out.read()
	n := 0
	for line := range strings.Lines(text) {
		if pattern.MatchString(line) {
			n++
		}
	}
	if strconv.Itoa(n) != args[1] {
		ts.Fatalf("%s printed %d lines with %s, want %s", args[0], n, args[2], args[1])
	}
}

func httpCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: http STATUS METHOD URL [BODY]")
	}
	var body io.Reader
	if len(args) == 4 {
		body = strings.NewReader(args[3])
	}
	req, err := http.NewRequest(args[1], args[2], body)
	ts.Check(err)
	if key := ts.Getenv("API_KEY"); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s\n%s\n", res.Header.Get("Location"), text)
	if got := strconv.Itoa(res.StatusCode); got != args[0] {
		ts.Fatalf("%s %s: %s, want %s\n%s", args[1], args[2], got, args[0], text)
	}
}

func takeportCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: takeport VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

func modeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mode PERM PATH…")
	}
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	for _, path := range args[1:] {
		info, err := os.Stat(ts.MkAbs(path))
		ts.Check(err)
		if got := info.Mode().Perm(); got != os.FileMode(want) {
			ts.Fatalf("%s has mode %04o, want %04o", path, got, want)
		}
	}
}
