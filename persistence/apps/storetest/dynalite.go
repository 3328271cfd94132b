package storetest

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// npmFiles name the exact versions of dynalite and of all that it runs on, but for Node.js, and start it.
//
//go:embed npm
var npmFiles embed.FS

var npmNames = []string{"package.json", "package-lock.json", "server.cjs"}

// dynalite is DynamoDB's protocol on Node.js, with the tables in memory.
var dynalite = program{
	name: "dynalite", ready: "dynalite is ready", halt: syscall.SIGKILL,
	prepare: func(s *Server) error {
		s.URL = "http://" + s.Addr
		_, err := modules()
		return err
	},
	command: func(s *Server) ([]string, error) {
		node, err := executable("node")
		if err != nil {
			return nil, err
		}
		dir, err := modules()
		return []string{node, filepath.Join(dir, "server.cjs"), strconv.Itoa(s.Port()), "127.0.0.1"}, err
	},
}

// modules is the folder with npmFiles and what they name, and fills it unless it is there: it appears at once, when it
// is whole. Whoever comes meanwhile, in another process too, waits.
func modules() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range npmNames {
		text, err := npmFiles.ReadFile("npm/" + name)
		if err != nil {
			return "", err
		}
		sum.Write(text)
	}
	dir := filepath.Join(cache, "dormouse-storetest", fmt.Sprintf("npm-%x", sum.Sum(nil))[:16])
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	unlock, err := lockFile(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("lock %s: %w", dir, err)
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	npm, err := executable("npm")
	if err != nil {
		return "", err
	}
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o755)); err != nil {
		return "", err
	}
	for _, name := range npmNames {
		text, err := npmFiles.ReadFile("npm/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(partial, name), text, 0o644)
		}
		if err != nil {
			return "", err
		}
	}
	line := []string{npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"}
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Dir = partial
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s, which brings dynalite and needs a network: %w\n%s", strings.Join(line, " "), err, said)
	}
	return dir, os.Rename(partial, dir)
}
