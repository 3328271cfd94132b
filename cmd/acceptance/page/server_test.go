package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A server is one run of dormouse dev.
type server struct {
	Page    string `json:"page"`    // URL of the page
	Console string `json:"console"` // and of the console

	process *exec.Cmd
}

var program string

// TestMain builds the program once, for all tests.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "page-*")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "dormouse")
		if out, err := exec.Command("go", "build", "-o", program, "dormouse/cmd/dormouse").CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
			return 1
		}
		defer func() { endBrowser() }()
		return m.Run()
	}())
}

// dev starts dormouse dev on a data folder and an address, and waits until it says where it listens.
func dev(t *testing.T, data, address string) *server {
	t.Helper()
	s := &server{process: exec.Command(program, "dev", "--json", "--data", data, "--listen", address)}
	s.process.Stderr = os.Stderr
	out, err := s.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	lines := make(chan []byte, 1)
	go func() {
		scanner := bufio.NewScanner(out)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			select {
			case lines <- append([]byte(nil), scanner.Bytes()...):
			default:
			}
		}
	}()
	select {
	case line := <-lines:
		if err := json.Unmarshal(line, s); err != nil || s.Page == "" {
			t.Fatalf("dormouse dev --json said %q: %v", line, err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("dormouse dev said nothing for 30 s")
	}
	return s
}

// address is where the server listens.
func (s *server) address(t *testing.T) string {
	t.Helper()
	u, err := url.Parse(s.Page)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// kill ends the process as a power cut does, and waits until it is gone.
func (s *server) kill() {
	if s.process.ProcessState == nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	}
}
