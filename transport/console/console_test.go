package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func consoleOf(o Options) http.Handler {
	if o.Key == nil {
		o.Key = func(key string) bool { return key == "the key" }
	}
	if o.Counts == nil {
		o.Counts = func() Counts { return Counts{Messages: 7} }
	}
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	return Console(o)
}

func readyFor(uid string, umd json.RawMessage) (Ready, error) {
	return Ready{Token: "token:" + uid + ":" + string(umd), APIKey: "the key"}, nil
}

func TestEveryAnswerOfTheConsoleCarriesThePolicy(t *testing.T) {
	h := consoleOf(Options{Ready: readyFor})
	for _, target := range []string{"/console/", "/console/console.js", "/console/base.css", "/console/ready", "/console/counts", "/console/nothing"} {
		w := get(h, "http://localhost:8080"+target)
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", target, csp)
		}
		if w.Header().Get("X-Frame-Options") != "DENY" || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", target, w.Header())
		}
	}
}

var named = regexp.MustCompile(`(?:href|src)="([\w.-]+\.\w+)"|from "\./([\w.-]+)"`)

// Every file that a page names is served beside it.
func TestPagesHaveWhatTheyName(t *testing.T) {
	for at, h := range map[string]http.Handler{Path: consoleOf(Options{}), DemoPath: demo(t)} {
		names := []string{"index.html"}
		seen := map[string]bool{}
		for len(names) > 0 {
			name := names[0]
			names = names[1:]
			if seen[name] {
				continue
			}
			seen[name] = true
			w := get(h, at+name)
			if w.Code != 200 || w.Header().Get("Content-Type") != contentTypes[name[strings.LastIndex(name, "."):]] {
				t.Errorf("%s%s: %d %s", at, name, w.Code, w.Header().Get("Content-Type"))
				continue
			}
			for _, found := range named.FindAllStringSubmatch(w.Body.String(), -1) {
				names = append(names, found[1]+found[2])
			}
		}
		if len(seen) < 10 {
			t.Errorf("%s names only %v", at, seen)
		}
	}
}

func TestReady(t *testing.T) {
	const here = "http://127.0.0.1:8080/console/ready"
	for name, tt := range map[string]struct {
		h      http.Handler
		target string
		header []string
		status int
		body   string
	}{
		"a server for others has nothing":        {consoleOf(Options{}), here, nil, 204, ""},
		"the page itself":                        {consoleOf(Options{Ready: readyFor}), here, []string{"Sec-Fetch-Site", "same-origin"}, 200, `{"token":"token:dev:","apiKey":"the key"}`},
		"as somebody, with metadata":             {consoleOf(Options{Ready: readyFor}), here + `?uid=ann&umd={"a":1}`, nil, 200, `{"token":"token:ann:{\"a\":1}","apiKey":"the key"}`},
		"a loopback address of version 6":        {consoleOf(Options{Ready: readyFor}), "http://[::1]:8080/console/ready", nil, 200, "token:dev"},
		"localhost":                              {consoleOf(Options{Ready: readyFor}), "http://localhost/console/ready", nil, 200, "token:dev"},
		"another site":                           {consoleOf(Options{Ready: readyFor}), here, []string{"Sec-Fetch-Site", "cross-site"}, 403, "FORBIDDEN"},
		"a foreign name that leads here":         {consoleOf(Options{Ready: readyFor}), "http://rebound.example:8080/console/ready", []string{"Sec-Fetch-Site", "same-origin"}, 403, "FORBIDDEN"},
		"a name that begins like an address":     {consoleOf(Options{Ready: readyFor}), "http://127.0.0.1.example/console/ready", nil, 403, "FORBIDDEN"},
		"a uid that is none":                     {consoleOf(Options{Ready: readyFor}), here + "?uid=a+b", nil, 400, "uid must be"},
		"metadata that is none":                  {consoleOf(Options{Ready: readyFor}), here + "?umd={", nil, 400, "umd must be JSON"},
		"metadata that is too large":             {consoleOf(Options{Ready: readyFor}), here + `?umd="` + strings.Repeat("a", 1023) + `"`, nil, 400, "at most 1,024"},
		"a fault, of which nothing gets out":     {consoleOf(Options{Ready: func(string, json.RawMessage) (Ready, error) { return Ready{}, errors.New("secret detail") }}), here, nil, 500, "INTERNAL_ERROR"},
		"what is ready is not for other methods": {consoleOf(Options{Ready: readyFor}), "POST " + here, nil, 405, ""},
	} {
		method, target, ok := strings.Cut(tt.target, " ")
		if !ok {
			method, target = "GET", tt.target
		}
		r := httptest.NewRequest(method, target, nil)
		for i := 0; i < len(tt.header); i += 2 {
			r.Header.Set(tt.header[i], tt.header[i+1])
		}
		w := httptest.NewRecorder()
		tt.h.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if tt.status == 200 && w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be cached", name)
		}
	}
}

func TestTokensAreSignedForTheOwnPageOnly(t *testing.T) {
	const here = "http://127.0.0.1:8080/console/token"
	signs := consoleOf(Options{Sign: func(claims json.RawMessage) (string, error) {
		if len(claims) == 0 {
			return "", errors.New("exp is required")
		}
		return "token of " + string(claims), nil
	}})
	for name, tt := range map[string]struct {
		h            http.Handler
		target, body string
		header       []string
		status       int
		want         string
	}{
		"the page itself":                {signs, here, `{}`, []string{"Sec-Fetch-Site", "same-origin"}, 200, `{"token":"token of {}"}`},
		"claims that are no good":        {signs, here, ``, nil, 400, `"message":"exp is required."`},
		"claims that are too large":      {signs, here, strings.Repeat(" ", maxClaims+1), nil, 413, "at most 16,384 bytes"},
		"another site":                   {signs, here, `{}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "FORBIDDEN"},
		"another site's older browser":   {signs, here, `{}`, []string{"Origin", "https://elsewhere.example"}, 403, "FORBIDDEN"},
		"a foreign name that leads here": {signs, "http://rebound.example:8080/console/token", `{}`, nil, 403, "FORBIDDEN"},
		"a server for others":            {consoleOf(Options{}), here, `{}`, nil, 404, "a development server does"},
	} {
		r := httptest.NewRequest("POST", tt.target, strings.NewReader(tt.body))
		for i := 0; i < len(tt.header); i += 2 {
			r.Header.Set(tt.header[i], tt.header[i+1])
		}
		w := httptest.NewRecorder()
		tt.h.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := get(signs, here); w.Code != 405 {
		t.Errorf("by GET: %d", w.Code)
	}
}

func TestCountsWantAKeyAndAreTakenOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := 0
		h := consoleOf(Options{Counts: func() Counts {
			taken++
			return Counts{Messages: uint64(taken), Commits: Histogram{Bounds: []float64{1}, Counts: []uint64{0, 2}}}
		}})
		for _, key := range []string{"", "Bearer ", "Bearer another", "the key "} {
			if w := get(h, "/console/counts", "Authorization", key); w.Code != 401 || !strings.Contains(w.Body.String(), "UNAUTHORIZED") {
				t.Errorf("with %q: %d %s", key, w.Code, w.Body)
			}
		}
		if taken != 0 {
			t.Error("counts were taken for who has no key")
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { get(h, "/console/counts", "Authorization", "Bearer the key") })
		}
		all.Wait()
		if taken != 1 {
			t.Errorf("twenty who look on cost %d", taken)
		}
		time.Sleep(time.Second) // of virtual time
		w := get(h, "/console/counts", "Authorization", "Bearer the key")
		if want := `"counts":{"messages":2,"sets":0,"deliveries":0,"refusals":0,"connections":0,"guests":0,"channels":0,"commits":{"bounds":[1],"counts":[0,2]}}`; !strings.Contains(w.Body.String(), want) {
			t.Errorf("a second later: %s", w.Body)
		}
	})
}

// The pictures in the README are there, and no burden to who clones.
func TestPicturesAreBounded(t *testing.T) {
	for _, name := range []string{"lobby.png", "console-light.png", "console-dark.png"} {
		picture, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		size, err := png.DecodeConfig(bytes.NewReader(picture))
		if err != nil || size.Width > 1400 || len(picture) > 256<<10 {
			t.Errorf("%s: %d px wide, %d bytes, %v", name, size.Width, len(picture), err)
		}
	}
}

func TestConsoleWithoutKeyPanics(t *testing.T) {
	for _, o := range []Options{{}, {Key: func(string) bool { return true }}, {Counts: func() Counts { return Counts{} }}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			Console(o)
		}()
	}
}
