package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxLines is where a file has found a second noun.
const maxLines = 500

// skips finds a test that leaves itself out. A suite that cannot run is left out by this command, by name
// and in the summary, so that nobody takes what did not run for what passed.
var skips = regexp.MustCompile(`\b[tbf]\.Skip(f|Now)?\(`)

func sources(ctx context.Context, r *run) (string, error) {
	files, err := r.files(ctx, "*.go")
	if err != nil {
		return "", err
	}
	var faults []string
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(r.root, name))
		if err != nil {
			return "", err
		}
		faults = append(faults, sourceFaults(name, text)...)
	}
	if len(faults) > 0 {
		return "", fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	return count(len(files), "file"), nil
}

func sourceFaults(name string, text []byte) []string {
	var faults []string
	if n := bytes.Count(text, []byte("\n")); n > maxLines {
		faults = append(faults, fmt.Sprintf("%s has %d lines: look for the second noun", name, n))
	}
	if !strings.HasSuffix(name, "_test.go") {
		return faults
	}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if skips.Match(line) {
			faults = append(faults, fmt.Sprintf("%s:%d skips itself: a suite is left out by name, in cmd/check", name, i+1))
		}
	}
	return faults
}
