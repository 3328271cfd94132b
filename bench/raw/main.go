package main

import (
	"encoding/base64"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lxzan/gws"

	"dormouse/bench/admin"
)

func main() {
	mode := flag.String("mode", "gws", "gws, joined or pebble")
	data := flag.String("data", "", "folder for -mode pebble")
	secret := flag.String("secret", "", "what tokens are signed with, in base64")
	flag.Parse()
	if err := run(*mode, *data, *secret); err != nil {
		fmt.Fprintln(os.Stderr, "raw:", err)
		os.Exit(1)
	}
}

// syncs counts the store's syncs to disk.
var syncs atomic.Uint64

func run(mode, data, secret string) error {
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		return err
	}
	var send sender
	switch mode {
	case "gws":
		send = broadcast{}
	case "joined":
		send = newJoiner()
	case "pebble":
		if send, err = openStore(data); err != nil {
			return err
		}
	default:
		return fmt.Errorf("no such mode: %s", mode)
	}
	clients, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	counters := func() map[string]uint64 { return map[string]uint64{"raw_syncs_total": syncs.Load()} }
	if err := admin.Serve(clients.Addr().String(), counters); err != nil {
		return err
	}
	return http.Serve(clients, newHub(key, send))
}

// A hub upgrades clients and puts them on their channels.
type hub struct {
	key      []byte
	send     sender
	upgrader *gws.Upgrader
	channels registry
}

func newHub(key []byte, send sender) *hub {
	h := &hub{key: key, send: send}
	h.upgrader = gws.NewUpgrader(events{}, &gws.ServerOption{
		ReadBufferSize:  512,
		ParallelGolimit: 1,
		NewSession:      func() gws.SessionStorage { return nil },
	})
	return h
}

// connected is what clients wait for before they begin.
const connected = `{"event":"hotsock.connected","data":{}}`

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	_, err := jwt.Parse(q.Get("token"), func(*jwt.Token) (any, error) { return h.key, nil }, jwt.WithValidMethods([]string{"HS256"}))
	if err != nil {
		http.Error(w, "token", http.StatusUnauthorized)
		return
	}
	socket, err := h.upgrader.Upgrade(w, r)
	if err != nil {
		return
	}
	c := &client{socket: socket, channel: h.channels.get(q.Get("channel")), role: role(q.Get("role")), send: h.send}
	clients.put(socket, c)
	if c.role == subscribes || c.role == both {
		c.channel.add(c)
	}
	if socket.WriteString(connected) == nil {
		go socket.ReadLoop()
	}
}
