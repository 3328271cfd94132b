package hotsock

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

func TestBatch(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	const (
		nested = `{"channel":"c","event":"e"},`
		ok     = `{"channel":"c","event":"e"}`
	)
	refused := func(code, message string) string {
		return `{"error":{"code":"` + code + `","message":"` + message + `"}}`
	}
	for _, tt := range []struct {
		name, body string
		status     int
		answer     string
		asked      int
	}{
		{"none", `{"messages":[]}`, 200, `{"results":[]}`, 0},
		{"one", `{"messages":[` + ok + `]}`, 200, `{"results":[` + ok + `]}`, 1},
		{"each by itself", `{"messages":[` + ok + `, 7 ,{"channel":"a b","event":"e"},{"channel":"c","event":"e","eagerIdGeneration":true},{"channel":"d","event":"hotsock.channelStorageSet","key":"k"}]}`, 200,
			`{"results":[` + ok + `,` + refused("INVALID_MESSAGE", "It is not a JSON object that can be read: expected an object at byte 0.") + `,` +
				refused("INVALID_CHANNEL", "A channel name must not contain white space.") +
				`,{"channel":"c","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"},{"channel":"d","event":"hotsock.channelStorageSet"}]}`, 3},
		{"several channels", `{"messages":[{"channels":["a","b"],"event":"e"}]}`, 200, `{"results":[{"event":"e","results":[{"channel":"a","event":"e"},{"channel":"b","event":"e"}]}]}`, 2},
		{"a thousand", `{"messages":[` + strings.Repeat(nested, 999) + ok + `]}`, 200, `{"results":[` + strings.Repeat(nested, 999) + ok + `]}`, 1000},
		{"a thousand and one", `{"messages":[` + strings.Repeat(nested, 1000) + ok + `]}`, 400, errorBody("INVALID_MESSAGE", "A batch has at most 1000 messages, counted once for each channel."), 0},
		{"nothing", ``, 400, errorBody("INVALID_MESSAGE", "messages is required: it must be an array."), 0},
		{"no array", `{"messages":{}}`, 400, errorBody("INVALID_MESSAGE", "messages must be an array, not an object."), 0},
		{"no JSON", `{"messages":[}`, 400, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			r := request(h, "POST", "http://x/publish/batch", tt.body)
			if got := bodyOf(t, r); r.StatusCode != tt.status || tt.answer != "" && got != tt.answer {
				t.Errorf("\n got %d %.300s\nwant %d %.300s", r.StatusCode, got, tt.status, tt.answer)
			}
			if len(e.asked) != tt.asked {
				t.Errorf("the engine was asked for %d, want %d", len(e.asked), tt.asked)
			}
		})
	}
	t.Run("a refusal of the engine", func(t *testing.T) {
		e.answer = channel.ErrUnavailable
		defer func() { e.answer = nil }()
		r := request(h, "POST", "http://x/publish/batch", `{"messages":[`+ok+`]}`)
		if got := bodyOf(t, r); r.StatusCode != 200 || !strings.Contains(got, `{"results":[{"error":{"code":"UNAVAILABLE"`) {
			t.Errorf("%d %s", r.StatusCode, got)
		}
	})
}

func TestPublishToSeveralChannels(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	for body, want := range map[string]string{
		`{"channels":["a","b"],"event":"e","eagerIdGeneration":true}`: `202 {"event":"e","results":[{"channel":"a","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"},{"channel":"b","event":"e","id":"01JZ8Y4K3V9QWERTYCDEFGHJKM"}]}`,
		`{"channels":["a"],"channel":"b","event":"e"}`:                `400 ` + errorBody("INVALID_MESSAGE", "Give channel or channels, not both."),
		`{"channels":[],"event":"e"}`:                                 `400 ` + errorBody("INVALID_MESSAGE", "channels must name at least one channel."),
		`{"channels":["a","b","a"],"event":"e"}`:                      `400 ` + errorBody("INVALID_MESSAGE", "channels names a twice."),
		`{"channels":["a","b c"],"event":"e"}`:                        `400 ` + errorBody("INVALID_CHANNEL", "A channel name must not contain white space."),
		`{"channels":["a",null],"event":"e"}`:                         `400 ` + errorBody("INVALID_MESSAGE", "channels must be an array of strings; element 1 is null."),
	} {
		r := request(h, "POST", "http://x/publish", body)
		if got := fmt.Sprint(r.StatusCode, " ", bodyOf(t, r)); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

// tokenClaims is what a verified token says.
func tokenClaims(t *testing.T, text string) *claims.Claims {
	t.Helper()
	secret := []byte("0123456789012345678901234567890123456789")
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	v, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		t.Fatal(err)
	}
	signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(text))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(signed))
	c, err := v.Verify(signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), claims.ScopePublish, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAToken(t *testing.T) {
	e := newRecorder()
	h := newTestHandler(t, e, nil)
	by := tokenClaims(t, `{"exp":4102444800,"scope":"publish read","uid":"u","umd":{"n":1},"channels":{
		"c":{"getInfo":true,"messages":{"e":{"publish":true,"store":60,"emitPubSubEvent":true},"plain":{"publish":true}},"storage":{"k":{"set":true,"get":true,"store":30}}},
		"d":{}}}`)
	author := &actors.Author{UID: "u", UMD: []byte(`{"n":1}`)}
	for _, tt := range []struct {
		name, body string
		answer     string
		asked      any
	}{
		{"as it says", `{"channel":"c","event":"e"}`, `202 {"channel":"c","event":"e"}`, actors.PublishRequest{Channel: "c", Event: "e", Store: 60, Emit: true, By: author}},
		{"less than it says", `{"channel":"c","event":"e","store":0,"emitPubSubEvent":false}`, `202 {"channel":"c","event":"e"}`, actors.PublishRequest{Channel: "c", Event: "e", By: author}},
		{"longer than it says", `{"channel":"c","event":"e","store":61}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "The token allows a store of at most 60."), nil},
		{"for ever", `{"channel":"c","event":"plain","store":-1}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "The token allows a store of at most 0."), nil},
		{"told to backends", `{"channel":"c","event":"plain","emitPubSubEvent":true}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "The token does not allow emitPubSubEvent."), nil},
		{"another event", `{"channel":"c","event":"x"}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "Not allowed to publish this event."), nil},
		{"another channel", `{"channel":"d","event":"e"}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "Not allowed to publish this event."), nil},
		{"a channel beside", `{"channels":["c","d"],"event":"e"}`, `403 ` + errorBody("PUBLISH_PERMISSION_DENIED", "Not allowed to publish this event."), nil},
		{"an entry", `{"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1}`, `202 {"channel":"c","event":"hotsock.channelStorageSet"}`,
			actors.SetStorageRequest{Channel: "c", Key: "k", Data: []byte("1"), Store: 30, By: author}},
		{"another key", `{"channel":"c","event":"hotsock.channelStorageSet","key":"l","data":1}`, `403 ` + errorBody("STORAGE_PERMISSION_DENIED", "Not allowed to set this key."), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e.asked = nil
			e.authorize = func(token string, use claims.Scope) (*claims.Claims, error) {
				if token != "a.b.c" || use != claims.ScopePublish {
					t.Errorf("asked about %s for %s", token, use)
				}
				return by, nil
			}
			r := request(h, "POST", "http://x/publish", tt.body, "Authorization", "Bearer a.b.c")
			if got := fmt.Sprint(r.StatusCode, " ", bodyOf(t, r)); got != tt.answer {
				t.Errorf("\n got %s\nwant %s", got, tt.answer)
			}
			switch asked := e.last().(type) {
			case actors.PublishRequest:
				asked.Origin = actors.Origin{}
				e.asked[0] = asked
			case actors.SetStorageRequest:
				asked.Origin = actors.Origin{}
				e.asked[0] = asked
			}
			if !reflect.DeepEqual(e.last(), tt.asked) {
				t.Errorf("asked %+v, want %+v", e.last(), tt.asked)
			}
		})
	}
	e.authorize = func(string, claims.Scope) (*claims.Claims, error) { return by, nil }
	for _, tt := range []struct {
		target string
		status int
	}{{"/channels/c", 200}, {"/channels/d", 403}, {"/channels/c/storage", 200}} {
		if r := request(h, "GET", "http://x"+tt.target, "", "Authorization", "Bearer a.b.c"); r.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", tt.target, r.StatusCode, tt.status)
		}
	}
	if r := e.last().(actors.ListStorageRequest); r.Allow == nil || !r.Allow("k") || r.Allow("l") {
		t.Error("a token reads what it does not say")
	}
	for err, want := range map[error]string{
		&claims.Error{Reason: claims.ReasonExpired, Detail: "it expired"}: "401 " + errorBody("UNAUTHORIZED", "The token is refused: it expired."),
		&claims.Error{Reason: claims.ReasonScope, Detail: "no scope"}:     "403 " + errorBody("PUBLISH_PERMISSION_DENIED", "The token is refused: no scope."),
		errors.New("disk on fire"):                                        "500 " + errorBody("INTERNAL_ERROR", "Something went wrong. Try again."),
	} {
		e.authorize = func(string, claims.Scope) (*claims.Claims, error) { return nil, err }
		r := request(h, "POST", "http://x/publish", `{}`, "Authorization", "Bearer a.b.c")
		if got := fmt.Sprint(r.StatusCode, " ", bodyOf(t, r)); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}
