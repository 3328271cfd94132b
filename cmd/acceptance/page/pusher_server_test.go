package page

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pusher "github.com/pusher/pusher-http-go/v5"

	"dormouse/transport/pusher/pushertest"
)

// soketi starts the program with nothing but what soketi's users have in their environment, and returns where it listens.
func soketi(t *testing.T, data, address string) (*server, string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{process: exec.Command(program, "serve")}
	s.process.Env = append(os.Environ(), "DORMOUSE_DATA="+data, "DORMOUSE_LOG_FORMAT=json",
		"SOKETI_HOST="+host, "SOKETI_PORT="+port, "SOKETI_METRICS_SERVER_PORT=0",
		"SOKETI_DEFAULT_APP_ID=1", "SOKETI_DEFAULT_APP_KEY=page-key", "SOKETI_DEFAULT_APP_SECRET=page-secret",
		"SOKETI_DEFAULT_APP_ENABLE_CLIENT_MESSAGES=true")
	log, err := s.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	found := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			var attrs struct{ Level, Msg, Listen string }
			if json.Unmarshal(lines.Bytes(), &attrs) == nil && attrs.Listen != "" {
				found <- attrs.Listen
			} else if attrs.Level != "WARN" {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
		_, _ = io.Copy(io.Discard, log)
	}()
	select {
	case address = <-found:
	case <-time.After(30 * time.Second):
		t.Fatal("dormouse serve did not say for 30 s where it listens")
	}
	return s, address
}

// pusherPage is what applications have on their pages, for the user ?user= and the server at port ?port=.
const pusherPage = `<!doctype html>
<meta charset="utf-8">
<title>Pusher</title>
<link rel="icon" href="data:,">
<script src="/pusher-js/pusher-with-encryption.min.js"></script>
<script>
const query = new URLSearchParams(location.search), params = { user: query.get("user") };
const pusher = new Pusher("page-key", {
  cluster: "", wsHost: "127.0.0.1", wsPort: Number(query.get("port")), forceTLS: false, enabledTransports: ["ws"],
  channelAuthorization: { endpoint: "/pusher/auth", params },
  userAuthentication: { endpoint: "/pusher/user-auth", params },
});
const heard = {};
const note = (name) => (...what) => (heard[name] ??= []).push(what.filter((x) => x !== undefined));
pusher.user.bind_global(note("user"));
pusher.connection.bind("state_change", (s) => note("states")(s.current));
pusher.connection.bind("error", (e) => note("errors")(e.data ?? e));
const join = (name) => { const c = pusher.subscribe(name); c.bind_global(note(name)); };
</script>
`

// An application is a site with that page, and with a backend that signs for it, by Pusher's library for Go.
type application struct {
	*httptest.Server
	*pusher.Client
	port string // the server's
}

func apply(t *testing.T, address string) *application {
	t.Helper()
	_, port, _ := net.SplitHostPort(address)
	a := &application{port: port, Client: &pusher.Client{
		AppID: "1", Key: "page-key", Secret: "page-secret", Host: address,
		EncryptionMasterKeyBase64: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, pusherPage) })
	mux.Handle("GET /pusher-js/", http.StripPrefix("/pusher-js/", http.FileServer(http.Dir(filepath.Join(pushertest.Modules(t), "pusher-js/dist/web")))))
	sign := func(path string, sign func(form []byte, user, channel string) ([]byte, error)) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			form, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			values, _ := url.ParseQuery(string(form)) // the library says what is wrong with it
			answer, err := sign(form, values.Get("user"), values.Get("channel_name"))
			if err != nil {
				http.Error(w, err.Error(), http.StatusForbidden)
				return
			}
			_, _ = w.Write(answer)
		})
	}
	sign("/pusher/auth", func(form []byte, user, channel string) ([]byte, error) {
		switch {
		case strings.HasSuffix(channel, "-of-bob") && user != "bob":
			return nil, fmt.Errorf("%s may not", user)
		case strings.HasPrefix(channel, "presence-"):
			return a.AuthorizePresenceChannel(form, pusher.MemberData{UserID: user, UserInfo: map[string]string{"name": strings.ToUpper(user)}})
		}
		return a.AuthorizePrivateChannel(form)
	})
	sign("/pusher/user-auth", func(form []byte, user, _ string) ([]byte, error) {
		return a.AuthenticateUser(form, map[string]any{"id": user})
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}
