package acceptance

import (
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ask makes a call that is none of Hotsock's.
func ask(ctx context.Context, method, address, body string) (response, error) {
	return askOver(ctx, backend, method, address, body)
}

func askOver(ctx context.Context, client *http.Client, method, address, body string) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(text)}, err
}

// pusherCall makes a signed call below an app's path. own are its parameters, name=value.
func (s *server) pusherCall(ctx context.Context, a *pusherApp, method, path, body string, own ...string) (response, error) {
	return ask(ctx, method, "http://"+s.addr+signedTarget(a, method, "/apps/"+url.PathEscape(a.id)+path, body, own...), body)
}

// signedTarget is a path with its signed query.
func signedTarget(a *pusherApp, method, path, body string, own ...string) string {
	all := append(slices.Clone(own), "auth_key="+a.key, "auth_timestamp="+strconv.FormatInt(time.Now().Unix(), 10), "auth_version=1.0")
	if body != "" {
		all = append(all, fmt.Sprintf("body_md5=%x", md5.Sum([]byte(body))))
	}
	slices.Sort(all)
	sent := make([]string, len(all))
	for i, pair := range all {
		name, value, _ := strings.Cut(pair, "=")
		sent[i] = name + "=" + url.QueryEscape(value)
	}
	signature := a.sign(method + "\n" + path + "\n" + strings.Join(all, "&"))
	return path + "?" + strings.Join(sent, "&") + "&auth_signature=" + signature
}

// triggers publishes an event, which must be taken. data is one JSON value.
func (s *server) triggers(ctx context.Context, a *pusherApp, channel, event, data string) error {
	resp, err := s.pusherCall(ctx, a, "POST", "/events", fmt.Sprintf(`{"name":%q,"channel":%q,"data":%s}`, event, channel, data))
	if err == nil && (resp.status != 200 || resp.body != `{"ok":true}`) {
		err = fmt.Errorf("publishing in %s: %s", a.id, resp)
	}
	return err
}

// triggered is triggers for a conversation.
func (s *server) triggered(t testing.TB, a *pusherApp, channel, event, data string) {
	t.Helper()
	if err := s.triggers(t.Context(), a, channel, event, data); err != nil {
		t.Fatal(err)
	}
}

// reads is a signed GET that must succeed.
func (s *server) reads(t testing.TB, a *pusherApp, path string, own ...string) string {
	t.Helper()
	resp, err := s.pusherCall(t.Context(), a, "GET", path, "", own...)
	if err != nil || resp.status != 200 {
		t.Fatalf("GET %s: %s, %v", path, resp, err)
	}
	return resp.body
}
