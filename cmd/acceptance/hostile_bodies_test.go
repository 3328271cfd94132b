package acceptance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// bodyAttacks are bodies for POST /publish, with an API key that is good. Each must be refused, by a status
// of 4xx and an error with a code.
var bodyAttacks = []struct{ name, body string }{
	{"nothing", ""},
	{"null", "null"},
	{"a list", "[]"},
	{"a list of messages", `[{"channel":"calm","event":"e"}]`},
	{"a string", `"calm"`},
	{"half an object", `{"channel":"calm","event":"e"`},
	{"two objects", `{"channel":"calm","event":"e"}{"channel":"calm","event":"e"}`},
	{"words after it", `{"channel":"calm","event":"e"} and more`},
	{"a mark of order", "\xef\xbb\xbf" + `{"channel":"calm","event":"e"}`},
	{"UTF-16", "\xff\xfe{\x00\"\x00c\x00\"\x00}\x00"},
	{"single quotes", `{'channel':'calm','event':'e'}`},
	{"a comment", `{"channel":"calm",/* */"event":"e"}`},
	{"a comma too many", `{"channel":"calm","event":"e",}`},
	{"NaN", `{"channel":"calm","event":"e","data":NaN}`},
	{"a leading zero", `{"channel":"calm","event":"e","data":01}`},
	{"hexadecimal", `{"channel":"calm","event":"e","data":0x1}`},
	{"a plus", `{"channel":"calm","event":"e","data":+1}`},
	{"a raw line end in a string", "{\"channel\":\"calm\",\"event\":\"e\",\"data\":\"a\nb\"}"},
	{"a bad escape", `{"channel":"calm","event":"e","data":"\x41"}`},
	{"bytes that are no UTF-8", "{\"channel\":\"calm\",\"event\":\"e\",\"data\":\"\xff\"}"},
	{"an overlong slash", "{\"channel\":\"calm\xc0\xaf\",\"event\":\"e\"}"},
	{"a lone surrogate in a name", `{"channel":"\ud800","event":"e"}`},
	{"no channel", `{"event":"e"}`},
	{"an empty channel", `{"channel":"","event":"e"}`},
	{"a channel that is a number", `{"channel":7,"event":"e"}`},
	{"a channel that is a list", `{"channel":["calm"],"event":"e"}`},
	{"a channel with a star", `{"channel":"calm*","event":"e"}`},
	{"a channel with a space", `{"channel":"calm sea","event":"e"}`},
	{"a channel of 257 characters", `{"channel":"` + strings.Repeat("c", 257) + `","event":"e"}`},
	{"a channel of a megabyte", `{"channel":"` + strings.Repeat("c", 1<<20) + `","event":"e"}`},
	{"channel twice", `{"channel":"calm","channel":"storm","event":"e"}`},
	{"Channel in capitals", `{"CHANNEL":"calm","event":"e"}`},
	{"no event", `{"channel":"calm"}`},
	{"an event that is null", `{"channel":"calm","event":null}`},
	{"an event of the system", `{"channel":"calm","event":"hotsock.subscribed"}`},
	{"an event with a star", `{"channel":"calm","event":"e*"}`},
	{"an event that begins with a sharp", `{"channel":"calm","event":"#e"}`},
	{"an event of 129 characters", `{"channel":"calm","event":"` + strings.Repeat("e", 129) + `"}`},
	{"a store of -2", `{"channel":"calm","event":"e","store":-2}`},
	{"a store of a half", `{"channel":"calm","event":"e","store":1.5}`},
	{"a store beyond a hundred years", `{"channel":"calm","event":"e","store":3155695201}`},
	{"a store of 1e999", `{"channel":"calm","event":"e","store":1e999}`},
	{"a store beyond 64 bits", `{"channel":"calm","event":"e","store":9223372036854775808}`},
	{"a store of words", `{"channel":"calm","event":"e","store":"60"}`},
	{"emitPubSubEvent in words", `{"channel":"calm","event":"e","emitPubSubEvent":"yes"}`},
	{"a deduplicationId that is a number", `{"channel":"calm","event":"e","deduplicationId":5}`},
	{"a deduplicationId of 129 characters", `{"channel":"calm","event":"e","deduplicationId":"` + strings.Repeat("d", 129) + `"}`},
	{"data over the limit", `{"channel":"calm","event":"e","data":"` + strings.Repeat("d", 256<<10) + `"}`},
	{"data of ten megabytes", `{"channel":"calm","event":"e","data":"` + strings.Repeat("d", 10<<20) + `"}`},
	{"data of brackets without end", `{"channel":"calm","event":"e","data":` + strings.Repeat("[", 200_000)},
	{"data fifty thousand levels deep", `{"channel":"calm","event":"e","data":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + `}`},
	{"a set without a key", `{"channel":"calm","event":"hotsock.channelStorageSet","data":1}`},
	{"a set with a bad key", `{"channel":"calm","event":"hotsock.channelStorageSet","key":"a b","data":1}`},
	{"a set with a store of 0", `{"channel":"calm","event":"hotsock.channelStorageSet","key":"k","data":1,"store":0}`},
	{"a schedule of nonsense", `{"channel":"calm","event":"e","scheduleExpression":"at(2026-02-30T00:00:00)"}`},
}

func TestHostileBodies(t *testing.T) {
	s := besiege(t, nil)
	for i, a := range bodyAttacks {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			resp, err := s.server.publish(t.Context(), a.body)
			if err != nil {
				t.Logf("cut: %v", err) // of a body that is too long
			} else if resp.status < 400 || resp.status >= 500 {
				t.Errorf("%.300s is answered with %s", a.body, resp)
			} else {
				namesItsFault(t, resp)
			}
			s.holds(t, i+1)
		})
	}
}

// namesItsFault holds if a refusal has a code and a sentence, and repeats nothing at length.
func namesItsFault(t *testing.T, r response) {
	t.Helper()
	var body struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(r.body), &body); err != nil || body.Error.Code == "" || body.Error.Message == "" {
		t.Errorf("the body %q names no fault", r.body)
	}
	if len(r.body) > 2000 || strings.Contains(r.body, "goroutine ") {
		t.Errorf("the body is of %d bytes: %.300q", len(r.body), r.body)
	}
}

// Nobody learns by trying what exists: without a key all doors of backends are shut alike.
func TestBackendDoorsAreShutWithoutAKey(t *testing.T) {
	s := besiege(t, nil)
	base := "http://" + s.server.addr
	n := 0
	for _, key := range []string{"", "x", apiKey[:len(apiKey)-1], apiKey + "x", strings.ToUpper(apiKey), "a.b.c"} {
		for _, door := range []string{"POST /publish", "GET /channels/calm", "GET /channels/calm/storage", "GET /channels/never"} {
			method, path, _ := strings.Cut(door, " ")
			resp, err := s.server.request(t.Context(), method, base+path, key, `{"channel":"calm","event":"e"}`)
			if err != nil {
				t.Fatal(err)
			}
			if resp.status != 401 {
				t.Errorf("%s with the key %q gets %s, want 401", door, key, resp)
			}
			n++
		}
	}
	s.holds(t, n)
	for _, door := range []string{"listMessages", "getChannelInfo"} {
		resp, err := s.server.request(t.Context(), "POST", base+fmt.Sprintf("/connection/%s?connectionId=%s&connectionSecret=wrong", door, "AAAAAAAAAAAAAAA%3D"), "", `{"channel":"calm"}`)
		if err != nil || resp.status != 401 && resp.status != 404 {
			t.Errorf("%s without a secret gets %s, %v", door, resp, err)
		}
	}
}
