package page

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A guest is a client of the app shop, without a browser.
type guest struct {
	t    *testing.T
	conn *websocket.Conn
	id   string // the socket's
}

// visit connects a client of the app shop, for as long as the test runs.
func (s *station) visit(t *testing.T) *guest {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/app/shop-key?protocol=7", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	g := &guest{t: t, conn: conn}
	var hello struct {
		SocketID string `json:"socket_id"`
	}
	if err := json.Unmarshal([]byte(g.next("pusher:connection_established")), &hello); err != nil || hello.SocketID == "" {
		t.Fatalf("no greeting: %v", err)
	}
	g.id = hello.SocketID
	return g
}

// next reads frames up to one of an event of the protocol's own, and returns the text that is its data.
func (g *guest) next(event string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), 30*time.Second)
	defer cancel()
	for {
		_, text, err := g.conn.Read(ctx)
		if err != nil {
			g.t.Fatalf("no %s: %v", event, err)
		}
		var frame struct {
			Event string
			Data  any
		}
		if err := json.Unmarshal(text, &frame); err != nil {
			g.t.Fatalf("%s: %v", text, err)
		}
		if data, ok := frame.Data.(string); ok && frame.Event == event {
			return data
		}
	}
}

// joins subscribes to a channel, to a presence channel as a user with some info, JSON.
func (g *guest) joins(channel, user, info string) *guest {
	g.t.Helper()
	data := map[string]string{"channel": channel}
	if user != "" {
		who := fmt.Sprintf(`{"user_id":%q,"user_info":%s}`, user, info)
		data["channel_data"] = who
		data["auth"] = "shop-key:" + signed(g.id, channel, who)
	}
	frame, err := json.Marshal(map[string]any{"event": "pusher:subscribe", "data": data})
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.conn.Write(g.t.Context(), websocket.MessageText, frame); err != nil {
		g.t.Fatal(err)
	}
	g.next("pusher_internal:subscription_succeeded")
	return g
}

// signed is the signature of the apps of some parts, which colons join.
func signed(parts ...string) string {
	h := hmac.New(sha256.New, []byte(appSecret))
	_, _ = io.WriteString(h, strings.Join(parts, ":"))
	return hex.EncodeToString(h.Sum(nil))
}

// triggers publishes an event to a channel of the app shop, as its backend does. data is JSON.
func (s *station) triggers(channel, event, data string) {
	s.t.Helper()
	s.backend("POST", "/apps/shop/events", fmt.Sprintf(`{"name":%q,"channel":%q,"data":%s}`, event, channel, data))
}

// keeps sets an entry of a channel of the app shop, as its backend does. data is JSON.
func (s *station) keeps(channel, key, data string) {
	s.t.Helper()
	s.backend("PUT", "/apps/shop/channels/"+channel+"/storage/"+key, fmt.Sprintf(`{"data":%s}`, data))
}

// backend makes a signed call.
func (s *station) backend(method, path, body string) {
	s.t.Helper()
	query := fmt.Sprintf("auth_key=shop-key&auth_timestamp=%d&auth_version=1.0&body_md5=%x", time.Now().Unix(), md5.Sum([]byte(body)))
	target := s.url + path + "?" + query + "&auth_signature=" + signed(method+"\n"+path+"\n"+query)
	r, err := http.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode > 299 {
		s.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
}
