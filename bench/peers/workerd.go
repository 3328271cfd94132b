package peers

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dormouse/bench/load"
)

// durableObjects is workerd with a Durable Object for each channel: as people write it, and with sets joined.
func durableObjects(secret []byte, m *modules) []*Peer {
	plain := &Peer{
		Name:       Workerd,
		About:      "a Durable Object for each channel, with its storage on local disk: put, then broadcast and acknowledge behind its output gate; WebSockets that can hibernate",
		Durability: "its SQLite, WAL, one fsync for each set before anything leaves the output gate",
	}
	joined := &Peer{
		Name:       WorkerdJoined,
		About:      "the same, which puts what it has read in one turn together",
		Durability: "its SQLite, WAL, one fsync for the sets of a turn before anything leaves the output gate",
	}
	for p, joins := range map[*Peer]string{plain: "", joined: "yes"} {
		p.Dialect, p.listens = durableObject{raw{hotsock{secret}}}, workerdListens
		m.have(p, map[string]string{
			"amd64": "@cloudflare/workerd-linux-64/bin/workerd",
			"arm64": "@cloudflare/workerd-linux-arm64/bin/workerd",
		})
		p.arguments = func(dir string, _ map[string]any) ([]string, error) {
			data := filepath.Join(dir, "data")
			err := errors.Join(
				unpack(dir, "workerd.capnp", "channel.mjs"),
				os.WriteFile(filepath.Join(dir, "secret"), []byte(base64.StdEncoding.EncodeToString(secret)), 0o600),
				os.WriteFile(filepath.Join(dir, "joined"), []byte(joins), 0o600),
				os.MkdirAll(data, 0o755),
			)
			return []string{"serve", filepath.Join(dir, "workerd.capnp"), "--control-fd=2", "--directory-path=data=" + data}, err
		}
	}
	return []*Peer{plain, joined}
}

// workerdListens reads what workerd says of its sockets on the file descriptor that it is given for that: standard
// error, which is read anyway.
func workerdListens() func(line []byte) (addresses, bool) {
	return func(line []byte) (addresses, bool) {
		var said struct {
			Event string `json:"event"`
			Port  int    `json:"port"`
		}
		err := json.Unmarshal(line, &said)
		return addresses{Listen: fmt.Sprintf("127.0.0.1:%d", said.Port)}, err == nil && said.Event == "listen"
	}
}

// durableObject is the dialect of channel.mjs. A client's channel and what it is for stand in the URL; its object is
// the channel.
type durableObject struct{ raw }

func (d durableObject) Protocol(c Client) load.Protocol { return d.raw.Protocol(c) }

func (durableObject) Subscribe(dst []byte, _ string) []byte { return dst }

func (durableObject) Publish(dst []byte, _ string, data []byte) []byte {
	return append(append(append(dst, `{"event":"publish","data":`...), data...), '}')
}

func (durableObject) Set(dst []byte, _, key string, data []byte) []byte {
	dst = append(append(append(dst, `{"event":"set","key":"`...), key...), `","data":`...)
	return append(append(dst, data...), '}')
}

func (durableObject) Get(dst []byte, _, key string) []byte {
	return append(append(append(dst, `{"event":"get","key":"`...), key...), `"}`...)
}

var eventHead = []byte(`{"event":"`)

func (durableObject) Kind(frame []byte) Kind {
	if len(frame) <= len(eventHead) || !bytes.HasPrefix(frame, eventHead) {
		return Other
	}
	switch frame[len(eventHead)] {
	case 'm', 'u': // message, updated
		return Message
	case 'a': // ack
		return Ack
	case 'c': // connected
		return Connected
	case 'e': // entry
		return Answer
	}
	return Other
}
