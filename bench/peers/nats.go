package peers

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"dormouse/bench/load"
)

// NATS is the name of its peer.
const NATS = "nats"

// natsPeers is the NATS server, from its Go module, in a process of its own: bench/nats.
func natsPeers([]byte) []*Peer {
	return []*Peer{{
		Name:       NATS,
		About:      "a NATS server; entries are those of one JetStream key-value bucket, which publishes again what it has stored; no tokens",
		Durability: "sync_interval always: each set is synced to its stream's file, one by one, before it is acknowledged or told to anybody",
		Dialect:    nats{},
		source:     "./bench/nats",
		arguments: func(dir string, _ map[string]any) ([]string, error) {
			return []string{"-data", filepath.Join(dir, "data")}, nil
		},
	}}
}

// nats is the dialect of bench/nats. What is published on a channel and what is stored of it lie below one
// subject, so that one subscription hears both.
type nats struct{}

// Protocol has an inbox that nobody else has.
func (nats) Protocol(Client) load.Protocol {
	return &load.NATS{Inbox: fmt.Sprintf("_INBOX.%016x", rand.Uint64())}
}

func (nats) Subscribe(dst []byte, channel string) []byte {
	return append(append(append(dst, "SUB live."...), channel...), ".>"...)
}

func (nats) Publish(dst []byte, channel string, data []byte) []byte {
	dst = append(append(append(dst, "PUB live."...), channel...), ".message\n"...)
	return append(dst, data...)
}

func (nats) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = append(append(append(dst, "REQ $KV.bench."...), channel...), '.')
	return append(append(append(dst, key...), '\n'), data...)
}

// Get asks the stream for the last message of an entry's subject, as its libraries do.
func (nats) Get(dst []byte, channel, key string) []byte {
	dst = append(append(append(dst, "REQ $JS.API.DIRECT.GET.KV_bench.$KV.bench."...), channel...), '.')
	return append(append(dst, key...), '\n')
}

var (
	natsInbox = []byte(" _INBOX.")
	natsError = []byte(`{"error"`)
	natsFound = []byte("NATS/1.0\r\n")
	natsNone  = []byte("NATS/1.0 404")
)

// Kind tells frames by their first letters, and messages by their subject's: an answer is to an inbox. A get's
// answer has headers, a set's has none.
func (nats) Kind(frame []byte) Kind {
	switch {
	case bytes.HasPrefix(frame, []byte("MSG")):
		if !bytes.HasPrefix(frame[3:], natsInbox) {
			return Message
		}
		if bytes.HasPrefix(below(frame), natsError) {
			return Refusal
		}
		return Ack
	case bytes.HasPrefix(frame, []byte("HMSG")):
		if !bytes.HasPrefix(frame[4:], natsInbox) {
			return Message
		}
		if head := below(frame); bytes.HasPrefix(head, natsFound) || bytes.HasPrefix(head, natsNone) {
			return Answer
		}
		return Refusal // such as 503: nobody listens on that subject
	case bytes.HasPrefix(frame, []byte("INFO")):
		return Connected
	case bytes.HasPrefix(frame, []byte("PONG")):
		return Subscribed
	case bytes.HasPrefix(frame, []byte("-ERR")):
		return Refusal
	}
	return Other
}

// below is what stands under a frame's first line.
func below(frame []byte) []byte {
	_, rest, _ := bytes.Cut(frame, []byte("\r\n"))
	return rest
}
