package peers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Peer is a server that can be measured.
type Peer struct {
	Name       string // as in the report, and in -peer
	About      string // a sentence without its full stop
	Durability string // what an acknowledged set has survived, such as [Synced]
	Dialect    Dialect
	Raw        bool   // marks a raw limit
	Syncs      string // its counter of syncs to disk; "": it has none

	source    string // package to build; "" once there is a binary
	tag       string // build tag
	binary    string
	find      func(ctx context.Context, root string) error // nil: it needs nothing that may be missing; else may say [NotThere]
	install   func(ctx context.Context) error              // nil: nothing is got from elsewhere; else may say [NotThere]
	arguments func(dir string, settings map[string]any) ([]string, error)
	family    bool // starts other processes before it listens, whose time and memory count as its own

	// What a peer does in its own way; nil: a line of JSON on standard error says where it listens, and there
	// it has the pages of [dormouse/bench/admin].
	listens  func() func(line []byte) (addresses, bool) // each start has one of its own
	counters func(ctx context.Context, s *Server) (map[string]float64, error)
	collect  func(ctx context.Context, s *Server) error
}

// What an acknowledged set has survived. A peer of another kind says so in its own words.
const (
	Synced     = "each set synced to disk before it is acknowledged"
	MemoryOnly = "memory only: nothing survives a restart"
)

// NotThere says that a peer cannot be measured here, since a part of it is not installed.
type NotThere struct {
	Part    string // such as "redis-server"
	Install string // what to do, such as "apt-get install redis-server"
}

func (e *NotThere) Error() string { return e.Part + " is not there: " + e.Install }

// makers make the peers that are not ours. secret is what clients' tokens are signed with.
var makers = []func(secret []byte) []*Peer{rawPeers, npmPeers, redisPeers, natsPeers, centrifugePeers}

// PanicPrefix begins the names of channels that panic at every command, on Panicking.
const PanicPrefix = "panic."

// Names of the peers.
const (
	Ours      = "dormouse"
	Pusher    = "dormouse-pusher"
	Panicking = "panicking"
	Plain     = "gws"
	Joined    = "joined"
	Stored    = "pebble"
)

// All returns every peer by name. server is a built binary of ours; "": it is built from this module.
func All(server string) map[string]*Peer {
	secret := make([]byte, 32)
	rand.Read(secret)
	ours := &Peer{
		Name: Ours, About: "the server, every write synced to disk", Durability: Synced, Dialect: hotsock{secret},
		Syncs: "dormouse_commit_syncs_total", source: "./cmd/dormouse", binary: server,
		arguments: serve(secret, nil),
	}
	panicking := *ours
	panicking.Name, panicking.tag, panicking.binary = Panicking, "bait_panic", ""
	panicking.About = "the server, built so that one channel panics at every command, and somebody sends it one after the other"
	if server != "" {
		ours.source = ""
	}
	other := *ours
	other.Name, other.Durability, other.Dialect = Pusher, "none: this protocol has no sets", pusher{secret}
	other.About = "the same server, spoken to in Pusher's protocol: client events on private channels, a signature for each subscribe"
	other.arguments = serve(secret, pusher{secret}.settings())
	all := map[string]*Peer{Ours: ours, Pusher: &other, Panicking: &panicking}
	for _, make := range makers {
		for _, p := range make(secret) {
			all[p.Name] = p
		}
	}
	return all
}

// serve is how our server is started, with settings of a peer's own beside those of the harness and of the case.
func serve(secret []byte, own map[string]any) func(dir string, settings map[string]any) ([]string, error) {
	return func(dir string, settings map[string]any) ([]string, error) {
		path, all := filepath.Join(dir, "dormouse.yaml"), map[string]any{}
		maps.Copy(all, own)
		maps.Copy(all, settings)
		return []string{"serve", "--config", path}, os.WriteFile(path, configuration(secret, dir, all), 0o600)
	}
}

// rawPeers mark the raw limit.
func rawPeers(secret []byte) (all []*Peer) {
	for _, p := range []*Peer{
		{Name: Plain, About: "gws alone: its own broadcast of one prepared frame", Durability: MemoryOnly},
		{Name: Joined, About: "gws to read, frames joined by hand: one write for all that waits for a connection", Durability: MemoryOnly},
		{Name: Stored, About: "gws and Pebble alone: groups of writes share one sync, then answers and copies go out", Durability: Synced},
	} {
		p.Dialect, p.Raw, p.Syncs, p.source = raw{hotsock{secret}}, true, "raw_syncs_total", "./bench/raw"
		p.arguments = func(dir string, _ map[string]any) ([]string, error) {
			return []string{"-mode", p.Name, "-data", filepath.Join(dir, "data"), "-secret", base64.StdEncoding.EncodeToString(secret)}, nil
		}
		all = append(all, p)
	}
	return all
}

// Find says whether the peer's parts are there, without building anything. root is the module's folder.
//
// Errors: one that is a *[NotThere], if a part must be installed first.
func (p *Peer) Find(ctx context.Context, root string) error {
	if p.find == nil {
		return nil
	}
	if err := p.find(ctx, root); err != nil {
		return fmt.Errorf("peers: %s: %w", p.Name, err)
	}
	return nil
}

// Build finds the peer's parts, gets those that it installs itself, and builds its binary into dir, unless there is one. root is the module's folder.
//
// Errors: Find's.
func (p *Peer) Build(ctx context.Context, root, dir string) error {
	if err := p.Find(ctx, root); err != nil {
		return err
	}
	if p.install != nil {
		if err := p.install(ctx); err != nil {
			return fmt.Errorf("peers: %s: %w", p.Name, err)
		}
	}
	if p.source == "" {
		return nil
	}
	path := filepath.Join(dir, filepath.Base(p.source)+p.tag)
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", p.tag, "-o", path, p.source)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("peers: build %s: %w\n%s", p.source, err, out)
	}
	p.source, p.binary = "", path
	return nil
}

// configuration is a file for our server. JSON is YAML.
func configuration(secret []byte, dir string, settings map[string]any) []byte {
	all := map[string]any{
		"listen":       "127.0.0.1:0",
		"data":         filepath.Join(dir, "data"),
		"admin.listen": "127.0.0.1:0",
		"admin.pprof":  true,
		"token.keys":   []any{map[string]string{"alg": "HS256", "key": base64.StdEncoding.EncodeToString(secret)}},
		"api_keys":     []string{hotsock{secret}.apiKey()},
		"log.format":   "json",
		"drain.spread": "10ms",
	}
	for key, value := range settings {
		all[key] = value
	}
	root := map[string]any{}
	for key, value := range all {
		level, path := root, strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			next, ok := level[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				level[name] = next
			}
			level = next
		}
		level[path[len(path)-1]] = value
	}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // settings are text, numbers and lists
	}
	return text
}

// OnMemory reports that a folder is on no disk: what is synced there is not durable, and costs nothing.
func OnMemory(dir string) bool { return onMemory(dir) }
