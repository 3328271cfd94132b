package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ours are all packages of the module. A tool that walks packages gets this pattern.
const ours = "./..."

func format(ctx context.Context, r *run) (string, error) {
	files, err := r.files(ctx, "*.go")
	if err != nil {
		return "", err
	}
	out, err := r.command(ctx, "gofmt", append([]string{"-s", "-l"}, files...)...)
	if err != nil {
		return "", err
	}
	if out = strings.TrimSpace(out); out != "" {
		return "", fmt.Errorf("gofmt -s -w .  would change:\n%s", out)
	}
	return count(len(files), "file"), nil
}

func modules(ctx context.Context, r *run) (string, error) {
	if _, err := r.command(ctx, "go", "mod", "tidy", "-diff"); err != nil {
		return "", fmt.Errorf("go.mod or go.sum is not tidy; run  go mod tidy\n%w", err)
	}
	return "tidy", nil
}

func vet(ctx context.Context, r *run) (string, error) {
	_, err := r.command(ctx, "go", "vet", ours)
	return "nothing to say", err
}

func staticcheck(ctx context.Context, r *run) (string, error) {
	_, err := r.command(ctx, "go", "tool", "staticcheck", ours)
	return "nothing to say", err
}

// errcheckExclude names calls whose errors say nothing: writing to a terminal, or closing what was read.
const errcheckExclude = "cmd/check/errcheck.txt"

func errcheck(ctx context.Context, r *run) (string, error) {
	_, err := r.command(ctx, "go", "tool", "errcheck", "-exclude", errcheckExclude, "-ignoretests", ours)
	return "nothing to say", err
}

// bodyclose is built as a tool of go vet, not as a program of its own.
func bodyclose(ctx context.Context, r *run) (string, error) {
	path, err := r.command(ctx, "go", "tool", "-n", "bodyclose")
	if err != nil {
		return "", err
	}
	// Its findings in tests are helpers that close at the end of the test, which it cannot see.
	out, err := r.command(ctx, "go", "vet", "-vettool="+strings.TrimSpace(path), ours)
	if err == nil {
		return "nothing to say", nil
	}
	var found []string
	for line := range strings.Lines(out + err.Error()) {
		if strings.Contains(line, "body must be closed") && !strings.Contains(line, "_test.go:") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) > 0 {
		return "", fmt.Errorf("%s", strings.Join(found, "\n"))
	}
	return "nothing to say outside tests", nil
}

func misspell(ctx context.Context, r *run) (string, error) {
	files, err := r.files(ctx, "*.go", "*.md", "*.html", "*.js", "*.css", "*.yaml", "*.txtar")
	if err != nil {
		return "", err
	}
	// One text on the wire is spelled as in the server whose users know it.
	_, err = r.command(ctx, "go", append([]string{"tool", "misspell", "-error", "-i", "occured"}, files...)...)
	return count(len(files), "file"), err
}

// files lists the files of the checkout that match, kept or new, but not the ignored ones.
func (r *run) files(ctx context.Context, patterns ...string) ([]string, error) {
	args := append([]string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}, patterns...)
	out, err := r.command(ctx, "git", args...)
	if err != nil {
		return nil, err
	}
	var files []string
	for name := range strings.Lines(out) {
		name = strings.TrimSpace(name)
		if _, err := os.Stat(filepath.Join(r.root, name)); err == nil { // a file may be deleted and not yet committed
			files = append(files, name)
		}
	}
	return files, nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
