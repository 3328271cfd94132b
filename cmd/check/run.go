package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A step is one thing that is checked. do returns a few words on what it looked at; its error is the
// whole story, printed as it is.
type step struct {
	name string
	does string
	do   func(ctx context.Context, r *run) (string, error)
}

// steps are all there are, in their order. Needs goes first, since later steps lean on what it finds, and
// the tests go last, since everything before them answers within a minute.
var steps = []step{
	{"needs", "install what the suites need", needs},
	{"format", "gofmt has nothing to change", format},
	{"modules", "go mod tidy has nothing to change", modules},
	{"vet", "go vet ./...", vet},
	{"staticcheck", "bugs, and code nobody uses", staticcheck},
	{"errcheck", "errors nobody looked at", errcheck},
	{"bodyclose", "HTTP bodies nobody closes", bodyclose},
	{"misspell", "spelling", misspell},
	{"imports", "packages meet only in the direction the house allows", imports},
	{"sources", "no skipped tests, no file over 500 lines", sources},
	{"budgets", "what the hot paths allocate", budgets},
	{"tests", "go test -race ./...", tests},
}

// A run is one call of the command. Steps leave notes in it for later steps.
type run struct {
	root    string
	short   bool
	ci      bool
	out     io.Writer
	without []suite // left out, for want of a program
}

// all runs the steps and prints the summary. It returns the process's exit code.
func (r *run) all(ctx context.Context, chosen []step) int {
	type result struct {
		step
		note string
		err  error
		took time.Duration
	}
	var results []result
	began := time.Now()
	for _, s := range chosen {
		if ctx.Err() != nil {
			break
		}
		r.say("\n%s: %s", s.name, s.does)
		start := time.Now()
		note, err := s.do(ctx, r)
		took := time.Since(start)
		switch {
		case err != nil:
			r.say("%s\n  FAILED after %s", indent(err.Error()), seconds(took))
		default:
			r.say("  ok, %s, %s", note, seconds(took))
		}
		results = append(results, result{s, note, err, took})
	}

	passed, failed := 0, 0
	width := len("all")
	for _, s := range chosen {
		width = max(width, len(s.name))
	}
	r.say("\nSummary")
	for _, res := range results {
		word := "ok"
		if res.err != nil {
			word, failed = "FAILED", failed+1
			res.note = firstLine(res.err.Error())
		} else {
			passed++
		}
		r.say("  %-*s  %-7s %9s  %s", width, res.name, word, seconds(res.took), res.note)
	}
	for _, s := range chosen[len(results):] {
		failed++
		r.say("  %-*s  %-7s %9s  interrupted before it began", width, s.name, "FAILED", "-")
	}
	for _, s := range r.without {
		r.say("  left out: %s, for want of %s", s.what, s.program)
	}
	r.say("  %-*s  %-7s %9s", width, "all", "", seconds(time.Since(began)))
	r.say("%d passed, %d failed", passed, failed)
	if failed > 0 {
		return 1
	}
	return 0
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

// command runs a program in the root and returns its standard output. A failure's error holds all that it
// printed, since that is what a reader needs; the command line and exit code stand before it.
func (r *run) command(ctx context.Context, name string, args ...string) (string, error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = r.root
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, complaints.String()+out.String())
	}
	return out.String(), nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	return s
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ")
}
