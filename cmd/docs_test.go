package cmd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/transport/docs"
	"dormouse/transport/hotsock"
	"dormouse/transport/schema"
	"dormouse/transport/schema/schematest"
)

// docsFlags are what the servers of single pages have besides, by the pages' names.
var docsFlags = map[string]map[string][]string{
	"pusher": {"apps.static": {"{id: app-id, key: app-key, secret: app-secret, enable_client_messages: true, enable_storage_events: true}"}},
}

// TestDocs plays every example of the documentation, each page on a server of its own, from its first block
// to its last, and holds every call and frame against its description. Package docs says what the blocks mean.
func TestDocs(t *testing.T) {
	program := buildProgram(t)
	checker, err := schematest.New(schema.OpenAPI(), schema.AsyncAPI())
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, page := range docs.Pages() {
		t.Run(page.Name, func(t *testing.T) {
			played++
			d := &docsPage{
				t: t, server: runWith(t, 0, docsFlags[page.Name]), dir: t.TempDir(), program: program, checker: checker,
				vars: map[string]string{}, claims: map[string]string{}, clients: map[string]*docsClient{},
			}
			d.public, d.admin = d.tap(d.server.Addr()), d.tap(d.server.AdminAddr())
			d.play(string(page.Text))
		})
	}
	seen := checker.Seen()
	for _, event := range hotsock.ClientEvents() {
		if name := "client." + strings.TrimPrefix(event, "hotsock."); played == len(docs.Pages()) && !slices.Contains(seen, name) && event != "hotsock.pong" {
			t.Errorf("no page shows %s", event)
		}
	}
	t.Logf("held against their descriptions: %v", seen)
}

// tap puts a proxy before a listener that holds every call against its description, and returns its address. Calls of
// Pusher's protocol are described by Pusher.
func (d *docsPage) tap(address string) string {
	described := schematest.NewTap(d.checker, address, func(err error) { d.t.Error(err) })
	others := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.URL.RawPath, r.Out.URL.RawQuery = r.In.URL.RawPath, r.In.URL.RawQuery // as it was signed
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/apps/") || r.URL.Path == "/ready" {
			others.ServeHTTP(w, r)
			return
		}
		described.ServeHTTP(w, r)
	}))
	d.t.Cleanup(proxy.Close)
	return proxy.Listener.Addr().String()
}

// A docsPage is one page with its server, its clients and what its names stand for.
type docsPage struct {
	t       *testing.T
	server  *running
	dir     string // where its commands run
	program string // the folder of the program
	checker *schematest.Checker
	public  string // the address of a tap before the server, and of one before its admin listener
	admin   string
	vars    map[string]string
	claims  map[string]string // of its tokens, by name
	clients map[string]*docsClient
}

var docsFence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

func (d *docsPage) play(text string) {
	if strings.Count(text, "\n```")%2 != 0 {
		d.t.Fatal("a block is not closed")
	}
	for _, block := range docsFence.FindAllStringSubmatch(text, -1) {
		language, about, _ := strings.Cut(block[1], " ")
		switch name, isToken := strings.CutPrefix(about, "token="); {
		case language == "json" && isToken:
			if !json.Valid([]byte(block[2])) {
				d.t.Fatalf("the claims of %s are no JSON", name)
			}
			d.claims[name] = block[2]
			d.vars[name] = d.sign(block[2])
		case language == "json":
			d.t.Fatalf("a block of JSON is a token or part of something that is played:\n%s", block[2])
		case language == "frames":
			d.frames(block[2])
		case language == "console":
			d.console(block[2])
		case language == "yaml":
			d.configuration(block[2])
		case language == "js", language == "printed": // TestDocsInNode plays them
		case language == "text":
		default:
			d.t.Fatalf("%q is no language of blocks", block[1])
		}
	}
	// Nobody has got what the page does not show.
	for name, c := range d.clients {
		c.send(`{"event":"` + c.protocol + `ping"}`)
		d.expect(c, `{"event":"`+c.protocol+`pong","data":"{}"}`)
		_ = c.conn.CloseNow() // whoever left before is as well gone
		delete(d.clients, name)
	}
}

// sign signs claims as they stand. Their exp is far away, so that pages need no clock.
func (d *docsPage) sign(text string) string {
	var claims map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		d.t.Fatal(err)
	}
	token, err := d.server.sign.sign(claims)
	if err != nil {
		d.t.Fatal(err)
	}
	return token
}

// configuration holds if a file can be read, whatever else it may lack.
func (d *docsPage) configuration(text string) {
	path := filepath.Join(d.dir, "dormouse.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := load(sources{file: path}).faults.err(); err != nil {
		d.t.Errorf("%v\n%s", err, text)
	}
}

// console runs the commands of a block, each of which must print what is shown below it.
func (d *docsPage) console(text string) {
	if !strings.HasPrefix(text, "$ ") {
		d.t.Fatalf("a block of commands begins with one:\n%s", text)
	}
	for step := range strings.SplitSeq(strings.TrimPrefix(text, "$ "), "\n$ ") {
		command, shown, _ := strings.Cut(step, "\n")
		for shown != "" && (strings.HasSuffix(command, "\\") || strings.Count(command, "'")%2 == 1) {
			more, rest, _ := strings.Cut(shown, "\n")
			command, shown = command+"\n"+more, rest
		}
		d.command(command, strings.TrimSpace(shown))
	}
}

func (d *docsPage) command(command, shown string) {
	command = strings.ReplaceAll(command, "http://127.0.0.1:8080", "http://"+d.public)
	command = strings.ReplaceAll(command, "http://127.0.0.1:9090", "http://"+d.admin)
	d.t.Logf("$ %s", command)
	cmd := exec.CommandContext(d.t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.WaitDelay = d.dir, time.Second
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "HOME="+d.dir, "API_KEY="+d.server.key,
		"DORMOUSE_URL=http://"+d.public, "DORMOUSE_ADMIN_URL=http://"+d.admin, "DORMOUSE_API_KEY="+d.server.key,
		"PATH="+d.program+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range d.vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	out, _ := cmd.CombinedOutput() // some are shown to fail: what they print is what counts
	printed := strings.TrimSpace(string(out))
	if json.Valid([]byte(shown)) && json.Valid(out) {
		if err := d.match(shown, printed); err != nil {
			d.t.Errorf("$ %s\nprints  %s\nshown   %s\n%v", command, printed, shown, err)
		}
		return
	}
	if !regexp.MustCompile(`^` + pattern(shown) + `$`).MatchString(printed) {
		d.t.Errorf("$ %s\nprints  %s\nshown   %s", command, printed, shown)
	}
}
