package acceptance

import (
	"bufio"
	"context"
	"embed"
	"encoding/json"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"dormouse/persistence/apps/storetest"
)

// nodeFiles are programs on Node.js with libraries that applications have, of exact versions. Tests that run one have
// names by which cmd/check leaves them out where there is no npm: TestOnNode… or TestOnDynalite….
//
//go:embed npm
var nodeFiles embed.FS

// A nodeScript is one of these programs, which writes lines and takes some.
type nodeScript struct {
	t     testing.TB
	in    io.WriteCloser
	lines chan string // closed at its end
}

// runNode runs a program until the test ends. env may be nil.
func runNode(t testing.TB, env []string, script string, args ...string) *nodeScript {
	t.Helper()
	dir, err := storetest.Modules(nodeFiles, "npm")
	if err != nil {
		t.Fatal(err)
	}
	// Not the test's context: it ends before those who clean up.
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(dir, script)}, args...)...)
	cmd.Env = append(environment(), env...)
	var faults logBuffer
	cmd.Stderr = &faults
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	n := &nodeScript{t, in, make(chan string, 1024)}
	go func() {
		defer close(n.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			n.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range n.lines { // until it has ended
		}
		_ = cmd.Wait() // it was killed
		if said := faults.String(); said != "" && t.Failed() {
			t.Logf("%s: %s", script, said)
		}
	})
	return n
}

// tell writes a line to it.
func (n *nodeScript) tell(line string) {
	n.t.Helper()
	if _, err := io.WriteString(n.in, line+"\n"); err != nil {
		n.t.Fatal(err)
	}
}

// next takes its next line.
func (n *nodeScript) next() string {
	n.t.Helper()
	select {
	case line, ok := <-n.lines:
		if !ok {
			n.t.Fatal("the program on Node.js has ended")
		}
		return line
	case <-time.After(patience):
		n.t.Fatal("the program on Node.js says nothing")
	}
	return ""
}

// expect takes its next lines, which must be these.
func (n *nodeScript) expect(lines ...string) {
	n.t.Helper()
	for _, want := range lines {
		if got := n.next(); got != want {
			n.t.Fatalf("the program on Node.js says\n%s\nwant\n%s", got, want)
		}
	}
}

// reaches takes its lines up to this one.
func (n *nodeScript) reaches(line string) (before []string) {
	n.t.Helper()
	for {
		got := n.next()
		if got == line {
			return before
		}
		before = append(before, got)
	}
}

// asks writes a request and takes the answer to it.
func (n *nodeScript) asks(request any) string {
	n.t.Helper()
	n.tell(string(must(json.Marshal(request))))
	return n.next()
}

// nodeArgs are an app and where it is served, as the programs take them.
func nodeArgs(s *server, a *pusherApp, more ...string) []string {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		panic(err) // the server said where it listens
	}
	app := must(json.Marshal(map[string]string{"id": a.id, "key": a.key, "secret": a.secret}))
	return slices.Concat([]string{string(app), host, port}, more)
}

// nodeClient runs pusher-js and waits until it is connected.
func nodeClient(t testing.TB, env []string, s *server, a *pusherApp, tls bool) *nodeScript {
	t.Helper()
	n := runNode(t, env, "client.cjs", nodeArgs(s, a, strconv.FormatBool(tls))...)
	n.expect("state connected")
	return n
}

// nodeBackend runs Pusher's library for Node.js.
func nodeBackend(t testing.TB, s *server, a *pusherApp) *nodeScript {
	t.Helper()
	return runNode(t, nil, "backend.cjs", nodeArgs(s, a)...)
}
