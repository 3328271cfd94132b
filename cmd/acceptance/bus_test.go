package acceptance

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	broker "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A bus is a NATS server in this process, somebody who hears all events on it, and a stream that keeps them.
type bus struct {
	url    string
	stream jetstream.Stream

	mu    sync.Mutex
	heard []heardEvent
}

func newBus(t *testing.T) *bus {
	t.Helper()
	s, err := broker.NewServer(&broker.Options{
		Host: "127.0.0.1", Port: broker.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	b := &bus{url: s.ClientURL()}
	conn, err := nats.Connect(b.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	b.stream, err = js.CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "EVENTS", Subjects: []string{"hotsock.v1.>"}, Storage: jetstream.MemoryStorage, Duplicates: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, err := conn.Subscribe("hotsock.v1.>", func(m *nats.Msg) {
		at := time.Now()
		e := heardOnBus(t, m.Header, m.Data)
		e.at = at
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = append(b.heard, e)
	})
	if err == nil {
		err = sub.SetPendingLimits(-1, -1)
	}
	if err == nil {
		err = conn.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func heardOnBus(t *testing.T, header nats.Header, data []byte) heardEvent {
	e := heardEvent{id: header.Get(jetstream.MsgIDHeader)}
	if err := json.Unmarshal(data, &e.event); err != nil {
		t.Errorf("%s: %v", data, err)
	}
	return e
}

// all returns what was heard so far.
func (b *bus) all() []heardEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.heard)
}

// count is how much was heard so far.
func (b *bus) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.heard)
}

// kept returns what the stream has, in its order.
func (b *bus) kept(t *testing.T) []heardEvent {
	t.Helper()
	info, err := b.stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := b.stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var all []heardEvent
	for uint64(len(all)) < info.State.Msgs {
		batch, err := consumer.Fetch(int(min(info.State.Msgs-uint64(len(all)), 500)), jetstream.FetchMaxWait(patience))
		if err != nil {
			t.Fatal(err)
		}
		got := len(all)
		for m := range batch.Messages() {
			all = append(all, heardOnBus(t, m.Headers(), m.Data()))
		}
		if err := batch.Error(); err != nil || len(all) == got {
			t.Fatalf("read the stream: %d of %d, %v", len(all), info.State.Msgs, err)
		}
	}
	return all
}
