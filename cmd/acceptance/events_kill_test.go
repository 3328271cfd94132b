package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	broker "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	eventChannels = 6
	eventClients  = 4 // that come anew in every life
)

// TestKillNineLosesNoEvent kills a server that tells a webhook and NATS, again and again: whatever was
// acknowledged to a client is told to both, at least once, under one id; each channel's events come in the
// order in which they happened; nothing comes that was not sent; and connections that died with the server
// are told to have ended.
func TestKillNineLosesNoEvent(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	book := newEventBook()
	// One answer in ten is a failure.
	h := newHooks(t, func(int, *backendEvent) int {
		if rand.IntN(10) == 0 {
			return 500
		}
		return 200
	})
	bus := subscribeAll(t)
	s := serve(t, defaults().with(h.settings()).with(settings{"events.nats.url": bus.url}))
	for n := range eventKillRounds {
		book.live(t, s, 50*time.Millisecond+time.Duration(random.Int64N(int64(400*time.Millisecond))))
		if err := s.start(); err != nil {
			t.Fatalf("round %d: %v", n, err)
		}
	}
	emptied(t, s)
	calls := h.all()
	heard := make([]heardEvent, len(calls))
	for i, c := range calls {
		heard[i] = heardEvent{c.id, c.event}
		if c.bad != "" {
			t.Errorf("call %d: %s", i, c.bad)
		}
	}
	book.compare(t, "the webhook", heard)
	book.compare(t, "NATS", bus.all())
	t.Logf("%d kills: %d messages accepted, %d connections; %d calls of the webhook, %d messages of NATS",
		eventKillRounds, book.acceptedAll(), len(book.greeted), len(calls), len(bus.all()))
}

// emptied waits until the outbox is empty.
func emptied(t *testing.T, s *server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	defer cancel()
	for {
		resp, err := s.get(ctx, "http://"+s.admin+"/metrics")
		if err == nil && strings.Contains(resp.body, "\ndormouse_events_backlog 0\n") {
			return
		}
		if pause(ctx, pollEvery) != nil {
			_, rest, _ := strings.Cut(resp.body, "dormouse_events_backlog")
			t.Fatalf("the outbox is not emptied: %v %.2000s", err, rest)
		}
	}
}

// An eventBook is what clients did and were told, over all lives of a server.
type eventBook struct {
	mu       sync.Mutex
	sent     [eventChannels]int          // the last number that was sent, 0 if none
	accepted [eventChannels]map[int]bool // those that were acknowledged
	greeted  map[string]bool             // ids of connections that were greeted
}

func newEventBook() *eventBook {
	b := &eventBook{greeted: map[string]bool{}}
	for c := range b.accepted {
		b.accepted[c] = map[int]bool{}
	}
	return b
}

func (b *eventBook) acceptedAll() (n int) {
	for _, numbers := range b.accepted {
		n += len(numbers)
	}
	return n
}

// live loads a server for so long, and kills it.
func (b *eventBook) live(t *testing.T, s *server, life time.Duration) {
	t.Helper()
	var dying atomic.Bool
	var workers sync.WaitGroup
	for c := range eventChannels {
		workers.Go(func() { b.publish(t, s, c, &dying) })
	}
	var sockets []*socket
	for range eventClients {
		k, err := s.open(t.Context(), `{"channels":{"other":{"autoSubscribe":true}}}`, func(f *frame) {
			var data struct{ ConnectionID string }
			if f.Event == "hotsock.connected" && json.Unmarshal(f.Data, &data) == nil {
				b.mu.Lock()
				b.greeted[data.ConnectionID] = true
				b.mu.Unlock()
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		sockets = append(sockets, k)
	}
	sockets[0].close() // one of them leaves by itself
	_ = pause(t.Context(), life)
	dying.Store(true)
	s.kill()
	workers.Wait()
	for _, k := range sockets[1:] {
		<-k.done
	}
}

// publish counts up in a channel. Messages of every other channel are not even stored.
func (b *eventBook) publish(t *testing.T, s *server, c int, dying *atomic.Bool) {
	store := -(c % 2)
	for {
		b.mu.Lock()
		b.sent[c]++
		n := b.sent[c]
		b.mu.Unlock()
		resp, err := s.publish(t.Context(), fmt.Sprintf(`{"channel":"events.%d","event":"e","data":%d,"store":%d,"emitPubSubEvent":true}`, c, n, store))
		switch {
		case err == nil && resp.status == 202:
			b.mu.Lock()
			b.accepted[c][n] = true
			b.mu.Unlock()
		case dying.Load():
			return
		default:
			t.Errorf("channel %d: message %d: %v %s", c, n, err, resp)
			return
		}
	}
}

// A heardEvent is one event as an endpoint got it.
type heardEvent struct {
	id    string
	event backendEvent
}

// compare holds what an endpoint heard, in its order, against what happened.
func (b *eventBook) compare(t *testing.T, who string, heard []heardEvent) {
	t.Helper()
	ids := map[string]string{} // by what the event says
	last := map[string]int{}
	numbers := map[string]map[int]bool{}
	for _, e := range heard {
		what := e.event.Type + " " + string(e.event.Data)
		switch e.event.Type {
		case "hotsock.messagePublished":
			var m struct {
				Channel string
				Data    int
			}
			if err := json.Unmarshal(e.event.Data, &m); err != nil {
				t.Errorf("%s hears %s: %v", who, what, err)
				continue
			}
			if numbers[m.Channel] == nil {
				numbers[m.Channel] = map[int]bool{}
			}
			if !numbers[m.Channel][m.Data] && m.Data < last[m.Channel] {
				t.Errorf("%s hears %s of %s first after %d", who, what, m.Channel, last[m.Channel])
			}
			numbers[m.Channel][m.Data] = true
			last[m.Channel] = max(last[m.Channel], m.Data)
			what = fmt.Sprintf("message %d of %s", m.Data, m.Channel)
		case "hotsock.connected", "hotsock.disconnected":
			var d struct{ ID string }
			_ = json.Unmarshal(e.event.Data, &d)
			what = e.event.Type + " " + d.ID
		default:
			continue
		}
		if before, ok := ids[what]; ok && before != e.id {
			t.Errorf("%s hears %s as %s and as %s", who, what, before, e.id)
		}
		ids[what] = e.id
	}
	for c := range eventChannels {
		name := fmt.Sprintf("events.%d", c)
		for n := range b.accepted[c] {
			if !numbers[name][n] {
				t.Errorf("%s has not heard message %d of %s, which was accepted", who, n, name)
			}
		}
		for n := range numbers[name] {
			if n < 1 || n > b.sent[c] {
				t.Errorf("%s hears message %d of %s, which was not sent", who, n, name)
			}
		}
	}
	for id := range b.greeted {
		for _, what := range []string{"hotsock.connected ", "hotsock.disconnected "} {
			if ids[what+id] == "" {
				t.Errorf("%s has not heard %s%s", who, what, id)
			}
		}
	}
}

// A busReader hears everything that is published to a NATS server in this process.
type busReader struct {
	url   string
	mu    sync.Mutex
	heard []heardEvent
}

func subscribeAll(t *testing.T) *busReader {
	t.Helper()
	s, err := broker.NewServer(&broker.Options{Host: "127.0.0.1", Port: broker.RANDOM_PORT, NoLog: true, NoSigs: true})
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
	b := &busReader{url: s.ClientURL()}
	conn, err := nats.Connect(b.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	sub, err := conn.Subscribe("hotsock.v1.>", func(m *nats.Msg) {
		e := heardEvent{id: m.Header.Get("Nats-Msg-Id")}
		if err := json.Unmarshal(m.Data, &e.event); err != nil {
			t.Errorf("%s: %v", m.Data, err)
		}
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

func (b *busReader) all() []heardEvent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]heardEvent(nil), b.heard...)
}
