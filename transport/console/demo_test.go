package console

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func demo(t *testing.T) http.Handler {
	t.Helper()
	return Demo(DemoOptions{
		Token:    func(uid, name string) (string, error) { return "token:" + uid + ":" + name, nil },
		Commands: []string{"dormouse sub game.lobby"},
	})
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerCarriesThePolicy(t *testing.T) {
	h := demo(t)
	for _, target := range []string{"/demo/", "/demo/lobby.js", "/demo/session", "/demo/nothing", "/elsewhere"} {
		w := get(h, "http://localhost:8080"+target)
		csp := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'",
			"connect-src 'self' ws://localhost:8080 wss://localhost:8080;", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy %q lacks %q", target, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: policy %q is loose", target, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
	}
}

func TestAHostCannotWriteThePolicy(t *testing.T) {
	for _, host := range []string{"", "a b", "a;script-src *", "evil\r\n", "*", "[::1", "'unsafe-inline'", "a:b", "a/b"} {
		if csp := contentSecurityPolicy(host); !strings.Contains(csp, "connect-src 'self';") {
			t.Errorf("host %q gave %q", host, csp)
		}
	}
	for _, host := range []string{"localhost", "127.0.0.1:8080", "[::1]:8080", "dev.example.com"} {
		if csp := contentSecurityPolicy(host); !strings.Contains(csp, " ws://"+host+" ") {
			t.Errorf("host %q gave %q", host, csp)
		}
	}
}

func TestFiles(t *testing.T) {
	h := demo(t)
	for target, contentType := range map[string]string{
		"/demo/":           "text/html; charset=utf-8",
		"/demo/index.html": "text/html; charset=utf-8",
		"/demo/lobby.js":   "text/javascript; charset=utf-8",
		"/demo/client.js":  "text/javascript; charset=utf-8",
		"/demo/page.css":   "text/css; charset=utf-8",
		"/demo/icon.svg":   "image/svg+xml",
	} {
		w := get(h, target)
		if w.Code != 200 || w.Header().Get("Content-Type") != contentType || w.Body.Len() == 0 {
			t.Errorf("%s: %d %q, %d bytes", target, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
		if again := get(h, target, "If-None-Match", w.Header().Get("ETag")); again.Code != 304 {
			t.Errorf("%s: %d for the ETag it gave", target, again.Code)
		}
	}
	for _, target := range []string{"/demo/doc.go", "/demo/demo/", "/demo/..%2fdoc.go", "/other"} {
		if w := get(h, target); w.Code == 200 {
			t.Errorf("%s is served", target)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/demo/session", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// What the pages' policy forbids would fail in silence; here it fails aloud.
func TestPagesFetchAndInlinesNothing(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a foreign address": regexp.MustCompile(`(?i:src|href)="(https?:)?//|\burl\([^#]|@import|from "https?:`),
		"inline code":       regexp.MustCompile(`(?i)<script[^>]*>[^<]|\son[a-z]+="|javascript:`),
		"inline style":      regexp.MustCompile(`(?i)<style|\sstyle="`),
		"markup from text":  regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`),
	}
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || contentTypes[path.Ext(name)] == "" {
			return err
		}
		body, err := os.ReadFile(name)
		for what, pattern := range forbidden {
			if found := pattern.Find(body); found != nil {
				t.Errorf("%s holds %s: %q", name, what, found)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDemoWithoutTokenPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Demo(DemoOptions{})
}

func TestSession(t *testing.T) {
	h := demo(t)
	ask := func(query string) session {
		t.Helper()
		w := get(h, "/demo/session"+query, "Sec-Fetch-Site", "same-origin")
		var s session
		if err := json.Unmarshal(w.Body.Bytes(), &s); w.Code != 200 || err != nil {
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q may be cached", query)
		}
		return s
	}

	t.Run("a new tab is given a uid, a name and a colour", func(t *testing.T) {
		names, colors := map[string]bool{}, map[string]bool{}
		for range demoColors {
			s := ask("")
			if !validUID.MatchString(s.UID) || s.Token != "token:"+s.UID+":"+s.Name || s.Color != DemoColor(s.UID) || len(s.Commands) != 1 {
				t.Errorf("%+v", s)
			}
			names[s.Name], colors[s.Color] = true, true
		}
		if len(names) != len(demoColors) || len(colors) != len(demoColors) {
			t.Errorf("the first %d tabs have %d names and %d colours", len(demoColors), len(names), len(colors))
		}
	})
	t.Run("a known tab stays who it is", func(t *testing.T) {
		if s := ask("?uid=tab-1&name=Fox"); s.UID != "tab-1" || s.Name != "Fox" || s.Token != "token:tab-1:Fox" {
			t.Errorf("%+v", s)
		}
	})
	t.Run("a malformed uid is replaced", func(t *testing.T) {
		for _, uid := range []string{"a%20b", "%3Cb%3E", strings.Repeat("a", 65), "%ff"} {
			if s := ask("?uid=" + uid); !strings.HasPrefix(s.UID, "tab-") {
				t.Errorf("%q became %q", uid, s.UID)
			}
		}
	})
	t.Run("commands are a list even when there are none", func(t *testing.T) {
		h := Demo(DemoOptions{Token: func(string, string) (string, error) { return "t", nil }})
		if w := get(h, "/demo/session"); !strings.Contains(w.Body.String(), `"commands":[]`) {
			t.Error(w.Body)
		}
	})
}

func TestSessionIsForThisOriginOnly(t *testing.T) {
	h := demo(t)
	tests := map[string]struct {
		header []string
		status int
	}{
		"the page itself":                      {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		"another site":                         {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a sibling site":                       {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"an address typed by hand":             {[]string{"Sec-Fetch-Site", "none"}, 403},
		"another site that also forges Origin": {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "http://localhost:8080"}, 403},
		"an old browser, our Origin":           {[]string{"Origin", "http://LOCALHOST:8080"}, 200},
		"an old browser, another Origin":       {[]string{"Origin", "http://evil.example"}, 403},
		"an old browser, another port":         {[]string{"Origin", "http://localhost:9090"}, 403},
		"an old browser, a sandboxed frame":    {[]string{"Origin", "null"}, 403},
		"no browser, or one that says nothing": {nil, 200},
	}
	for name, tt := range tests {
		w := get(h, "http://localhost:8080/demo/session", tt.header...)
		if w.Code != tt.status {
			t.Errorf("%s: %d, want %d", name, w.Code, tt.status)
		}
		if w.Code != 200 && strings.Contains(w.Body.String(), "token:") {
			t.Errorf("%s: refused, and yet given a token", name)
		}
	}
}

func TestSessionWithoutToken(t *testing.T) {
	h := Demo(DemoOptions{
		Token:  func(string, string) (string, error) { return "", errors.New("secret detail") },
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	w := get(h, "/demo/session")
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(w.Body.String(), "INTERNAL_ERROR") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestCleanName(t *testing.T) {
	for name, want := range map[string]string{
		"Otter":                        "Otter",
		"  Otter \n":                   "Otter",
		"Ot\tter":                      "Ot ter",
		"O\x00t\x1bter":                "Otter",
		"\u202eretto":                  "retto",
		"\xff\xfe":                     "",
		"   ":                          "",
		"<img src=x onerror=alert(1)>": "<img src=x onerror=alert(1)>",
		"🦦 Étta":                       "🦦 Étta",
		strings.Repeat("é", 40):        strings.Repeat("é", 32),
		strings.Repeat("a", 31) + " b": strings.Repeat("a", 31),
		"  " + strings.Repeat("a", 32): strings.Repeat("a", 32),
	} {
		if got := cleanName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("Otter")
	f.Add(" \xff\u202e")
	f.Fuzz(func(t *testing.T, name string) {
		got := cleanName(name)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxNameLength || got != strings.TrimSpace(got) || cleanName(got) != got {
			t.Errorf("%q: %q", name, got)
		}
	})
}

func TestDemoClaims(t *testing.T) {
	got, err := json.Marshal(DemoClaims("tab-1", "Otter", "#123456"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"channels":{"game.lobby":{"messages":{"chat":{"echo":true,"publish":true}},"storage":{"settings.*":{"get":true,"observe":true,"set":true}},"subscribe":true},` +
		`"presence.lobby":{"subscribe":true}},"scope":"connect umd","uid":"tab-1","umd":{"color":"#123456","name":"Otter"},"umdPropagate":true,"umdUpdate":true}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	umd, _ := json.Marshal(DemoClaims("u", strings.Repeat("<", maxNameLength), "#123456")["umd"])
	if len(umd) > 1024 {
		t.Errorf("the largest umd has %d bytes", len(umd))
	}
}
