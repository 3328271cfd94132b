package peers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"dormouse/bench/load"
)

// Redis is the name of its peer: Debian's package redis-server, or whichever is found.
const Redis = "redis"

// redisPeers is Redis with an append-only file that is synced before anything is answered. What it is asked
// for beside that only takes work from it: no dump of the whole, no rewriting of the file while it is measured.
func redisPeers([]byte) []*Peer {
	p := &Peer{
		Name: Redis, Dialect: redis{},
		Durability: "appendfsync always: what one turn of the event loop has set is synced to the append-only file, all at once, before that turn answers or tells anybody",
	}
	about := "a SET and a PUBLISH sent together, not as a transaction; no tokens, no history"
	p.About = "Redis: " + about
	p.find = func(ctx context.Context, _ string) error {
		path, err := exec.LookPath("redis-server")
		if err != nil {
			return &NotThere{Part: "redis-server", Install: "apt-get install redis-server"}
		}
		version, err := exec.CommandContext(ctx, path, "--version").Output() // Redis server v=7.0.15 sha=...
		if err != nil {
			return fmt.Errorf("%s --version: %w", path, err)
		}
		_, rest, _ := strings.Cut(string(version), " v=")
		number, _, _ := strings.Cut(rest, " ")
		p.binary, p.About = path, "Redis "+number+": "+about
		return nil
	}
	p.arguments = func(dir string, _ map[string]any) ([]string, error) {
		port, err := freePort()
		return []string{
			"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--appenddirname", "data",
			"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--auto-aof-rewrite-percentage", "0",
			// Or it cuts observers off whom the load has not served for a moment.
			"--client-output-buffer-limit", "pubsub 0 0 0",
			"--maxclients", "60000", "--tcp-backlog", "4096", "--set-proc-title", "no",
		}, err
	}
	p.listens = redisListens
	p.counters, p.collect = redisCounters, redisCollect
	return []*Peer{p}
}

// freePort is a port of 127.0.0.1 that nobody listens on, and that no client gets by chance either: below
// those that systems give to clients.
func freePort() (int, error) {
	for range 100 {
		port := 20_000 + rand.IntN(12_000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port in 100 tries between 20000 and 31999")
}

// redisListens reads the log of one start: the port comes first, and later that it listens there.
//
//	... * Running mode=standalone, port=20001.
//	... * Ready to accept connections
func redisListens() func(line []byte) (addresses, bool) {
	var port int
	return func(line []byte) (addresses, bool) {
		if _, text, ok := bytes.Cut(line, []byte(", port=")); ok && port == 0 {
			port, _ = strconv.Atoi(string(bytes.TrimRight(text, ".\r\n"))) // 0: not this line
		}
		return addresses{Listen: fmt.Sprintf("127.0.0.1:%d", port)}, port > 0 && bytes.Contains(line, []byte("Ready to accept connections"))
	}
}

// redisCounters are those of INFO's lines that are numbers, by their names.
func redisCounters(ctx context.Context, s *Server) (map[string]float64, error) {
	text, err := askRedis(ctx, s, "INFO\r\n")
	if err != nil {
		return nil, err
	}
	counters := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil {
			counters[name] = v
		}
	}
	return counters, nil
}

// redisCollect makes its allocator give back what it does not use.
func redisCollect(ctx context.Context, s *Server) error {
	_, err := askRedis(ctx, s, "MEMORY PURGE\r\n")
	return err
}

// askRedis sends one command, on a connection of its own, and returns the answer's text.
func askRedis(ctx context.Context, s *Server, command string) (text string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("peers: %s of %s: %w", strings.TrimSpace(command), s.Peer.Name, err)
		}
	}()
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", s.Addr.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(conn, command); err != nil {
		return "", err
	}
	in := bufio.NewReader(conn)
	head, err := in.ReadString('\n')
	if err != nil || head[0] == '+' {
		return head, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(head[1:]))
	if head[0] != '$' || err != nil || n < 0 {
		return "", errors.New(strings.TrimSpace(head))
	}
	body := make([]byte, n)
	_, err = io.ReadFull(in, body)
	return string(body), err
}

// redis is its dialect. A channel is one of Redis's channels, and an entry is a key named after both. Who sets
// also publishes what it has set; both are answered behind the sync.
type redis struct{}

func (redis) Protocol(Client) load.Protocol { return &load.Redis{} }

func (redis) Subscribe(dst []byte, channel string) []byte {
	return load.AppendWord(load.AppendWord(load.AppendCommand(dst, 2), "SUBSCRIBE"), channel)
}

func (redis) Publish(dst []byte, channel string, data []byte) []byte {
	dst = load.AppendWord(load.AppendWord(load.AppendCommand(dst, 3), "PUBLISH"), channel)
	return load.AppendWord(dst, data)
}

func (r redis) Set(dst []byte, channel, key string, data []byte) []byte {
	dst = load.AppendWord(load.AppendCommand(dst, 3), "SET")
	dst = appendEntryName(dst, channel, key)
	dst = load.AppendWord(dst, data)
	// What is told says which key it is.
	dst = load.AppendWord(load.AppendWord(load.AppendCommand(dst, 3), "PUBLISH"), channel)
	const head, middle, end = `{"key":"`, `","data":`, `}`
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(head)+len(key)+len(middle)+len(data)+len(end)), 10), "\r\n"...)
	dst = append(append(append(dst, head...), key...), middle...)
	return append(append(append(dst, data...), end...), "\r\n"...)
}

func (redis) Get(dst []byte, channel, key string) []byte {
	return appendEntryName(load.AppendWord(load.AppendCommand(dst, 2), "GET"), channel, key)
}

// appendEntryName appends the name of an entry: channel:key.
func appendEntryName(dst []byte, channel, key string) []byte {
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(channel)+1+len(key)), 10), "\r\n"...)
	dst = append(append(append(dst, channel...), ':'), key...)
	return append(dst, "\r\n"...)
}

// Kind tells values by their first letter, and what was not asked for by its first word.
func (redis) Kind(frame []byte) Kind {
	switch frame[0] {
	case '>':
		switch {
		case bytes.HasPrefix(frame, []byte(">3\r\n$7\r\nmessage")):
			return Message
		case bytes.HasPrefix(frame, []byte(">3\r\n$9\r\nsubscribe")):
			return Subscribed
		}
	case '+': // OK, to a SET; a PUBLISH is answered with a number
		return Ack
	case '$', '_':
		return Answer
	case '-':
		return Refusal
	case '%':
		if bytes.HasPrefix(below(frame), []byte("$6\r\nserver")) {
			return Connected
		}
	}
	return Other
}
