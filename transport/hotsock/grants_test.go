package hotsock

import (
	"fmt"
	"strings"
	"testing"

	"dormouse/actors"
	"dormouse/claims"
)

// TestEachChannelHasItsOwnGrant: what a body leaves to its token is another thing on each of its channels, in
// whichever order they are named.
func TestEachChannelHasItsOwnGrant(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	by := tokenClaims(t, `{"exp":4102444800,"scope":"publish","uid":"u","channels":{
		"a":{"messages":{"e":{"publish":true,"store":60},"hotsock.messageReaction":{"publish":true}},
			"storage":{"k":{"set":true,"store":30}}},
		"b":{"messages":{"e":{"publish":true,"store":-1,"emitPubSubEvent":true},"hotsock.messageReaction":{"publish":true,"emitPubSubEvent":true}},
			"storage":{"k":{"set":true,"store":-1,"emitPubSubEvent":true,"notifyExpiry":true}}}}}`)
	e.authorize = func(string, claims.Scope) (*claims.Claims, error) { return by, nil }
	const message = `"data":{"messageId":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reaction":"x","action":"add"}`
	for _, tt := range []struct {
		body string
		want map[string]string
	}{
		{`"event":"e"`, map[string]string{"a": "store 60", "b": "store -1 emit"}},
		{`"event":"e","store":10`, map[string]string{"a": "store 10", "b": "store 10 emit"}},
		{`"event":"hotsock.channelStorageSet","key":"k","data":1`, map[string]string{"a": "store 30", "b": "store -1 emit notify"}},
		{`"event":"hotsock.messageReaction",` + message, map[string]string{"a": "store 0", "b": "store 0 emit"}},
	} {
		for _, channels := range []string{"a,b", "b,a"} {
			e.asked = nil
			list := `"` + strings.Replace(channels, ",", `","`, 1) + `"`
			r := request(h, "POST", "http://x/publish", `{"channels":[`+list+`],`+tt.body+`}`, "Authorization", "Bearer a.b.c")
			if r.StatusCode != 202 || len(e.asked) != 2 {
				t.Fatalf("%s on %s: %d %s, %d asked", tt.body, channels, r.StatusCode, bodyOf(t, r), len(e.asked))
			}
			for i, name := range strings.Split(channels, ",") {
				to, got := asGranted(e.asked[i])
				if to != name || got != tt.want[name] {
					t.Errorf("%s on %s: %s: %s, want %s: %s", tt.body, channels, to, got, name, tt.want[name])
				}
			}
		}
	}
}

func asGranted(asked any) (name, terms string) {
	var store int64
	var emit, notify bool
	switch r := asked.(type) {
	case *actors.PublishRequest:
		name, store, emit = r.Channel, r.Store, r.Emit
	case *actors.SetStorageRequest:
		name, store, emit, notify = r.Channel, r.Store, r.Emit, r.NotifyExpiry == claims.True
	case *actors.ReactRequest:
		name, emit = r.Channel, r.Emit
	}
	terms = fmt.Sprint("store ", store)
	if emit {
		terms += " emit"
	}
	if notify {
		terms += " notify"
	}
	return name, terms
}
