package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// manages is a call with an API key.
func (s *scene) manages(method, path, body string) (response, error) {
	return s.server.request(s.t.Context(), method, "http://"+s.server.addr+path, apiKey, body)
}

func newManaged(t *testing.T) *scene {
	t.Helper()
	srv, err := newServer(t, program, defaults())
	if err != nil {
		t.Fatal(err)
	}
	return newScene(t, srv)
}

// managing are all calls of those who run the server; none of them is for others.
var managing = [][2]string{
	{"GET", "/channels"}, {"DELETE", "/channels/c"}, {"GET", "/channels/c/messages"}, {"DELETE", "/channels/c/messages/x"},
	{"GET", "/channels/c/storage/k"}, {"PUT", "/channels/c/storage/k"}, {"DELETE", "/channels/c/storage/k"}, {"GET", "/channels/c/tail"},
	{"GET", "/connections"}, {"DELETE", "/connections?uid=u"}, {"GET", "/connections/x"}, {"DELETE", "/connections/x"},
	{"DELETE", "/connections/x/subscriptions/c"}, {"POST", "/tokens/revoke"}, {"GET", "/tokens/revoked"}, {"DELETE", "/tokens/revoked?uid=u"},
	{"POST", "/publish"}, {"POST", "/publish/batch"},
}

func TestManagingWantsAKey(t *testing.T) {
	s := newManaged(t)
	token := hs256.sign(string(claims(`{"uid":"u","channels":{"*":{"subscribe":true}}}`).completed("connect")))
	for _, call := range managing {
		for _, bearer := range []string{"", strings.Repeat("w", 40), token} {
			resp, err := s.server.request(t.Context(), call[0], "http://"+s.server.addr+call[1], bearer, "{}")
			if err != nil || resp.status != 401 && resp.status != 403 {
				t.Errorf("%s %s: %v %s", call[0], call[1], err, resp)
			}
		}
	}
}

func TestManageChannels(t *testing.T) {
	s := newManaged(t)
	s.connect("A", `{"channels":{"m.a":{"subscribe":true,"storage":{"*":{"observe":true}}}}}`)
	s.play(`
		A > sub m.a
		A < subscribed m.a`)
	s.answers(204, `"<any>"`)(s.quiet(s.manages("PUT", "/channels/m.a/storage/k", `{"data":{"n":1}}`)))
	s.play(`A < entry m.a k {"n":1} ` + nobody)
	s.answers(200, `{"key":"k","data":{"n":1},"meta":{"uid":null,"umd":null}}`)(s.manages("GET", "/channels/m.a/storage/k", ""))
	s.answers(404, `{"error":{"code":"NOT_FOUND","message":"<string>"}}`)(s.manages("GET", "/channels/m.a/storage/l", ""))
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/channels/m.a/storage/k", "")))
	s.play(`A < entry m.a k null ` + nobody)
	for i, event := range []string{"e", "f", "e"} {
		s.answers(202, `"<any>"`)(s.manages("POST", "/publish", fmt.Sprintf(`{"channel":"m.a","event":%q,"data":%d,"store":-1}`, event, i)))
		s.play(fmt.Sprintf(`A < message m.a %s %d`, event, i))
	}
	s.answers(200, `{"messages":[{"id":"$f","event":"f","channel":"m.a","data":1,"meta":{"uid":null,"umd":null}}],"more":false}`)(
		s.manages("GET", "/channels/m.a/messages?event=f", ""))
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/channels/m.a/messages/"+strings.Trim(s.vars["f"], `"`), "")))
	s.answers(200, `{"messages":["<any>"],"more":true}`)(s.manages("GET", "/channels/m.a/messages?reverse=true&limit=1", ""))
	s.answers(404, `{"error":{"code":"MESSAGE_NOT_FOUND","message":"<string>"}}`)(s.manages("DELETE", "/channels/m.a/messages/x", ""))
	s.answers(202, `"<any>"`)(s.manages("POST", "/publish", `{"channel":"m.b","event":"e","store":-1}`))
	s.answers(200, `{"channels":[{"name":"m.a","active":true},{"name":"m.b","active":"<any>"}],"more":false}`)(s.manages("GET", "/channels?prefix=m.", ""))
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/channels/m.a", "")))
	s.answers(200, `{"messages":[],"more":false}`)(s.manages("GET", "/channels/m.a/messages", ""))
	s.server.kill()
	if err := s.server.start(); err != nil {
		t.Fatal(err)
	}
	s.answers(200, `{"channels":[{"name":"m.b","active":"<any>"}],"more":false}`)(s.manages("GET", "/channels?prefix=m.", ""))
}

// quiet gives an answer without a body one, so that it can be matched.
func (s *scene) quiet(r response, err error) (response, error) {
	if r.body == "" {
		r.body = `""`
	}
	return r, err
}

func TestManageConnectionsAndTokens(t *testing.T) {
	s := newManaged(t)
	a := s.connect("A", `{"uid":"ann","jti":"j1","channels":{"c":{"subscribe":true}}}`)
	s.connect("B", `{"uid":"bob","channels":{"c":{"subscribe":true}}}`)
	s.play(`
		A > sub c
		A < subscribed c ` + ann)
	id := url.PathEscape(a.id)
	s.answers(200, pattern(fmt.Sprintf(`{"id":%q,"uid":"ann","connectedAt":"<nanosecond>","sourceIp":"127.0.0.1","userAgent":"<string>","umd":null,"subscriptions":[{"channel":"c"}]}`, a.id)))(
		s.manages("GET", "/connections/"+id, ""))
	s.answers(200, `{"connections":["<any>"],"more":false}`)(s.manages("GET", "/connections?uid=ann", ""))
	s.answers(200, `{"connections":["<any>"],"more":true}`)(s.manages("GET", "/connections?limit=1", ""))
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/connections/"+id+"/subscriptions/c", "")))
	s.play(`A < unsubscribed c ` + ann)
	s.answers(403, `{"error":{"code":"NOT_SUBSCRIBED","message":"<string>"}}`)(s.manages("DELETE", "/connections/"+id+"/subscriptions/c", ""))
	s.answers(200, `{"connections":1}`)(s.manages("DELETE", "/connections?uid=bob", ""))
	s.clients["B"].expectClose(4003)
	s.answers(404, `{"error":{"code":"CONNECTION_NOT_FOUND","message":"<string>"}}`)(s.manages("DELETE", "/connections/nobody", ""))
	s.answers(400, `{"error":{"code":"INVALID_MESSAGE","message":"<string>"}}`)(s.manages("POST", "/tokens/revoke", `{"jti":"a","uid":"b"}`))
	s.answers(200, `{"connections":1}`)(s.manages("POST", "/tokens/revoke", `{"jti":"j1"}`))
	a.expectClose(4003)
	s.refusesClaims(`{"uid":"ann","jti":"j1"}`, 403, "CONNECT_PERMISSION_DENIED")
	// What was revoked stays so, whatever happens to the server.
	s.server.kill()
	if err := s.server.start(); err != nil {
		t.Fatal(err)
	}
	s.refusesClaims(`{"uid":"ann","jti":"j1"}`, 403, "CONNECT_PERMISSION_DENIED")
	s.answers(200, `{"revoked":[{"jti":"j1","at":"<string>"}]}`)(s.manages("GET", "/tokens/revoked", ""))
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/tokens/revoked?jti=j1", "")))
	c := s.connect("C", `{"uid":"ann","jti":"j1"}`)
	s.answers(204, `"<any>"`)(s.quiet(s.manages("DELETE", "/connections/"+url.PathEscape(c.id), "")))
	c.expectClose(4003)
}

func TestATailIsReadWithoutBeingThere(t *testing.T) {
	s := newManaged(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, accept := range []string{"", "text/event-stream"} {
		req := must(http.NewRequestWithContext(ctx, "GET", "http://"+s.server.addr+"/channels/t/tail?seconds=1", nil))
		req.Header.Set("Authorization", "Bearer "+apiKey)
		req.Header.Set("Accept", accept)
		resp, err := backend.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		s.answers(202, `"<any>"`)(s.manages("POST", "/publish", `{"channel":"t","event":"e","data":7}`))
		lines := bufio.NewScanner(resp.Body)
		if !lines.Scan() {
			t.Fatalf("the tail ends: %v", lines.Err())
		}
		var m struct {
			Event string
			Data  int
		}
		line := strings.TrimPrefix(lines.Text(), "data: ")
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Event != "e" || m.Data != 7 || (line != lines.Text()) != (accept != "") {
			t.Errorf("%q: %v", lines.Text(), err)
		}
		for lines.Scan() && time.Now().Before(must(deadlineOf(ctx))) {
		}
		_ = resp.Body.Close()
	}
	s.answers(200, `{"name":"t","subscriptionsCount":0}`)(s.server.channels(ctx, "t"))
	s.answers(400, `{"error":{"code":"INVALID_MESSAGE","message":"<string>"}}`)(s.manages("GET", "/channels/t/tail?seconds=601", ""))
}

// A call's time limit is for its body and its answer's beginning: a tail goes on behind it.
func TestATailOutlivesTheLimitOfACall(t *testing.T) {
	const limit = time.Second
	s := newScene(t, serve(t, defaults().with(settings{"limits.http_timeout": limit.String()})))
	req := must(http.NewRequestWithContext(t.Context(), "GET", "http://"+s.server.addr+"/channels/t/tail?seconds=60", nil))
	req.Header.Set("Authorization", "Bearer "+apiKey)
	resp, err := backend.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-time.After(limit + limit/4)
	s.answers(202, `"<any>"`)(s.server.publish(t.Context(), `{"channel":"t","event":"e","data":7}`))
	if lines := bufio.NewScanner(resp.Body); !lines.Scan() || !strings.Contains(lines.Text(), `"data":7`) {
		t.Errorf("%q: %v", lines.Text(), lines.Err())
	}
}

func deadlineOf(ctx context.Context) (time.Time, error) {
	at, _ := ctx.Deadline()
	return at, nil
}
