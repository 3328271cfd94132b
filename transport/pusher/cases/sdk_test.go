package cases

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// npmFiles name the exact versions of the libraries that applications have, and what is done with them.
//
//go:embed npm
var npmFiles embed.FS

var npmNames = []string{"package.json", "package-lock.json", "suite.mjs"}

// modules is a folder of the user's cache with npmFiles and what they name. It appears at once, when it is whole.
func modules(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	for _, name := range npmNames {
		sum.Write(npmFile(t, name))
	}
	dir := filepath.Join(cache, "dormouse-pusher-clients", fmt.Sprintf("npm-%x", sum.Sum(nil))[:16])
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	partial, err := os.MkdirTemp(filepath.Dir(dir), "partial-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(partial) }()
	for _, name := range npmNames {
		if err := os.WriteFile(filepath.Join(partial, name), npmFile(t, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline")
	cmd.Dir = partial
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s, which brings the libraries and needs a network: %v\n%s", cmd, err, said)
	}
	if err := os.Rename(partial, dir); err != nil && !errors.Is(err, os.ErrExist) {
		if _, there := os.Stat(dir); there != nil { // else another process was faster
			t.Fatal(err)
		}
	}
	return dir
}

func npmFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := npmFiles.ReadFile("npm/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestClientLibraries has pusher-js, the server library of Node.js and Laravel Echo do what applications do with them.
func TestClientLibraries(t *testing.T) {
	dir := modules(t)
	a := newApp("a", map[string]any{"enableSubscriptionCount": true})
	s := start(t, nil, a)
	_, port, _ := strings.Cut(s.Listener.Addr().String(), ":")
	list, err := json.Marshal([]map[string]string{{"id": a.id, "key": a.key, "secret": a.secret}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "suite.mjs"), port, string(list))
	var faults bytes.Buffer
	cmd.Stderr = &faults
	said, err := cmd.Output()
	if err != nil {
		t.Errorf("node: %v", err)
	}
	scenes := 0
	for lines := bufio.NewScanner(bytes.NewReader(said)); lines.Scan(); scenes++ {
		verdict, name, _ := strings.Cut(lines.Text(), " ")
		t.Run(strings.SplitN(name, ":", 2)[0], func(t *testing.T) {
			if verdict != "ok" {
				t.Error(lines.Text())
			}
		})
	}
	if want := bytes.Count(npmFile(t, "suite.mjs"), []byte(": async () => {")); scenes != want {
		t.Errorf("%d scenes of %d were played\n%s%s", scenes, want, said, &faults)
	}
}
