package docs

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// get asks the mounted handler.
func get(t *testing.T, server *httptest.Server, path string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle(Path, Handler())
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestEveryFileIsInTheMenu(t *testing.T) {
	entries, err := os.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".md"); !ok || !slices.Contains(order, name) {
			t.Errorf("pages/%s is no page of the menu", e.Name())
		}
	}
	if len(entries) != len(order) {
		t.Errorf("%d files for %d entries of the menu", len(entries), len(order))
	}
}

var (
	ids   = regexp.MustCompile(` id="([^"]+)"`)
	hrefs = regexp.MustCompile(` (?:href|src)="([^"]+)"`)
)

// What a page names is there: other pages, their sections, its style. Nothing is elsewhere, and nothing runs.
func TestPages(t *testing.T) {
	server := serve(t)
	bodies, anchors := map[string]string{}, map[string]bool{}
	for _, p := range Pages() {
		res, body := get(t, server, Path+strings.TrimPrefix(p.address(), "./"))
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d, %s", p.Name, res.StatusCode, res.Header.Get("Content-Type"))
		}
		if !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s leaves without a policy", p.Name)
		}
		if strings.Count(body, "<h1") != 1 || strings.Count(body, `aria-current="page"`) != 1 || p.Title == "" {
			t.Errorf("%s must have one heading of level 1 and one place in the menu", p.Name)
		}
		if regexp.MustCompile(`(?i)<script|style="|<!-- raw`).MatchString(body) {
			t.Errorf("%s has what its policy forbids", p.Name)
		}
		bodies[p.Name] = body
		anchors[p.address()] = true
		for _, id := range ids.FindAllStringSubmatch(body, -1) {
			if anchor := p.address() + "#" + id[1]; anchors[anchor] {
				t.Errorf("%s is there twice", anchor)
			} else {
				anchors[anchor] = true
			}
		}
		if res, text := get(t, server, Path+p.Name+".md"); res.StatusCode != http.StatusOK || text != string(p.Text) {
			t.Errorf("%s.md: %d", p.Name, res.StatusCode)
		}
	}
	for _, p := range Pages() {
		for _, href := range hrefs.FindAllStringSubmatch(bodies[p.Name], -1) {
			to := href[1]
			switch {
			case strings.HasPrefix(to, "#"):
				to = p.address() + to
			case strings.HasSuffix(to, ".css") || strings.HasSuffix(to, ".svg") || strings.HasSuffix(to, ".md") || strings.HasSuffix(to, ".json"):
				if res, _ := get(t, server, Path+to); res.StatusCode != http.StatusOK {
					t.Errorf("%s names %s, which is not there", p.Name, to)
				}
				continue
			case to == "/demo/" || to == "/console/":
				continue // only where dormouse dev serves it
			}
			if !anchors[to] {
				t.Errorf("%s links to %s, which is not there", p.Name, to)
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	server := serve(t)
	res, body := get(t, server, Path+"no/such<page>")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "No such page") || !strings.Contains(body, `href="/docs/style.css"`) {
		t.Errorf("a page that is not there: %d\n%s", res.StatusCode, body)
	}
	res, err := http.Post(server.URL+Path, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", res.StatusCode, res.Header.Get("Allow"))
	}
	res, _ = get(t, server, Path)
	req, err := http.NewRequest(http.MethodGet, server.URL+Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotModified {
		t.Errorf("a browser that has the page gets it again: %d", res.StatusCode)
	}
	if res, _ = get(t, server, "/docs"); res.Request.URL.Path != Path {
		t.Errorf("/docs leads to %s", res.Request.URL.Path)
	}
}

func TestTablesAreSpliced(t *testing.T) {
	page := "# T\n\n<!-- x -->\nold\n<!-- /x -->\nafter\n"
	table := Table([]string{"a"}, [][]string{{"1|2"}})
	got, err := Splice(page, "x", table)
	if want := "# T\n\n<!-- x -->\n\n| a |\n|---|\n| 1\\|2 |\n\n<!-- /x -->\nafter\n"; err != nil || got != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
	if _, err := Splice(page, "y", table); err == nil {
		t.Error("a page without marks is taken")
	}
}

func TestCommandsOfSeveralLines(t *testing.T) {
	page := Page{Name: "t", Title: "T", Text: []byte("# T\n\n```console\n$ echo 'a\nb' \\\n  c\nout\n$ d\n```\n")}
	want := `<span class="typed text">$ echo &#39;a</span>
<span class="typed open">b&#39; \</span>
<span class="typed">  c</span>
out
<span class="typed">$ d</span>
`
	if got := string(render([]Page{page}, 0)); !strings.Contains(got, want) {
		t.Errorf("%s\nhas not\n%s", got, want)
	}
}
