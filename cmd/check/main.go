package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	var only string
	var short, long bool
	flag.StringVar(&only, "only", "", "run only these `steps`, by name, separated by commas")
	flag.BoolVar(&short, "short", false, "give -short to the tests: minutes become seconds, and less is proved")
	flag.BoolVar(&long, "long", false, "run the suites that take hours, and only those; -only chooses among them")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: go run ./cmd/check [-short | -long] [-only step,step]\n\n")
		flag.PrintDefaults()
		fmt.Fprintln(flag.CommandLine.Output(), "\nSteps, in order:")
		for _, s := range steps {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-10s %s\n", s.name, s.does)
		}
		fmt.Fprintln(flag.CommandLine.Output(), "\nSteps of -long; without it their tests are small parts of the step tests:")
		for _, s := range longSteps() {
			fmt.Fprintf(flag.CommandLine.Output(), "  %-26s %s\n", s.name, s.does)
		}
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "check: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if short && long {
		fmt.Fprintln(os.Stderr, "check: -short and -long: choose one")
		os.Exit(2)
	}
	of := steps
	if long {
		of = longSteps()
	}
	chosen, err := choose(of, only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	root, err := moduleRoot()
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := &run{root: root, short: short, ci: os.Getenv("CI") == "true", out: os.Stdout}
	r.say("%s, %d cores, in %s", runtime.Version(), runtime.NumCPU(), root)
	os.Exit(r.all(ctx, chosen))
}

// choose returns those of the steps that only names, in their order; all of them if it is empty.
func choose(steps []step, only string) ([]step, error) {
	if only == "" {
		return steps, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var chosen []step
	for _, s := range steps {
		if wanted[s.name] {
			chosen = append(chosen, s)
			delete(wanted, s.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("there is no step %q; -help lists them", name)
	}
	return chosen, nil
}

// moduleRoot finds the folder of go.mod, from wherever the command was started.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", fmt.Errorf("this is no checkout: there is no go.mod here or above")
	}
	return filepath.Dir(mod), nil
}
