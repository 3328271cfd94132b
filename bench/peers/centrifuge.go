package peers

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"time"

	"dormouse/bench/load"
)

// Centrifuge is the name of its peer.
const Centrifuge = "centrifuge"

// centrifugePeers is a server on the Go library centrifuge: bench/centrifuge.
func centrifugePeers(secret []byte) []*Peer {
	return []*Peer{{
		Name:       Centrifuge,
		About:      "a small server on the library centrifuge, with its JSON protocol over WebSocket; a token is checked, no history is kept",
		Durability: MemoryOnly,
		Dialect:    centrifuge{secret},
		source:     "./bench/centrifuge",
		arguments: func(string, map[string]any) ([]string, error) {
			return []string{"-secret", base64.StdEncoding.EncodeToString(secret)}, nil
		},
	}}
}

// centrifuge is the dialect of bench/centrifuge, which stores nothing: it has no Set and no Get.
//
// Source: https://centrifugal.dev/docs/transports/client_protocol
type centrifuge struct{ secret []byte }

// Protocol sends a connect with a token at once, and answers the pings, which are empty objects.
func (c centrifuge) Protocol(who Client) load.Protocol {
	token := load.Token(c.secret, fmt.Appendf(nil, `{"exp":%d,"sub":%q}`, time.Now().Add(time.Hour).Unix(), who.UID))
	return &load.WebSocket{Target: "/", First: `{"id":1,"connect":{"token":"` + token + `"}}`, Ping: "{}", Pong: "{}", Lines: true}
}

func (centrifuge) Subscribe(dst []byte, channel string) []byte {
	return append(append(append(dst, `{"id":2,"subscribe":{"channel":"`...), channel...), `"}}`...)
}

func (centrifuge) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(append(dst, `{"id":3,"publish":{"channel":"`...), channel...), `","data":`...)
	return append(append(dst, data...), "}}"...)
}

// Set panics: no case asks for it.
func (centrifuge) Set([]byte, string, string, []byte) []byte {
	panic("peers: centrifuge stores nothing")
}

// Get panics: no case asks for it.
func (centrifuge) Get([]byte, string, string) []byte { panic("peers: centrifuge stores nothing") }

var (
	centrifugePush = []byte(`{"push":{"channel":"`)
	centrifugePub  = []byte(`","pub":`)
)

// Kind looks at what a reply is to, or at what a push carries behind its channel.
func (centrifuge) Kind(frame []byte) Kind {
	if rest, ok := bytes.CutPrefix(frame, centrifugePush); ok {
		if end := bytes.IndexByte(rest, '"'); end >= 0 && bytes.HasPrefix(rest[end:], centrifugePub) {
			return Message
		}
		return Other
	}
	_, rest, _ := bytes.Cut(frame, []byte(`,"`))
	switch name, _, _ := bytes.Cut(rest, []byte(`"`)); string(name) {
	case "connect":
		return Connected
	case "subscribe":
		return Subscribed
	case "error":
		return Refusal
	}
	return Other
}
