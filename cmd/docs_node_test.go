package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dormouse/transport/docs"
	"dormouse/transport/pusher/pushertest"
)

// TestDocsInNode runs the documentation's programs in JavaScript, with the libraries as npm has them, those of a page on
// one server. They print what the page shows.
func TestDocsInNode(t *testing.T) {
	for _, page := range docs.Pages() {
		blocks := docsFence.FindAllStringSubmatch(string(page.Text), -1)
		if strings.Contains(string(page.Text), "\n```js\n") {
			t.Run(page.Name, func(t *testing.T) { playInNode(t, runWith(t, 0, docsFlags[page.Name]), blocks) })
		}
	}
}

func playInNode(t *testing.T, server *running, blocks [][]string) {
	_, port, _ := strings.Cut(server.Addr(), ":")
	dir := pushertest.Project(t)
	out, shown := &transcript{more: make(chan struct{})}, ""
	for i, block := range blocks {
		switch block[1] {
		case "js":
			path := filepath.Join(dir, fmt.Sprintf("%d.mjs", i))
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(block[2], "8080", port)), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "node", path)
			cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, out, time.Second
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = cmd.Wait() }) // the end of the test has cut it off, if it had not ended by itself
		case "printed":
			shown += block[2]
			out.shows(t, shown)
		}
	}
}

// shows waits until so much was written, and nothing else.
func (tr *transcript) shows(t *testing.T, want string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		text, more := tr.read()
		if text == want {
			return
		}
		if !strings.HasPrefix(want, text) {
			t.Fatalf("printed\n%s\nshown\n%s", text, want)
		}
		select {
		case <-more:
		case <-deadline:
			t.Fatalf("printed\n%s\nshown\n%s", text, want)
		}
	}
}
