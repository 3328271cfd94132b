package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second one does not wait
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	if s.list {
		return s.writeList(ctx, os.Stdout)
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "bench", "out")
	}
	if s.compare != nil {
		return s.writeComparison(os.Stdout, os.Stderr)
	}
	t := &tour{settings: s, log: os.Stderr}
	r, err := t.run(ctx)
	if ctx.Err() != nil {
		err = errors.New("interrupted: the report has what was measured until then")
	}
	if err != nil && (r == nil || len(r.Scenarios) == 0) {
		return err
	}
	r.WriteTable(os.Stdout)
	files := map[string]func(io.Writer) error{"report.json": r.WriteJSON, "report.html": r.WriteHTML}
	if err := errors.Join(err, s.write(os.Stderr, files)); err != nil {
		return err
	}
	if faults := r.Faults(); len(faults) > 0 {
		return fmt.Errorf("%d measurements failed:\n%s", len(faults), strings.Join(faults, "\n"))
	}
	return nil
}

// moduleRoot is the folder of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("run it from the checkout: go list -m: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
