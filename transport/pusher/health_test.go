package pusher

import (
	"net/http/httptest"
	"testing"
)

func TestHealth(t *testing.T) {
	used, draining := uint64(50), false
	h := newTestHandler(t, &recorder{}, testApp(), func(o *Options) {
		o.Draining = func() bool { return draining }
		o.Memory = func() (uint64, uint64) { return used, 200 }
	})
	usage := func() string {
		w := httptest.NewRecorder()
		h.Usage(w, httptest.NewRequest("GET", "/usage", nil))
		return bodyOf(t, w.Result())
	}
	expect(t, request(h, "GET", "/", ""), 200, "OK")
	expect(t, request(h, "GET", "/ready", ""), 200, "OK")
	expect(t, request(h, "GET", "/accept-traffic", ""), 200, `{"memory":{"usedSize":50,"totalSize":200,"percentUsage":25}}`)
	if got := usage(); got != `{"memory":{"free":150,"used":50,"total":200,"percent":25}}` {
		t.Errorf("usage %s", got)
	}
	used = 170 // the threshold itself
	expect(t, request(h, "GET", "/accept-traffic", ""), 200, `{"memory":{"usedSize":170,"totalSize":200,"percentUsage":85}}`)
	used = 171
	expect(t, request(h, "GET", "/accept-traffic", ""), 500, errorBody(500, "Low on memory here. Choose another server. :)"))
	expect(t, request(h, "GET", "/ready", ""), 200, "OK")
	used, draining = 50, true
	const closing = "The server is closing. Choose another server. :)"
	w := httptest.NewRecorder()
	h.Ready(w, httptest.NewRequest("GET", "/ready", nil))
	expect(t, w.Result(), 500, errorBody(500, closing))
	expect(t, request(h, "GET", "/ready", ""), 500, errorBody(500, closing))
	expect(t, request(h, "GET", "/accept-traffic", ""), 500, errorBody(500, closing))
	expect(t, request(h, "GET", "/", ""), 200, "OK")
	used = 300 // more than there is
	if got := usage(); got != `{"memory":{"free":0,"used":300,"total":200,"percent":150}}` {
		t.Errorf("usage %s", got)
	}
	h = newTestHandler(t, &recorder{}, testApp(), nil)
	expect(t, request(h, "GET", "/accept-traffic", ""), 200, `{"memory":{"usedSize":0,"totalSize":0,"percentUsage":0}}`)
}
