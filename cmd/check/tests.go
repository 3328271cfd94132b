package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// testTimeout bounds one package's tests. The whole command has twenty minutes on two cores.
const testTimeout = 15 * time.Minute

// tests runs every test and every fuzz seed under the race detector and prints a line as each package
// ends. Of what the tests print, only what belongs to a failure is shown.
func tests(ctx context.Context, r *run) (string, error) {
	args := []string{"test", "-json", "-timeout", testTimeout.String()}
	if r.short {
		args = append(args, "-short")
	}
	var leftOut []string
	cgo := "CGO_ENABLED=1" // the race detector is C
	for _, s := range r.without {
		if s.tests != "" {
			leftOut = append(leftOut, s.tests)
		} else {
			cgo = "CGO_ENABLED=0"
		}
	}
	if cgo == "CGO_ENABLED=1" {
		args = append(args, "-race")
	}
	if len(leftOut) > 0 {
		args = append(args, "-skip", strings.Join(leftOut, "|"))
	}
	args = append(args, ours)
	r.say("  go %s", strings.Join(args, " "))

	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = r.root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.Env = append(os.Environ(), cgo)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	events, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	t := newTally(r.out)
	readErr := t.read(events)
	err = cmd.Wait()
	switch {
	case readErr != nil:
		return "", readErr
	case len(t.failed) > 0:
		return "", fmt.Errorf("%d of %d tests failed: %s\n%s", len(t.failed), t.tests, strings.Join(t.failed, ", "), stderr.String())
	case err != nil:
		return "", fmt.Errorf("go test: %w\n%s", err, stderr.String())
	}
	return fmt.Sprintf("%s in %s", count(t.tests, "test"), count(t.packages, "package")), nil
}

// A testEvent is one line of go test -json, as go doc test2json tells it.
type testEvent struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// A tally follows a stream of test events.
type tally struct {
	out             io.Writer
	tests, packages int
	failed          []string
	counts          map[string]int              // tests per package
	output          map[[2]string]*bytes.Buffer // by package and test, until it ends
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, counts: map[string]int{}, output: map[[2]string]*bytes.Buffer{}}
}

func (t *tally) read(events io.Reader) error {
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e testEvent
			if json.Unmarshal(line, &e) == nil {
				t.take(e)
			} else {
				fmt.Fprintf(t.out, "      %s", line)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read go test's output: %w", err)
		}
	}
}

func (t *tally) take(e testEvent) {
	if e.Package == "" {
		e.Package = e.ImportPath // a build that fails has only that
	}
	at := [2]string{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		b := t.output[at]
		if b == nil {
			b = &bytes.Buffer{}
			t.output[at] = b
		}
		b.WriteString(e.Output)
	case "pass", "skip", "fail", "build-fail":
		t.end(e, at)
	}
}

func (t *tally) end(e testEvent, at [2]string) {
	printed := t.output[at]
	delete(t.output, at)
	failed := strings.HasSuffix(e.Action, "fail")
	if e.Test != "" {
		if !strings.Contains(e.Test, "/") {
			t.tests++
			t.counts[e.Package]++
		}
		if failed {
			t.failed = append(t.failed, e.Package+"."+e.Test)
		}
	} else if e.Action != "skip" && e.Action != "build-fail" {
		t.packages++
		word := "ok  "
		if failed {
			word = "FAIL"
			if !slices.ContainsFunc(t.failed, func(name string) bool { return strings.HasPrefix(name, e.Package+".") }) {
				t.failed = append(t.failed, e.Package)
			}
		}
		fmt.Fprintf(t.out, "      %s  %-34s %10s  %7.1fs\n", word, e.Package, count(t.counts[e.Package], "test"), e.Elapsed)
	}
	if failed && printed != nil {
		fmt.Fprintf(t.out, "%s\n", indent(printed.String()))
	}
}
