package acceptance

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	eventChannels = 6
	eventClients  = 4 // that come anew in every life, each with an entry that it counts up
)

// An eventBook is what clients did and were told, over all lives of a server.
type eventBook struct {
	mu       sync.Mutex
	messages [eventChannels]*countBook
	entries  [eventClients]*countBook
	greeted  map[string]bool // ids of connections that were greeted
}

// A countBook is a channel in which one writer counts, in messages or in an entry.
type countBook struct {
	name     string
	sent     int          // the last number, 0 if none
	accepted map[int]bool // those that were acknowledged
}

func newEventBook() *eventBook {
	b := &eventBook{greeted: map[string]bool{}}
	for c := range b.messages {
		b.messages[c] = &countBook{name: fmt.Sprintf("events.%d", c), accepted: map[int]bool{}}
	}
	for c := range b.entries {
		b.entries[c] = &countBook{name: fmt.Sprintf("kept.%d", c), accepted: map[int]bool{}}
	}
	return b
}

func (b *eventBook) acceptedAll() (messages, entries int) {
	for _, c := range b.messages {
		messages += len(c.accepted)
	}
	for _, c := range b.entries {
		entries += len(c.accepted)
	}
	return messages, entries
}

// next notes that the next number is being sent, and returns it.
func (b *eventBook) next(c *countBook) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.sent++
	return c.sent
}

func (b *eventBook) accept(c *countBook, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c.accepted[n] = true
}

// live loads a server for so long, and kills it.
func (b *eventBook) live(t *testing.T, s *server, life time.Duration) {
	t.Helper()
	var dying atomic.Bool
	var workers sync.WaitGroup
	for i, c := range b.messages {
		workers.Go(func() { b.publish(t, s, c, -(i % 2), &dying) })
	}
	var sockets []*socket
	for _, c := range b.entries {
		sockets = append(sockets, b.connect(t, s, c))
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

// publish counts up in a channel, in messages that are kept for so long; 0: not at all.
func (b *eventBook) publish(t *testing.T, s *server, c *countBook, store int, dying *atomic.Bool) {
	for {
		n := b.next(c)
		resp, err := s.publish(t.Context(), fmt.Sprintf(`{"channel":%q,"event":"e","data":%d,"store":%d,"emitPubSubEvent":true}`, c.name, n, store))
		switch {
		case err == nil && resp.status == 202:
			b.accept(c, n)
		case dying.Load():
			return
		default:
			t.Errorf("%s: message %d: %v %s", c.name, n, err, resp)
			return
		}
	}
}

// connect opens a connection that counts an entry up, each time when the number before is acknowledged.
func (b *eventBook) connect(t *testing.T, s *server, c *countBook) *socket {
	t.Helper()
	acks := make(chan int, 1)
	rights := fmt.Sprintf(`{"channels":{%q:{"autoSubscribe":true,"storage":{"k":{"set":true,"emitPubSubEvent":true}}}}}`, c.name)
	k, err := s.open(t.Context(), claims(rights), func(f *frame) {
		switch f.Event {
		case "hotsock.connected":
			var data struct{ ConnectionID string }
			if err := json.Unmarshal(f.Data, &data); err != nil {
				t.Error(err)
			}
			b.mu.Lock()
			b.greeted[data.ConnectionID] = true
			b.mu.Unlock()
			acks <- 0
		case "hotsock.ack":
			n, err := strconv.Atoi(f.Ref)
			if err != nil {
				t.Error(err)
			}
			b.accept(c, n)
			acks <- n
		case "hotsock.error":
			t.Errorf("%s: %+v", c.name, f)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			select {
			case <-k.done:
				return
			case <-acks:
			}
			n := b.next(c)
			if k.send(t.Context(), fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":%q,"key":"k","data":%d,"ref":"%d"}`, c.name, n, n)) != nil {
				return
			}
		}
	}()
	return k
}

// A heardEvent is one event as an endpoint got it.
type heardEvent struct {
	id    string
	event backendEvent
	at    time.Time // zero: nobody looked
}

// compare holds what an endpoint heard, in its order, against what happened, and returns what is wrong.
// What is lost comes first.
func (b *eventBook) compare(who string, heard []heardEvent) []string {
	h := &hearing{who: who, ids: map[string]string{}, numbers: map[string]map[int]bool{}, last: map[string]int{}}
	for _, e := range heard {
		h.take(e)
	}
	var lost []string
	for _, c := range append(b.messages[:], b.entries[:]...) {
		for n := range c.accepted {
			if !h.numbers[c.name][n] {
				lost = append(lost, fmt.Sprintf("lost: %s has not heard number %d of %s, which was accepted", who, n, c.name))
			}
		}
		for n := range h.numbers[c.name] {
			if n < 1 || n > c.sent {
				h.fault("hears number %d of %s, which was not sent", n, c.name)
			}
		}
	}
	for id := range b.greeted {
		for _, what := range []string{"hotsock.connected ", "hotsock.disconnected "} {
			if h.ids[what+id] == "" {
				lost = append(lost, fmt.Sprintf("lost: %s has not heard %s%s", who, what, id))
			}
		}
	}
	return append(lost, h.faults...)
}

// A hearing is what one endpoint heard so far.
type hearing struct {
	who     string
	ids     map[string]string // of events, by what they say
	numbers map[string]map[int]bool
	last    map[string]int // by channel, of what was heard for the first time
	faults  []string
}

func (h *hearing) fault(format string, args ...any) {
	h.faults = append(h.faults, h.who+" "+fmt.Sprintf(format, args...))
}

func (h *hearing) take(e heardEvent) {
	what := e.event.Type + " "
	switch e.event.Type {
	case "hotsock.messagePublished", "hotsock.channelStorageUpdated":
		var m struct {
			Channel      string
			Data         int
			DataPrevious *int
		}
		if err := json.Unmarshal(e.event.Data, &m); err != nil {
			h.fault("hears %s%s: %v", what, e.event.Data, err)
			return
		}
		h.count(e.event.Type, m.Channel, m.Data, m.DataPrevious)
		what += fmt.Sprintf("%s %d", m.Channel, m.Data)
	case "hotsock.connected", "hotsock.disconnected":
		var d struct{ ID string }
		if err := json.Unmarshal(e.event.Data, &d); err != nil {
			h.fault("hears %s%s: %v", what, e.event.Data, err)
		}
		what += d.ID
	default:
		return
	}
	if before, ok := h.ids[what]; ok && before != e.id {
		h.fault("hears %s as %s and as %s", what, before, e.id)
	}
	h.ids[what] = e.id
}

// count notes a number. The first time it must be greater than those before it, and an entry's must say that
// it came right after the one before.
func (h *hearing) count(eventType, channel string, n int, previous *int) {
	if h.numbers[channel] == nil {
		h.numbers[channel] = map[int]bool{}
	}
	if h.numbers[channel][n] {
		return
	}
	last := h.last[channel]
	if n < last {
		h.fault("hears number %d of %s first after %d", n, channel, last)
	}
	if eventType == "hotsock.channelStorageUpdated" && (previous == nil) != (last == 0) || previous != nil && *previous != last {
		h.fault("hears number %d of %s after %d, and the one before was %s", n, channel, last, orNone(previous))
	}
	h.numbers[channel][n], h.last[channel] = true, max(last, n)
}

func orNone(n *int) string {
	if n == nil {
		return "none"
	}
	return strconv.Itoa(*n)
}
