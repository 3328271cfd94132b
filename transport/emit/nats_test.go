package emit

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"dormouse/actors/courier"
)

// natsServer runs one in this process, on a free port or on the one given.
func natsServer(t *testing.T, port int, change func(*server.Options)) *server.Server {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(), MaxPayload: 64 << 10}
	if port == 0 {
		o.Port = server.RANDOM_PORT
	}
	if change != nil {
		change(o)
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

func newNATS(t *testing.T, o NATSOptions) *NATS {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	n, err := NewNATS(o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// emitSoon tries until it works, as the courier does.
func emitSoon(t *testing.T, n *NATS, e *courier.Event) {
	t.Helper()
	var err error
	for began := time.Now(); time.Since(began) < 20*time.Second; {
		if err = n.Emit(t.Context(), e); err == nil {
			return
		}
		if n.conn.IsConnected() {
			_ = n.conn.FlushTimeout(time.Second)
		}
	}
	t.Fatal(err)
}

func TestNATSPublishes(t *testing.T) {
	s := natsServer(t, 0, nil)
	defer stop(s)
	reader, err := nats.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	sub, err := reader.SubscribeSync("hotsock.v1.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := reader.Flush(); err != nil {
		t.Fatal(err)
	}
	n := newNATS(t, NATSOptions{URL: s.ClientURL()})
	defer n.Close()
	emitSoon(t, n, event())
	m, err := sub.NextMsg(10 * time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if m.Subject != "hotsock.v1.message.messagePublished" || !bytes.Equal(m.Data, event().AppendEnvelope(nil)) {
		t.Errorf("%s %s", m.Subject, m.Data)
	}
	for name, want := range map[string]string{
		"Nats-Msg-Id": event().ID.String(), "Hotsock-Type": "hotsock.messagePublished", "Hotsock-DataType": "message",
		"Hotsock-Source": "hotsock.v1", "Hotsock-Channel": "c", "Hotsock-Event": "e", "Hotsock-HotsockVersion": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	big := event()
	big.Data = []byte(`"` + strings.Repeat("x", 64<<10) + `"`)
	var r *courier.Refusal
	if err := n.Emit(t.Context(), big); !errors.As(err, &r) || !r.Final {
		t.Errorf("too big: %v", err)
	}
}

// A stream keeps each event once, whatever is sent twice; without a stream an event has not arrived.
func TestJetStreamKeeps(t *testing.T) {
	s := natsServer(t, 0, nil)
	defer stop(s)
	n := newNATS(t, NATSOptions{URL: s.ClientURL(), JetStream: true, Prefix: "my.events"})
	defer n.Close()
	if err := n.Emit(t.Context(), event()); err == nil {
		t.Error("nobody keeps it, and it has arrived")
	}
	js, err := jetstream.New(n.conn)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "E", Subjects: []string{"my.events.>"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		emitSoon(t, n, event())
	}
	info, err := stream.Info(t.Context())
	if err != nil || info.State.Msgs != 1 {
		t.Errorf("%+v, %v", info, err)
	}
}

// A server that is away at the start, or goes and comes back, costs errors and nothing else.
func TestNATSComesBack(t *testing.T) {
	s := natsServer(t, 0, nil)
	url := s.ClientURL()
	n := newNATS(t, NATSOptions{URL: url})
	defer n.Close()
	emitSoon(t, n, event())
	number := s.PortsInfo(time.Second).Nats[0]
	stop(s)
	if err := n.Emit(t.Context(), event()); err == nil {
		t.Error("nobody is there, and it has arrived")
	}
	s = natsServer(t, portOf(t, number), nil)
	defer stop(s)
	reader, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	sub, err := reader.SubscribeSync(">")
	if err == nil {
		err = reader.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	emitSoon(t, n, event())
	if _, err := sub.NextMsg(10 * time.Second); err != nil {
		t.Error(err)
	}
}

func portOf(t *testing.T, url string) int {
	t.Helper()
	port := 0
	for _, c := range url[strings.LastIndexByte(url, ':')+1:] {
		port = port*10 + int(c-'0')
	}
	return port
}

func TestNATSAuthenticates(t *testing.T) {
	s := natsServer(t, 0, func(o *server.Options) { o.Username, o.Password = "dora", "open" })
	defer stop(s)
	n := newNATS(t, NATSOptions{URL: s.ClientURL(), User: "dora", Password: "open"})
	defer n.Close()
	emitSoon(t, n, event())
}

func TestNATSOptions(t *testing.T) {
	for want, o := range map[string]NATSOptions{
		"url is missing":     {},
		"no beginning of a":  {URL: "nats://x", Prefix: "a.*"},
		"user is missing":    {URL: "nats://x", Password: "x"},
		"is no type of":      {URL: "nats://x", Filter: Filter{Types: []string{"x"}}},
		"is no data type of": {URL: "nats://x", Filter: Filter{DataTypes: []string{"x"}}},
	} {
		if _, err := NewNATS(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
