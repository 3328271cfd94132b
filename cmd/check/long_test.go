package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the tag long changes is in longSuites, and what is there exists.
func TestLongSuitesAreListed(t *testing.T) {
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var listed, tests []string
	for _, s := range longSuites {
		listed, tests = append(listed, s.constants...), append(tests, s.test)
	}
	slices.Sort(listed)
	var found []string
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tests = slices.DeleteFunc(tests, func(name string) bool { return bytes.Contains(text, []byte("\nfunc "+name+"(t *testing.T)")) })
		if !bytes.HasPrefix(text, []byte("//go:build long\n")) {
			return nil
		}
		for _, c := range regexp.MustCompile(`(?m)^\t(\w+) += `).FindAllSubmatch(text, -1) {
			found = append(found, string(c[1]))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if !slices.Equal(found, listed) {
		t.Errorf("the tag long sets %v, and longSuites names %v", found, listed)
	}
	if len(tests) > 0 {
		t.Errorf("there are no tests %v", tests)
	}
}

func TestLongSuitesShowTheirFigures(t *testing.T) {
	var out bytes.Buffer
	r := &run{out: &out}
	said, err := r.follow(strings.NewReader(`{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"p","Test":"TestX","Output":"    x_test.go:9: seed 7\n"}
{"Action":"output","Package":"p","Test":"TestX","Output":"    x_test.go:12: 3 kills: nothing lost\n"}
{"Action":"output","Package":"p","Test":"TestX","Output":"--- PASS: TestX (1.00s)\n"}
{"Action":"pass","Package":"p","Test":"TestX"}
{"Action":"pass","Package":"p"}
`))
	if err != nil || !said.passed || said.figure != "3 kills: nothing lost" {
		t.Errorf("%+v, %v", said, err)
	}
	if got := out.String(); got != "      seed 7\n      3 kills: nothing lost\n" {
		t.Errorf("printed %q", got)
	}
}
