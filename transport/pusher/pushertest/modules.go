package pushertest

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed package.json package-lock.json
var files embed.FS

// Project returns a folder of the test in which programs for Node.js find the libraries. Something may be written there.
func Project(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(Modules(t), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Modules returns the folder node_modules with the libraries, a part of the user's cache that others read too. It is
// installed for the first who asks, for which npm and a network are needed.
func Modules(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "dormouse-pusher-clients")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	partial, err := os.MkdirTemp(dir, "partial-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(partial) }()
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
		if err := os.WriteFile(filepath.Join(partial, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	whole := filepath.Join(dir, fmt.Sprintf("npm-%x", sum.Sum(nil))[:16])
	modules := filepath.Join(whole, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline")
	cmd.Dir = partial
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s, which brings the libraries and needs a network: %v\n%s", cmd, err, said)
	}
	// It appears at once, when it is whole.
	if err := os.Rename(partial, whole); err != nil && !errors.Is(err, os.ErrExist) {
		if _, there := os.Stat(modules); there != nil { // else another process was faster
			t.Fatal(err)
		}
	}
	return modules
}
