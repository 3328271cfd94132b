package pusher

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dormouse/claims"
)

func TestRoutes(t *testing.T) {
	app := testApp()
	h := newTestHandler(t, &recorder{}, app, nil)
	for _, tt := range []struct {
		name, method, target string
		status               int
		body                 string
		allow                string
	}{
		{"the root", "GET", "/", 200, "OK", ""},
		{"ready", "GET", "/ready", 200, "OK", ""},
		{"an unknown path", "GET", "/nothing", 404, "", ""},
		{"an unknown path of another method", "DELETE", "/apps/a/nothing", 404, "", ""},
		{"nothing of an app", "GET", "/apps/a", 404, "", ""},
		{"a wrong method", "PUT", "/apps/a/events", 405, errorBody(405, "The method is not allowed."), "POST"},
		{"a wrong method on a read", "POST", "/apps/a/channels", 405, errorBody(405, "The method is not allowed."), "GET"},
		{"a preflight", "OPTIONS", "/apps/a/events", 204, "", ""},
		{"a preflight of nothing", "OPTIONS", "/nothing", 404, "", ""},
		{"a call that nobody signed", "GET", "/apps/a/channels", 401, errorBody(401, "The secret authentication failed"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := request(h, tt.method, tt.target, "")
			if r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Access-Control-Allow-Methods") != "GET, POST, PUT, DELETE, OPTIONS" ||
				!strings.HasSuffix(r.Header.Get("Access-Control-Allow-Headers"), "X-Socket-Id") {
				t.Errorf("headers %v", r.Header)
			}
			if strings.HasPrefix(tt.body, "{") && r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Allow") != tt.allow {
				t.Errorf("headers %v", r.Header)
			}
			expect(t, r, tt.status, tt.body)
		})
	}
}

func TestPathPrefix(t *testing.T) {
	app := testApp()
	e := &recorder{}
	h := newTestHandler(t, e, app, func(o *Options) { o.PathPrefix = "/rt" })
	const body = `{"name":"e","data":1,"channel":"c"}`
	expect(t, signedRequest(h, app, "POST", "/rt/apps/a/events", body), 200, `{"ok":true}`)
	expect(t, request(h, "GET", "/rt/ready", ""), 200, "OK")
	expect(t, request(h, "GET", "/rt", ""), 200, "OK")
	for _, path := range []string{"/apps/a/events", "/rta/apps/a/events", "/ready", "/"} {
		if r := request(h, "GET", path, ""); r.StatusCode != 404 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}

func TestCallRefusals(t *testing.T) {
	app, off := testApp(), testApp()
	off.ID, off.Enabled = "off", false
	h := newTestHandler(t, &recorder{}, app, func(o *Options) { o.Apps = records{"a": app, "off": off} })
	other := testApp()
	other.Secret = "other"
	stranger := testApp()
	stranger.Key = "other"
	const body = `{"name":"e","data":1,"channel":"c"}`
	const secret = "The secret authentication failed"
	good := signedTarget(app, "POST", "/apps/a/events", body)
	for _, tt := range []struct {
		name, target, body string
		status             int
		text               string
	}{
		{"a wrong secret", signedTarget(other, "POST", "/apps/a/events", body), body, 401, secret},
		{"another key", signedTarget(stranger, "POST", "/apps/a/events", body), body, 401, secret},
		{"no signature", good[:strings.Index(good, "&auth_signature")], body, 401, secret},
		{"another body", good, body + " ", 401, secret},
		{"a body that is bad, and not signed", good, "{", 401, secret},
		{"an old one", strings.Replace(good, "auth_timestamp=1800000000", "auth_timestamp=1799999399", 1), body, 401, "Timestamp expired: not within 600s of server time."},
		{"an unknown app", signedTarget(app, "POST", "/apps/x%20y/events", body), body, 404, "The app x y could not be found."},
		{"a disabled app", signedTarget(off, "POST", "/apps/off/events", body), body, 403, "The app is not enabled."},
		{"an outage", signedTarget(app, "POST", "/apps/outage/events", body), body, 503, "App lookup failed."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, request(h, "POST", tt.target, tt.body), tt.status, errorBody(tt.status, tt.text))
		})
	}
	expect(t, request(h, "POST", good, body), 200, `{"ok":true}`)

	t.Run("any time", func(t *testing.T) {
		h := newTestHandler(t, &recorder{}, app, func(o *Options) {
			o.TimestampTolerance = -1
			o.now = func() time.Time { return testNow.Add(11 * time.Minute) }
		})
		expect(t, request(h, "POST", good, body), 200, `{"ok":true}`)
	})
}

// endless is a body that never ends; what is read of it is counted.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestBodySize(t *testing.T) {
	app := testApp()
	h := newTestHandler(t, &recorder{}, app, func(o *Options) { o.MaxBody = 1 << 10 })
	server := httptest.NewServer(h)
	defer server.Close()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}

	t.Run("one that says so, unsigned", func(t *testing.T) {
		body := &endless{}
		r, err := http.NewRequest("POST", server.URL+"/apps/a/events", io.LimitReader(body, 11<<20))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = 11 << 20
		r.Header.Set("Expect", "100-continue")
		transport.ExpectContinueTimeout = time.Minute
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, answer, 413, errorBody(413, "The payload size is too big."))
		if body.read > 1<<20 {
			t.Errorf("%d bytes were sent", body.read)
		}
	})
	t.Run("one that does not", func(t *testing.T) {
		r := httptest.NewRequest("POST", signedTarget(app, "POST", "/apps/a/events", ""), &endless{})
		r.ContentLength = -1
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		expect(t, w.Result(), 413, errorBody(413, "The payload size is too big."))
	})
	t.Run("as large as it may be", func(t *testing.T) {
		body := `{"name":"e","data":1,"channel":"c"}`
		body += strings.Repeat(" ", 1<<10-len(body))
		answer, err := client.Post(server.URL+signedTarget(app, "POST", "/apps/a/events", body), "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, answer, 200, `{"ok":true}`)
	})
}

func TestListener(t *testing.T) {
	type served struct {
		route, app             string
		status, received, sent int
	}
	var got []served
	app := testApp()
	h := newTestHandler(t, &recorder{}, app, func(o *Options) {
		o.Listener.Served = func(route, id string, status, received, sent int, _ time.Duration) {
			got = append(got, served{route, id, status, received, sent})
		}
	})
	const body = `{"name":"e","data":1,"channel":"c"}`
	signedRequest(h, app, "POST", "/apps/a/events", body)
	signedRequest(h, &claims.App{Key: app.Key, Secret: "x"}, "POST", "/apps/a/events", body)
	request(h, "GET", "/x", "")
	request(h, "OPTIONS", "/apps/a/channels", "")
	want := []served{
		{"publish", "a", 200, len(body), len(`{"ok":true}`)},
		{"publish", "", 401, len(body), len(errorBody(401, "The secret authentication failed"))},
		{"unknown", "", 404, 0, 0},
		{"preflight", "", 204, 0, 0},
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got %+v", got)
		}
	}
}

func TestOptions(t *testing.T) {
	_, err := New(Options{PathPrefix: "rt/", MaxBody: -1, TimestampTolerance: time.Millisecond})
	if err == nil {
		t.Fatal("they are good")
	}
	for _, want := range []string{"Apps is missing", "System is missing", "PathPrefix", "MaxBody", "TimestampTolerance"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said of %s: %v", want, err)
		}
	}
}
