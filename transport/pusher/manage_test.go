package pusher

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// What goes wrong behind these calls is told in their form, and of a fault nothing but that it was one.
func TestManageTroubles(t *testing.T) {
	e := &recorder{counts: map[string]actors.Counts{"pusher/a presence-cache-r": counts(1, 1)}}
	h := newTestHandler(t, e, testApp(), nil)
	manage := h.Manage(func(key string) bool { return key == "k" })
	for _, tt := range []struct {
		path   string
		answer error
		status int
		want   string
	}{
		{"/outage", nil, 503, `"UNAVAILABLE","message":"The app cannot be looked up now: `},
		{"/outage/channels", nil, 503, `"UNAVAILABLE"`},
		{"/a/channels/presence-cache-r", channel.ErrUnavailable, 503, `"UNAVAILABLE"`},
		{"/a/channels/presence-cache-r", channel.ErrReadOnly, 503, `"STORAGE_READ_ONLY"`},
		{"/a/channels/presence-cache-r", context.DeadlineExceeded, 503, `"UNAVAILABLE","message":"This was not answered in time."`},
		{"/a/channels/presence-cache-r", channel.ErrInternal, 500, `"INTERNAL_ERROR"`},
		{"/a/channels/presence-r/users", errors.New("a secret detail"), 500, `"INTERNAL_ERROR"`},
	} {
		e.answer = tt.answer
		r := httptest.NewRequest(http.MethodGet, ManagePath+tt.path, nil)
		r.Header.Set("Authorization", "Bearer k")
		w := httptest.NewRecorder()
		manage.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s with %v: %d %s", tt.path, tt.answer, w.Code, w.Body)
		}
		if again := w.Header().Get("Retry-After"); (again != "") != (tt.status == 503) {
			t.Errorf("%s with %v: Retry-After %q", tt.path, tt.answer, again)
		}
	}
}

// An event of which JSON cannot be made again is a fault of ours, and does not break off the answer.
func TestManageUnreadableEvent(t *testing.T) {
	e := &recorder{cached: &channel.Cached{Event: "e", Data: []byte(`{`), ExpiresAt: testNow.Add(1e9)}}
	h := newTestHandler(t, e, testApp(), nil)
	r := httptest.NewRequest(http.MethodGet, ManagePath+"/a/channels/cache-c", nil)
	r.Header.Set("Authorization", "Bearer k")
	w := httptest.NewRecorder()
	h.Manage(func(string) bool { return true }).ServeHTTP(w, r)
	if w.Code != 500 || !strings.Contains(w.Body.String(), "INTERNAL_ERROR") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Nothing of an app may stand where these calls are.
func TestManagePathIsTaken(t *testing.T) {
	o := Options{Apps: records{}, engine: &recorder{}, PathPrefix: "/admin"}
	if _, err := New(o); err == nil || !strings.Contains(err.Error(), `PathPrefix is "/admin"`) {
		t.Errorf("%v", err)
	}
}
