package pusher

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Who connects too often is told so before anything is looked up.
func TestConnectRate(t *testing.T) {
	asked := map[string]int{}
	now := testNow
	h := newTestHandler(t, &recorder{}, testApp(), func(o *Options) {
		o.ConnectRate, o.now = 1, func() time.Time { return now }
		o.Listener.Connect = func(code string, _ time.Duration) { asked[code]++ }
	})
	connect := func(ip string) *http.Response {
		r := httptest.NewRequest("GET", "/app/nobody?protocol=7", nil)
		r.RemoteAddr = ip + ":1"
		r.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	tooOften := func(ip string, want bool) {
		t.Helper()
		r := connect(ip)
		if got := r.StatusCode == 429; got != want { // the recorder cannot be upgraded: 500
			t.Errorf("%s: %d", ip, r.StatusCode)
		}
		if want {
			if r.Header.Get("Retry-After") != "1" || r.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("headers %v", r.Header)
			}
			expect(t, r, 429, errorBody(429, "Too many requests."))
		}
	}
	tooOften("192.0.2.1", false)
	tooOften("192.0.2.1", true)
	tooOften("192.0.2.2", false)
	now = now.Add(time.Second)
	tooOften("192.0.2.1", false)
	if asked["PUSHER_RATE"] != 1 || asked["PUSHER_UNKNOWN_KEY"] != 3 {
		t.Errorf("%v", asked)
	}
}
