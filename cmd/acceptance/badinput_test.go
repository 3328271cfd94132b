package acceptance

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A mistake is something that a server cannot start with, and what people must be told.
type mistake struct {
	name string
	// make prepares the folder and returns the configuration.
	make func(t *testing.T, dir string) settings
	code int
	says []string // in standard error: what is wrong, and what to do
}

// Exit codes.
const (
	failed     = 1
	wrongUsage = 2
)

func TestBadInput(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			dir := t.TempDir()
			s := defaults().with(settings{"data": filepath.Join(dir, "data")}).with(m.make(t, dir))
			config := filepath.Join(dir, "dormouse.yaml")
			if err := os.WriteFile(config, s.file(), 0o600); err != nil {
				t.Fatal(err)
			}
			got := run(t, "serve", "--config", config)
			t.Logf("exit code %d\n%s", got.code, got.stderr)
			if got.code != m.code {
				t.Errorf("exit code %d, want %d", got.code, m.code)
			}
			for _, words := range m.says {
				if !strings.Contains(got.stderr, strings.ReplaceAll(words, "{dir}", dir)) {
					t.Errorf("nothing says %q", words)
				}
			}
			for _, noise := range []string{"goroutine ", "panic:", apiKey} {
				if strings.Contains(got.stderr, noise) {
					t.Errorf("it says %q", noise)
				}
			}
		})
	}
}

var mistakes = []mistake{
	{
		"an unknown key is named with its line and the one that was meant",
		func(*testing.T, string) settings { return settings{"limits.conections": 5} },
		wrongUsage, []string{"dormouse.yaml:", "limits.conections", "unknown key", "connections"},
	},
	{
		"all faults are named at once",
		func(*testing.T, string) settings {
			return settings{
				"listn": "x", "limits.connections": "many", "durability.default": "always", "drain.timeout": "5",
				"token.keys": []any{map[string]string{"alg": "HS257", "key": "c2hvcnQ="}}, "api_keys": []string{"short"},
			}
		},
		wrongUsage, []string{"listn", "limits.connections", "durability.default", "drain.timeout", "token.keys", "HS257", "api_keys"},
	},
	{
		"a weak secret is refused",
		func(*testing.T, string) settings {
			return settings{"token.keys": []any{map[string]string{"alg": "HS256", "key": "c2hvcnQ="}}}
		},
		wrongUsage, []string{"token.keys", "32"},
	},
	{
		"plain HTTP off loopback wants to be asked for",
		func(*testing.T, string) settings { return settings{"listen": "0.0.0.0:0"} },
		wrongUsage, []string{"listen", "tls.cert", "allow_plain"},
	},
	{
		"a data folder that is a file",
		func(t *testing.T, dir string) settings {
			writeFile(t, filepath.Join(dir, "data"), "a file")
			return nil
		},
		failed, []string{"{dir}/data", "--data"},
	},
	{
		"a folder of somebody else's files",
		func(t *testing.T, dir string) settings {
			writeFile(t, filepath.Join(dir, "data", "thesis.tex"), "years of work")
			return nil
		},
		failed, []string{"{dir}/data", "thesis.tex", "--data"},
	},
	{
		"a data folder of a newer version",
		func(t *testing.T, dir string) settings {
			made(t, dir)
			makeNewer(t, filepath.Join(dir, "data", "db"))
			return nil
		},
		failed, []string{"{dir}/data", "newer version", "--data"},
	},
	{
		"a data folder in use",
		func(t *testing.T, _ string) settings {
			s := serve(t, defaults())
			return settings{"data": s.data()}
		},
		failed, []string{"in use", "process", "--data"},
	},
	{
		// Root may write where modes forbid it; in /proc nobody may.
		"a data folder that cannot be written",
		func(*testing.T, string) settings { return settings{"data": "/proc/dormouse"} },
		failed, []string{"/proc/dormouse", "--data"},
	},
	{
		"a port in use",
		func(t *testing.T, _ string) settings { return settings{"listen": taken(t)} },
		failed, []string{"listen", "127.0.0.1:", "taken by another program", "port 0"},
	},
	{
		"an admin port in use",
		func(t *testing.T, _ string) settings { return settings{"admin.listen": taken(t)} },
		failed, []string{"admin.listen", "127.0.0.1:", "taken by another program", "port 0"},
	},
}

func TestBadInputLeavesTheFolderAsItWas(t *testing.T) {
	dir := t.TempDir()
	thesis := filepath.Join(dir, "data", "thesis.tex")
	writeFile(t, thesis, "years of work")
	config := filepath.Join(dir, "dormouse.yaml")
	writeFile(t, config, string(defaults().with(settings{"data": filepath.Join(dir, "data")}).file()))
	run(t, "serve", "--config", config)
	names, err := os.ReadDir(filepath.Join(dir, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != 1 || names[0].Name() != "thesis.tex" {
		t.Errorf("the folder holds %v now", names)
	}
}

// A disk that counts as full from its first byte on is as full as one can be made without filling it.
func TestAFullDiskRefusesWritesByNameAndReads(t *testing.T) {
	s := newScene(t, serve(t, defaults().with(settings{"storage.read_only_at": "0.0001%"})))
	s.connect("A", claims(`{"channels":`+fullStorage("c", "k")+`}`))
	s.play(`
		A > sub c
		A < subscribed c
		A > set c k 1
		A < error STORAGE_READ_ONLY c
		A > get c k
		A < value c k null null
		A > ping
		A < pong`)
	resp, err := s.server.publish(t.Context(), `{"channel":"c","event":"e","data":1,"store":60}`)
	if err != nil || resp.status != 503 && resp.status != 507 || !strings.Contains(resp.body, "STORAGE_READ_ONLY") {
		t.Errorf("a stored publish gets %s, %v", resp, err)
	}
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"c","event":"e","data":1}`))
	s.play(`A < message c e 1`)
	resp, err = s.server.get(t.Context(), "http://"+s.server.admin+"/readyz")
	if err != nil || resp.status != 503 || !strings.Contains(resp.body, "read-only") {
		t.Errorf("/readyz says %s, %v", resp, err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// made lets a server make its data folder at dir/data and end.
func made(t *testing.T, dir string) {
	t.Helper()
	s := serve(t, defaults())
	if code, err := s.stop(); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	if err := os.Rename(s.data(), filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
}

var formatMarker = regexp.MustCompile(`^marker\.format-version\.(\d+)\.(\d+)$`)

// makeNewer marks a database as one of a format that is years away.
func makeNewer(t *testing.T, db string) {
	t.Helper()
	names, err := os.ReadDir(db)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if m := formatMarker.FindStringSubmatch(name.Name()); m != nil {
			newer := fmt.Sprintf("marker.format-version.%s.999", m[1])
			if err := os.Rename(filepath.Join(db, name.Name()), filepath.Join(db, newer)); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no marker among %v", names)
}

// taken is an address that somebody else listens on.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}
