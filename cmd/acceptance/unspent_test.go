package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestABadRequestCostsNoToken: what a request alone shows to be wrong is refused before a token for single use is
// spent on it, by every door; what is right then uses the token up.
func TestABadRequestCostsNoToken(t *testing.T) {
	s := newScene(t, serve(t, defaults()))
	const past, soon = `"scheduleExpression":"at(2001-01-01T00:00:00)"`, `"scheduleExpression":"at(2033-01-01T00:00:00)"`
	const reaction = `"event":"hotsock.messageReaction","data":{"messageId":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reaction":"x","action":"add"}`
	rights := `"channels":{"c":{"subscribe":true,"umdUpdate":true,
		"messages":{"e":{"publish":true,"scheduleBefore":4000000000},"hotsock.messageReaction":{"publish":true}},
		"storage":{"*":{"set":true,"scheduleBefore":4000000000}}},"presence.r":{"subscribe":true}}`
	// What the channel refuses costs no token either, as TestARefusedPublishCostsNoToken shows: a reaction to a message
	// that is not there is followed by one to this.
	stored := stores(s, "c", "e")
	n := 0
	once := func(scope, more string) string {
		n++
		return hs256.sign(string(claims(fmt.Sprintf(`{"singleUse":true,"jti":"once%d",%s%s}`, n, more, rights)).completed(scope)))
	}
	// Each row is one call by a fresh token: refused as wrong, and then, by the same token, taken if right.
	post := func(door, wrong, code, right string) {
		t.Helper()
		token := once("publish", "")
		if strings.Contains(right, "messageReaction") {
			token = once("publish", `"uid":"u",`)
		}
		call := func(body string) response {
			t.Helper()
			resp, err := s.server.request(t.Context(), http.MethodPost, "http://"+s.server.addr+door, token, body)
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		if resp := call(wrong); !strings.Contains(resp.body, code) {
			t.Errorf("%s %s: %v, want %s", door, wrong, resp, code)
		}
		resp := call(right)
		if strings.Contains(resp.body, "MESSAGE_NOT_FOUND") {
			resp = call("{" + `"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"` + stored + `","reaction":"x","action":"add"}` + "}")
		}
		if strings.Contains(resp.body, "already used") || resp.status != 202 && resp.status != 200 {
			t.Errorf("%s after %s: %v", door, wrong, resp)
		}
		if resp := call(right); resp.status != 401 && resp.status != 403 || !strings.Contains(resp.body, "already used") {
			t.Errorf("%s by a token that was used: %v", door, resp)
		}
	}
	message, entry := `"channel":"c","event":"e","data":1`, `"channel":"c","event":"hotsock.channelStorageSet","key":"k","data":1`
	for _, c := range []struct{ wrong, code, right string }{
		{message + `,` + past, "INVALID_SCHEDULE", message + `,` + soon},
		{message + `,"scheduleExpression":"at(2033-01-01)"`, "INVALID_SCHEDULE", message},
		{message + `,` + soon + `,"scheduleExpressionTimezone":"Mars"`, "INVALID_SCHEDULE", message},
		{entry + `,` + past, "INVALID_SCHEDULE", entry},
		{message + `,"store":-2`, "INVALID_STORE", message},
		{entry + `,"store":0`, "INVALID_STORE", entry},
		{`"channel":"c","event":"a*"`, "INVALID_EVENT", message},
		{`"channel":"a b","event":"e"`, "INVALID_CHANNEL", message},
		{`"event":"e"`, "INVALID_MESSAGE", message},
		{message + `,"deduplicationId":7`, "INVALID_MESSAGE", message},
		{`"channel":"c","event":"e","data":"` + strings.Repeat("x", 300<<10) + `"`, "DATA_TOO_LARGE", message},
		{`"channel":"c","event":"hotsock.channelStorageSet","key":"a b","data":1`, "INVALID_STORAGE_KEY", entry},
	} {
		post("/publish", "{"+c.wrong+"}", c.code, "{"+c.right+"}")
		post("/publish/batch", `{"messages":[{`+c.wrong+`},{`+c.wrong+`}]}`, c.code, `{"messages":[{`+c.right+`}]}`)
	}
	writes := `"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"a","data":1}]`
	for _, c := range []struct{ wrong, code, right string }{
		{`"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"a","data":1},{"key":"a","data":2}]`, "INVALID_MESSAGE", writes},
		{`"channel":"c","event":"hotsock.channelStorageSet","entries":[]`, "INVALID_MESSAGE", writes},
		{`"channel":"c","event":"hotsock.channelStorageSet","key":"a","increment":1e99`, "STORAGE_NOT_A_NUMBER", writes},
		{writes + `,` + soon, "INVALID_SCHEDULE", writes},
		{`"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"m","reaction":"x","action":"add"}`, "MESSAGE_NOT_FOUND", `"channel":"c",` + reaction},
		{`"channel":"c","event":"hotsock.messageReaction","data":{"messageId":"01ARZ3NDEKTSV4RRFFQ69G5FAV","reaction":"a#b","action":"add"}`, "INVALID_REACTION", `"channel":"c",` + reaction},
		{`"channel":"c",` + reaction + `,` + soon, "INVALID_SCHEDULE", `"channel":"c",` + reaction},
	} {
		post("/publish", "{"+c.wrong+"}", c.code, "{"+c.right+"}")
	}
	post("/publish", `{"channels":["c","a b"],"event":"e"}`, "INVALID_CHANNEL", `{"channels":["c"],"event":"e"}`)
	post("/publish", `{"channel":"c",`+reaction+`}`, "REACTION_USER_ID_REQUIRED", `{"channel":"c","event":"e"}`)

	// The handshake of a connect.
	for _, header := range []map[string]string{
		{"Connection": "Upgrade", "Upgrade": "h2c"},
		{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "12", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
		{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"},
		{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"},
		{},
	} {
		token := once("connect", "")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.server.addr+"/v1?token="+token, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			req.Header.Set(name, value)
		}
		resp, err := backend.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode < 400 {
			t.Errorf("a handshake with %v is answered %d", header, resp.StatusCode)
		}
		s.accepts(token)
		s.refuses(token, 403, "CONNECT_PERMISSION_DENIED")
	}

	// Frames and the Client HTTP API.
	a := s.connect("A", `{"uid":"u"}`)
	b := s.connect("B", `{}`)
	token := once("subscribe", `"uid":"u",`)
	for _, wrong := range []string{
		`"channel":"a b","data":{"token":$T}`, `"channel":"d","data":{"token":$T}`, `"data":{"token":$T}`,
		`"channel":"c","data":{"token":$T,"after":7}`, `"channel":"c","data":{"token":$T,"resume":"yes"}`,
	} {
		a.send(`{"event":"hotsock.subscribe",` + strings.ReplaceAll(wrong, "$T", string(must(json.Marshal(token)))) + `}`)
		if got := string(a.expect(`"<any>"`, nil)); !strings.Contains(got, `"event":"hotsock.error"`) {
			t.Errorf("%s: %s", wrong, got)
		}
	}
	a.send(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":"c","data":{"token":%q}}`, token))
	s.play(`A < subscribed c {"uid":"u","umd":null}`)
	nobodys := once("subscribe", fmt.Sprintf(`"connectionId":%q,`, b.id))
	b.send(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":"presence.r","data":{"token":%q}}`, nobodys))
	s.play(`B < error PRESENCE_CHANNEL_USER_ID_REQUIRED presence.r`)
	b.send(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":"c","data":{"token":%q}}`, nobodys))
	s.play(`B < subscribed c`)

	for _, door := range []string{"frame", "http"} {
		token := once("umd", `"uid":"u","umd":1,`)
		call := func(channel, more string) string {
			t.Helper()
			if door == "http" {
				resp, err := s.server.asConnection(t.Context(), a, "umdUpdate", fmt.Sprintf(`{"channel":%q,"token":%q}`, channel, token))
				if err != nil {
					t.Fatal(err)
				}
				return resp.body
			}
			a.send(fmt.Sprintf(`{"event":"hotsock.umdUpdate","channel":%q,"ref":"r","data":{"token":%q}%s}`, channel, token, more))
			return string(bytes.TrimSpace(a.expect(`"<any>"`, nil)))
		}
		if got := call("a b", ""); !strings.Contains(got, "INVALID_CHANNEL") {
			t.Errorf("%s: %s", door, got)
		}
		if got := call("d", ""); !strings.Contains(got, "UMD_UPDATE_PERMISSION_DENIED") {
			t.Errorf("%s: %s", door, got)
		}
		if door == "frame" {
			if got := call("c", `,`+soon); !strings.Contains(got, "INVALID_SCHEDULE") {
				t.Errorf("%s: %s", door, got)
			}
		}
		if got := call("c", ""); got != "{}" && !strings.Contains(got, "hotsock.ack") {
			t.Errorf("%s: %s", door, got)
		}
		if got := call("c", ""); !strings.Contains(got, "already used") {
			t.Errorf("%s: %s", door, got)
		}
	}
}
