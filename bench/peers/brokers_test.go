package peers

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/bench/load"
)

// broadcasts plays a channel with subscribers on p, and another beside it.
func broadcasts(t *testing.T, p *Peer) {
	t.Helper()
	build(t, p)
	c := converse(t, p, t.TempDir())
	a, b, stranger := c.join(Subscribe, "room.1"), c.join(Subscribe, "room.1"), c.join(Subscribe, "room.12")
	writer, other := c.join(Publish, "room.1"), c.join(Publish, "room.12")
	const messages = 200
	for n := range messages {
		writer.conn.Send(p.Dialect.Publish(nil, "room.1", number(n)))
	}
	other.conn.Send(p.Dialect.Publish(nil, "room.12", number(7)))
	for _, s := range []*speaker{a, b} {
		if got := c.await(s, Message, messages); !carries(got, 0) || len(got) > messages {
			t.Errorf("a subscriber heard %q", got)
		}
	}
	if got := c.await(stranger, Message, 1); !carries(got, 7) || len(got) > 1 {
		t.Errorf("a subscriber of another channel heard %q", got)
	}
	if len(writer.heard[Message]) > 0 {
		t.Errorf("who does not subscribe heard %q", writer.heard[Message])
	}
	if cpu, err := c.server.CPU(); err != nil || cpu <= 0 {
		t.Errorf("it used %v: %v", cpu, err)
	}
	if err := c.server.Collect(t.Context()); err != nil {
		t.Error(err)
	}
	counters, err := c.server.Counters(t.Context())
	heap := counters["go_memstats_heap_alloc_bytes"] + counters["nodejs_heap_size_used_bytes"] + counters["used_memory"]
	if asked := p.counters != nil || c.server.Admin != ""; err != nil || asked && heap == 0 {
		t.Errorf("counters %v: %v", counters, err)
	}
}

// stores plays a channel that is written to and observed on p, kills p and reads what is left.
func stores(t *testing.T, p *Peer) {
	t.Helper()
	build(t, p)
	dir := t.TempDir()
	c := converse(t, p, dir)
	observer, stranger := c.join(Subscribe, "room.1"), c.join(Subscribe, "room.12")
	writers := []*speaker{c.join(Set, "room.1"), c.join(Set, "room.1")}
	const each = 50
	for n := range 2 * each {
		writers[n%2].conn.Send(p.Dialect.Set(nil, "room.1", fmt.Sprintf("key.%d", n%2), number(n)))
	}
	heard := c.await(observer, Message, 2*each)
	last := [2]int{-2, -1}
	for _, frame := range heard {
		var n int
		if _, err := fmt.Sscanf(frame[strings.LastIndex(frame, `{"n":`):], `{"n":%d}`, &n); err != nil {
			t.Fatalf("the observer heard %q", frame)
		}
		if n != last[n%2]+2 || !strings.Contains(frame, fmt.Sprintf("key.%d", n%2)) {
			t.Errorf("behind %d the observer heard %q", last[n%2], frame)
		}
		last[n%2] = n
	}
	for _, w := range writers {
		if got := c.await(w, Ack, each); len(got) > each {
			t.Errorf("%d answers to %d sets", len(got), each)
		}
	}
	if len(stranger.heard[Message]) > 0 {
		t.Errorf("an observer of another channel heard %q", stranger.heard[Message])
	}

	c.server.Kill()
	again := converse(t, p, dir)
	reader := again.join(Get, "room.1")
	for _, key := range []string{"key.0", "key.1", "none"} {
		reader.conn.Send(p.Dialect.Get(nil, "room.1", key))
	}
	if got := again.await(reader, Answer, 3); !carries(got[:2], 2*each-2) || strings.Contains(got[2], `"n"`) {
		t.Errorf("after a kill there is %q", got)
	}
}

func TestCentrifugeBroadcasts(t *testing.T) { broadcasts(t, All("")[Centrifuge]) }
func TestNATSBroadcasts(t *testing.T)       { broadcasts(t, All("")[NATS]) }
func TestNATSStores(t *testing.T)           { stores(t, All("")[NATS]) }
func TestRedisBroadcasts(t *testing.T)      { broadcasts(t, All("")[Redis]) }
func TestRedisStores(t *testing.T)          { stores(t, All("")[Redis]) }

// What makes them durable is what they were told, not what their documents say of it.
func TestRedisSyncsAlways(t *testing.T) {
	p := All("")[Redis]
	build(t, p)
	c := converse(t, p, t.TempDir())
	s := c.join(Publish, "room.1")
	s.conn.Send(load.AppendWord(load.AppendWord(load.AppendWord(load.AppendCommand(nil, 3), "CONFIG"), "GET"), "append*"))
	text := strings.ReplaceAll(c.await(s, Other, 1)[0], "\r\n", " ")
	if !strings.Contains(text, " appendonly $3 yes ") || !strings.Contains(text, " appendfsync $6 always ") {
		t.Errorf("it is configured as %s", text)
	}
	if !strings.HasPrefix(p.About, "Redis 7.") && !strings.HasPrefix(p.About, "Redis 8.") {
		t.Errorf("it is %q", p.About)
	}
}

func TestWithoutRedisItSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var missing *NotThere
	err := All("")[Redis].Build(t.Context(), t.TempDir(), t.TempDir())
	if !errors.As(err, &missing) || missing.Install != "apt-get install redis-server" {
		t.Errorf("got %v", err)
	}
}

func TestCentrifugeRefusesAWrongToken(t *testing.T) {
	p, stranger := All("")[Centrifuge], All("")[Centrifuge] // each with a secret of its own
	build(t, p)
	c := converse(t, p, t.TempDir())
	s := &speaker{who: Client{UID: "u", Channel: "room.1", Rights: Subscribe}, dialect: stranger.Dialect, heard: map[Kind][]string{}}
	if _, err := c.loop.Dial(c.server.Addr, s.dialect.Protocol(s.who), s); err != nil {
		t.Fatal(err)
	}
	if err := c.loop.Wait(t.Context(), time.Minute, "the end", func() bool { return s.err != nil }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.err.Error(), "3500") || len(s.heard) > 0 { // invalid token
		t.Errorf("ended with %v, after %v", s.err, s.heard)
	}
}

func TestRedisSaysWhereItListens(t *testing.T) {
	where := redisListens()
	for _, line := range []string{
		"1:C 21 Nov 2026 20:00:00.000 # Redis version=7.0.15, bits=64, commit=00000000, modified=0, pid=1, just started\n",
		"1:M 21 Nov 2026 20:00:00.001 * Running mode=standalone, port=20001.\n",
		"1:M 21 Nov 2026 20:00:00.002 # Server initialized\n",
	} {
		if a, ok := where([]byte(line)); ok {
			t.Fatalf("%v found in %s", a, line)
		}
	}
	a, ok := where([]byte("1:M 21 Nov 2026 20:00:00.003 * Ready to accept connections tcp\n"))
	if _, err := netip.ParseAddrPort(a.Listen); !ok || err != nil || a.Listen != "127.0.0.1:20001" {
		t.Errorf("%+v, %t", a, ok)
	}
}

func TestFramesOfBrokersAreSorted(t *testing.T) {
	for _, test := range []struct {
		d     Dialect
		frame string
		want  Kind
	}{
		{redis{}, "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n", Connected},
		{redis{}, "+OK\r\n", Ack},
		{redis{}, ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", Subscribed},
		{redis{}, ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\n1\r\n", Message},
		{redis{}, ">3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n", Other},
		{redis{}, ":4\r\n", Other},
		{redis{}, "$1\r\n1\r\n", Answer},
		{redis{}, "_\r\n", Answer},
		{redis{}, "-MISCONF no disk\r\n", Refusal},
		{nats{}, `INFO {"server_id":"x"}`, Connected},
		{nats{}, "PONG", Subscribed},
		{nats{}, "MSG live.c.message 1 1\r\n1", Message},
		{nats{}, "HMSG live.c.key 1 12 13\r\nNATS/1.0\r\n\r\n1", Message},
		{nats{}, "MSG _INBOX.1 1 28\r\n{\"stream\":\"KV_bench\",\"seq\":1}", Ack},
		{nats{}, "MSG _INBOX.1 1 28\r\n{\"error\":{\"code\":503}}", Refusal},
		{nats{}, "HMSG _INBOX.1 1 12 13\r\nNATS/1.0\r\nNats-Stream: KV_bench\r\n\r\n1", Answer},
		{nats{}, "HMSG _INBOX.1 1 12 12\r\nNATS/1.0 404 Message Not Found\r\n\r\n", Answer},
		{nats{}, "HMSG _INBOX.1 1 12 12\r\nNATS/1.0 503\r\n\r\n", Refusal},
		{nats{}, "-ERR 'Slow Consumer'", Refusal},
		{centrifuge{}, `{"id":1,"connect":{"client":"x","ping":25,"pong":true}}`, Connected},
		{centrifuge{}, `{"id":2,"subscribe":{}}`, Subscribed},
		{centrifuge{}, `{"push":{"channel":"c","pub":{"data":{"n":1},"info":{"user":"u","client":"x"}}}}`, Message},
		{centrifuge{}, `{"push":{"channel":"c","join":{"info":{"user":"u","client":"x"}}}}`, Other},
		{centrifuge{}, `{"id":3,"publish":{}}`, Other},
		{centrifuge{}, `{"id":3,"error":{"code":103,"message":"permission denied"}}`, Refusal},
		{centrifuge{}, `{}`, Other},
	} {
		if got := test.d.Kind([]byte(test.frame)); got != test.want {
			t.Errorf("%q is %d, want %d", test.frame, got, test.want)
		}
	}
}

// A port that was free and is somebody's a moment later costs a try and not the measurement; one that is always taken
// is told.
func TestPortThatWasTaken(t *testing.T) {
	p := All("")[Redis]
	build(t, p)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	free := p.arguments
	asked := 0
	p.arguments = func(dir string, settings map[string]any) ([]string, error) {
		args, err := free(dir, settings)
		if asked++; asked != 2 {
			args[slices.Index(args, "--port")+1] = port
		}
		return args, err
	}
	s, err := p.Start(t.Context(), Cores{}, t.TempDir(), nil)
	if err != nil || asked != 2 {
		t.Fatalf("%d starts: %v", asked, err)
	}
	s.Kill()
	if _, err := p.Start(t.Context(), Cores{}, t.TempDir(), nil); !portTaken(err) || asked != 5 {
		t.Errorf("%d starts: %v", asked, err)
	}
}
