package page

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	apiKey  = "an-api-key-of-the-console-tests-0123456789"
	tokenOK = "a signing key of the console's tests, long enough"

	appSecret = "the-secret-of-all-apps-here"
)

// A station is one run of dormouse serve, with a webhook that takes nothing until it is told to.
type station struct {
	t       *testing.T
	url     string
	admin   string // address of /metrics
	takes   atomic.Bool
	taken   atomic.Int64
	process *exec.Cmd
}

// serve starts the program as for others: nothing is ready-made, and events go to a webhook.
func serve(t *testing.T) *station {
	t.Helper()
	s := &station{t: t}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if !s.takes.Load() {
			http.Error(w, "not now", http.StatusServiceUnavailable)
			return
		}
		s.taken.Add(1)
	}))
	t.Cleanup(hook.Close)
	dir := t.TempDir()
	config := filepath.Join(dir, "dormouse.yaml")
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
data: data
api_keys: [%s]
admin: {listen: "127.0.0.1:0"}
log: {format: json}
storage: {ballast_size: 1}
token: {keys: [{alg: HS256, key: %s}]}
apps:
  static:
    - {id: shop, key: shop-key, secret: %s, enable_client_messages: true, max_connections: 50}
    - {id: blog, key: blog-key, secret: %s, enabled: false}
events:
  retry_for: 1ms
  webhooks: [{name: shop, url: "%s", secret: whsec_YWNjZXB0YW5jZS1zZWNyZXQtb2YtMzItYnl0ZXMtbG8=, allow_private: true, data_types: [message]}]
`, apiKey, base64.StdEncoding.EncodeToString([]byte(tokenOK)), appSecret, appSecret, hook.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.process = exec.Command(program, "serve", "--config", config)
	out, err := s.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
	})
	type addresses struct{ Msg, Listen, Admin string }
	listens := make(chan addresses, 1)
	go func() {
		var said bytes.Buffer
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(&said, lines.Text())
			var line addresses
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
				listens <- line
			}
		}
		select {
		case listens <- addresses{}: // it ended without serving
			t.Log(said.String())
		default:
		}
	}()
	select {
	case at := <-listens:
		if at.Listen == "" {
			t.Fatal("dormouse serve ended")
		}
		s.url, s.admin = "http://"+at.Listen, at.Admin
	case <-time.After(30 * time.Second):
		t.Fatal("dormouse serve does not say where it listens")
	}
	return s
}

// token signs claims of a user who may do everything on all channels, with more put over them.
func (s *station) token(uid string, more map[string]any) string {
	s.t.Helper()
	claims := jwt.MapClaims{
		"scope": "connect", "exp": time.Now().Add(time.Hour).Unix(), "uid": uid,
		"channels": map[string]any{"*": map[string]any{
			"subscribe": true, "getInfo": true, "historyStart": 0,
			"messages": map[string]any{"*": map[string]any{"publish": true, "echo": true, "store": 3600, "react": true}},
			"storage":  map[string]any{"*": map[string]any{"observe": true, "get": true, "set": true}},
		}},
	}
	for name, value := range more {
		claims[name] = value
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(tokenOK))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// call makes a call with the API key.
func (s *station) call(method, path string, body any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apiKey)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode > 299 {
		s.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, strings.TrimSpace(string(answer)))
	}
}

// until waits for a line of the server's metrics.
func (s *station) until(line string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		res, err := http.Get("http://" + s.admin + "/metrics")
		if err != nil {
			s.t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err == nil && strings.Contains(string(text), "\n"+line+"\n") {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no line %q", line)
		}
		<-time.After(50 * time.Millisecond)
	}
}
