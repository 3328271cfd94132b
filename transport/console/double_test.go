package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A double speaks as much of the protocol as the page does, in memory and under one lock: enough to
// look at the page and to test it without a server. Its tokens are claims in base64, unsigned.
type double struct {
	mu      sync.Mutex
	sockets map[*socket]bool
	entries map[string]entry // channel + " " + key
	n       int

	// silent keeps the frames of stored entries back, for a look at what waits for them.
	silent bool
	// noUMDUpdate refuses hotsock.umdUpdate as a server without it would.
	noUMDUpdate bool
}

type entry struct {
	data any
	meta map[string]any
}

type socket struct {
	conn     *websocket.Conn
	out      chan []byte
	uid      any
	umd      any
	channels map[string]bool
}

type object = map[string]any

func newDouble() *double {
	return &double{sockets: map[*socket]bool{}, entries: map[string]entry{}}
}

// serve starts the demo and the double on one origin. Its close may be called early, to end the server.
func (d *double) serve(t *testing.T, address string) *httptest.Server {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(DemoPath, Demo(DemoOptions{
		Token: d.token,
		Commands: []string{
			"dormouse sub game.lobby",
			`dormouse set game.lobby settings.maxPlayers 12`,
			`dormouse pub game.lobby chat '{"text":"hello from a terminal"}'`,
		},
	}))
	mux.HandleFunc("GET /v1", d.accept)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	server.Start()
	t.Cleanup(func() { d.hangUp(); server.Close() })
	return server
}

func (d *double) token(uid, name string) (string, error) {
	claims, err := json.Marshal(DemoClaims(uid, name, DemoColor(uid)))
	return base64.RawURLEncoding.EncodeToString(claims), err
}

func readToken(token string) (claims object, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	return claims, err
}

// hangUp ends every connection.
func (d *double) hangUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for s := range d.sockets {
		_ = s.conn.CloseNow()
	}
}

func (d *double) accept(w http.ResponseWriter, r *http.Request) {
	claims, err := readToken(r.URL.Query().Get("token"))
	if err != nil {
		http.Error(w, "token", http.StatusUnauthorized)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	s := &socket{conn: conn, out: make(chan []byte, 4096), uid: claims["uid"], umd: claims["umd"], channels: map[string]bool{}}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		for {
			select {
			case frame := <-s.out:
				if conn.Write(ctx, websocket.MessageText, frame) != nil {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()

	d.mu.Lock()
	d.sockets[s] = true
	s.send(object{"event": "hotsock.connected", "meta": s.meta(), "data": object{
		"connectionId": "AbC_d-EfGhIJKLM=", "connectionSecret": "k3Qm9TzX1cVbN7RsY2Lp", "connectionExpiresAt": nil}})
	d.mu.Unlock()
	for {
		_, text, err := conn.Read(ctx)
		d.mu.Lock()
		if err != nil {
			delete(d.sockets, s)
			if s.channels[DemoPresence] {
				d.tellPresence("hotsock.memberRemoved", s)
			}
			d.mu.Unlock()
			return
		}
		d.receive(s, text)
		d.mu.Unlock()
	}
}

func (s *socket) send(frame object) {
	text, _ := json.Marshal(frame)
	s.out <- text
}

func (s *socket) meta() object { return object{"uid": s.uid, "umd": s.umd} }

func (d *double) receive(s *socket, text []byte) {
	var f struct {
		Event, Channel, Key string
		Data                any
	}
	if err := json.Unmarshal(text, &f); err != nil {
		s.refuse("", "INVALID_MESSAGE")
		return
	}
	switch f.Event {
	case "hotsock.ping":
		s.send(object{"event": "hotsock.pong", "data": "{}"})
	case "hotsock.subscribe":
		d.subscribe(s, f.Channel)
	case "hotsock.channelStorageSet":
		d.set(f.Channel, f.Key, f.Data, s.meta())
	case "hotsock.channelStorageGet":
		e := d.entries[f.Channel+" "+f.Key]
		s.send(object{"event": "hotsock.channelStorageData", "channel": f.Channel, "key": f.Key, "data": e.data, "meta": e.meta})
	case "hotsock.umdUpdate":
		if d.noUMDUpdate {
			s.refuse("", "UNKNOWN_EVENT")
			return
		}
		claims, _ := readToken(f.Data.(object)["token"].(string))
		s.umd = claims["umd"]
		d.tellPresence("hotsock.memberUpdated", s)
	case "chat":
		d.n++
		d.deliver(f.Channel, object{"id": fmt.Sprintf("01J%023d", d.n), "event": f.Event, "channel": f.Channel, "data": f.Data, "meta": s.meta()})
	default:
		s.refuse(f.Channel, "PUBLISH_PERMISSION_DENIED")
	}
}

func (s *socket) refuse(channel, code string) {
	s.send(object{"event": "hotsock.error", "channel": channel, "error": object{"code": code, "message": "Refused: " + code}})
}

func (d *double) subscribe(s *socket, channel string) {
	if s.channels[channel] {
		s.refuse(channel, "ALREADY_SUBSCRIBED")
		return
	}
	already := d.present(s.uid)
	s.channels[channel] = true
	data := object{}
	if channel == DemoPresence {
		data["members"] = d.members()
	}
	s.send(object{"event": "hotsock.subscribed", "channel": channel, "data": data, "meta": s.meta()})
	var keys []string
	for name := range d.entries {
		if key, ok := strings.CutPrefix(name, channel+" "); ok {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		e := d.entries[channel+" "+key]
		s.send(object{"event": "hotsock.channelStorageUpdated", "channel": channel, "key": key, "data": e.data, "meta": e.meta})
	}
	if channel == DemoPresence && !already {
		d.tellPresence("hotsock.memberAdded", s)
	}
}

func (d *double) present(uid any) bool {
	for s := range d.sockets {
		if s.uid == uid && s.channels[DemoPresence] {
			return true
		}
	}
	return false
}

func (d *double) members() []object {
	members, seen := []object{}, map[any]bool{}
	for s := range d.sockets {
		if s.channels[DemoPresence] && !seen[s.uid] {
			seen[s.uid] = true
			members = append(members, s.meta())
		}
	}
	sort.Slice(members, func(i, j int) bool { return members[i]["uid"].(string) < members[j]["uid"].(string) })
	return members
}

// tellPresence tells the others of s, and of an update s itself.
func (d *double) tellPresence(event string, s *socket) {
	frame := object{"event": event, "channel": DemoPresence, "data": object{"member": s.meta(), "members": d.members()}}
	for other := range d.sockets {
		if other.channels[DemoPresence] && (other != s || event == "hotsock.memberUpdated") {
			other.send(frame)
		}
	}
}

// set stores an entry; an equal value is told to nobody.
func (d *double) set(channel, key string, data any, meta object) {
	name := channel + " " + key
	if old, ok := d.entries[name]; ok && reflect.DeepEqual(old.data, data) || !ok && data == nil {
		return
	}
	d.entries[name] = entry{data, meta}
	if data == nil {
		delete(d.entries, name)
	}
	if !d.silent {
		d.deliver(channel, object{"event": "hotsock.channelStorageUpdated", "channel": channel, "key": key, "data": data, "meta": meta})
	}
}

func (d *double) deliver(channel string, frame object) {
	for s := range d.sockets {
		if s.channels[channel] {
			s.send(frame)
		}
	}
}

// from runs f under the lock, as the server's own hand.
func (d *double) from(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// guest connects somebody without a browser, for as long as the test runs.
//
//lint:ignore U1000 the pictures are painted with guests, under a build tag of their own
func (d *double) guest(t *testing.T, server *httptest.Server, uid, name string, frames ...object) {
	t.Helper()
	token, _ := d.token(uid, name)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	conn, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http")+"/v1?token="+token, nil)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow(); cancel() })
	go func() {
		for {
			if _, _, err := conn.Read(ctx); err != nil {
				return
			}
		}
	}()
	for _, channel := range []string{DemoLobby, DemoPresence} {
		frames = append([]object{{"event": "hotsock.subscribe", "channel": channel}}, frames...)
	}
	for _, frame := range frames {
		text, _ := json.Marshal(frame)
		if err := conn.Write(ctx, websocket.MessageText, text); err != nil {
			t.Fatal(err)
		}
	}
}
