package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"dormouse/bench/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	scenarios []scenario.Scenario
	size      scenario.Size
	runs      int
	cores     int
	out       string
	server    string
	root      string
}

func run(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "bench", "out")
	}
	t := &tour{settings: s, log: os.Stderr}
	r, err := t.run(ctx)
	if err != nil {
		return err
	}
	r.WriteTable(os.Stdout)
	if err := t.write(r); err != nil {
		return err
	}
	if faults := r.Faults(); len(faults) > 0 {
		return fmt.Errorf("%d measurements failed:\n%s", len(faults), strings.Join(faults, "\n"))
	}
	return nil
}

// The short tour, and the long one.
var (
	short = scenario.Size{Window: 1500 * time.Millisecond, Warm: 500 * time.Millisecond, Idle: 2_000, Sleeping: 10_000}
	full  = scenario.Size{Window: 10 * time.Second, Warm: 2 * time.Second, Idle: 10_000, Sleeping: 100_000}
)

func parse(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	names := flags.String("scenario", "", "scenarios to run, by comma; all: "+strings.Join(scenarioNames(), ","))
	long := flags.Bool("full", false, "10 s measurements, 3 runs, 10,000 connections, 100,000 sleeping channels")
	seconds := flags.Float64("seconds", 0, "length of one measurement (default 1.5, with -full 10)")
	runs := flags.Int("runs", 0, "runs of every case, peers in turn (default 1, with -full 3)")
	idle := flags.Int("connections", 0, "idle connections (default 2000, with -full 10000)")
	sleeping := flags.Int("sleeping", 0, "sleeping channels (default 10000, with -full 100000)")
	flags.IntVar(&s.cores, "cores", 1, "processors for the server, the next one is for the load; 0: pin nothing")
	flags.StringVar(&s.out, "out", "", "folder for report.json and report.html (default bench/out)")
	flags.StringVar(&s.server, "server", "", "a built server to measure, in place of one built from here")
	flags.BoolVar(&s.size.Profile, "profile", false, "also write a processor profile of every measurement; costs a little")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	profile := s.size.Profile
	s.size, s.runs = short, 1
	if *long {
		s.size, s.runs = full, 3
	}
	s.size.Profile = profile
	if *seconds > 0 {
		s.size.Window = time.Duration(*seconds * float64(time.Second))
	}
	override(&s.runs, *runs)
	override(&s.size.Idle, *idle)
	override(&s.size.Sleeping, *sleeping)
	if s.size.Idle < 200 {
		return s, fmt.Errorf("-connections %d: at least 200, for fewer say nothing", s.size.Idle)
	}
	if s.server != "" {
		if s.server, err = filepath.Abs(s.server); err != nil {
			return s, err
		}
	}
	s.scenarios, err = choose(*names)
	return s, err
}

func override(value *int, flag int) {
	if flag > 0 {
		*value = flag
	}
}

func scenarioNames() (names []string) {
	for _, s := range scenario.All {
		names = append(names, s.Name)
	}
	return names
}

// choose finds scenarios by name; "" is all.
func choose(names string) (chosen []scenario.Scenario, err error) {
	if names == "" {
		return scenario.All, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, s := range scenario.All {
			if s.Name == strings.TrimSpace(name) {
				chosen, found = append(chosen, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("-scenario %s: there are %s", name, strings.Join(scenarioNames(), ", "))
		}
	}
	return chosen, nil
}

// moduleRoot is the folder of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("run it from the checkout: go list -m: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
