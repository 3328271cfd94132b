package actors_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/courier"
	"dormouse/persistence"
)

// A backend is an endpoint that takes everything that it wants.
type backend struct {
	types []string // nil: all

	mu  sync.Mutex
	got []envelope
}

type envelope struct {
	Source, Type, DataType string
	Metadata               map[string]string
	Data                   map[string]any
}

func (*backend) Name() string { return "backend" }

func (b *backend) Wants(eventType, _, _ string) bool {
	return b.types == nil || slices.Contains(b.types, eventType)
}

func (b *backend) Emit(_ context.Context, e *courier.Event) error {
	var x envelope
	if err := json.Unmarshal(e.AppendEnvelope(nil), &x); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, x)
	return nil
}

// take returns what has come since, and forgets it.
func (b *backend) take() []envelope {
	time.Sleep(time.Second)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

func (b *backend) expect(t *testing.T, types ...string) []envelope {
	t.Helper()
	got := b.take()
	var names []string
	for _, e := range got {
		names = append(names, strings.TrimPrefix(e.Type, "hotsock."))
		if e.Source != "hotsock.v1" || e.Metadata["hotsockVersion"] == "" || e.DataType != courier.Types[e.Type] {
			t.Errorf("envelope %+v", e)
		}
	}
	if !slices.Equal(names, types) {
		t.Fatalf("got  %v\nwant %v", names, types)
	}
	return got
}

func eventsTo(b *backend) actors.Options {
	return actors.Options{Events: courier.Options{Endpoints: []courier.Emitter{b}, Version: "test"}}
}

func TestBackendEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := new(backend)
		s := actorstest.Start(t, eventsTo(b))
		ann := s.Connect(map[string]any{"uid": "ann", "umd": map[string]any{"a": 1}, "keepAlive": true, "channels": map[string]any{
			"c": map[string]any{
				"subscribe": true,
				"messages":  map[string]any{"e": map[string]any{"publish": true, "emitPubSubEvent": true}, "quiet": map[string]any{"publish": true}},
				"storage":   map[string]any{"k": map[string]any{"set": true, "emitPubSubEvent": true, "store": 60}},
			},
		}})
		e := b.expect(t, "connected")[0]
		if e.Data["uid"] != "ann" || e.Data["keepAlive"] != true || e.Data["id"] != ann.Connection.ID() || e.Data["disconnectedAt"] != nil ||
			e.Data["sourceIp"] != nil || e.Data["umd"].(map[string]any)["a"] != 1.0 || e.Metadata["serverVersion"] != "test" {
			t.Errorf("%+v", e)
		}
		// Moments have nine digits after the second, also where they are zeros.
		if at := regexp.MustCompile(`^2000-01-01T00:\d\d:\d\d\.\d{9}Z$`); !at.MatchString(e.Data["connectedAt"].(string)) {
			t.Errorf("connected at %v, want nanoseconds", e.Data["connectedAt"])
		}
		ann.Send(&actors.Subscribe{Channel: "c"})
		got := b.expect(t, "subscribed", "channelUpdated")
		if got[0].Metadata["channel"] != "c" || got[1].Data["subscriptionsCount"] != 1.0 {
			t.Errorf("%+v", got)
		}
		ann.Send(&actors.Publish{Channel: "c", Event: "e", Data: []byte("1")}, &actors.Publish{Channel: "c", Event: "quiet"})
		e = b.expect(t, "messagePublished")[0]
		if _, err := uuid.Parse(e.Metadata["requestId"]); err != nil || e.Metadata["connectionId"] != ann.Connection.ID() || e.Metadata["trigger"] != "client.websocket" {
			t.Errorf("%+v", e)
		}
		ann.Send(&actors.SetStorage{Channel: "c", Key: "k", Data: []byte("1")}, &actors.SetStorage{Channel: "c", Key: "k", Data: []byte("1")})
		b.expect(t, "channelStorageUpdated")
		time.Sleep(time.Minute)
		if e = b.expect(t, "channelStorageUpdated")[0]; e.Data["expired"] != true || e.Data["dataPrevious"] != 1.0 {
			t.Errorf("%+v", e)
		}
		ann.Send(&actors.UpdateUMD{Token: s.Token(map[string]any{"scope": "umd", "uid": "ann", "umdUpdate": true, "umd": 7})})
		if e = b.expect(t, "connectionUpdated")[0]; e.Data["umd"] != 7.0 || e.Data["disconnectedAt"] != nil {
			t.Errorf("%+v", e)
		}
		ann.Hang()
		// The channel's events are in order, and so are the connection's; between them there is none.
		got = b.take()
		i := slices.IndexFunc(got, func(e envelope) bool { return e.Type == "hotsock.disconnected" })
		if i < 0 {
			t.Fatalf("got %+v", got)
		}
		e = got[i]
		if rest := slices.Delete(got, i, i+1); len(rest) != 2 || rest[0].Type != "hotsock.unsubscribed" || rest[1].Type != "hotsock.channelUpdated" {
			t.Errorf("the channel's are %+v", rest)
		}
		if at, _ := e.Data["disconnectedAt"].(string); len(at) != len("2000-01-01T00:00:00.000000000Z") || e.Data["uid"] != "ann" {
			t.Errorf("%+v", e)
		}
		if n := s.Store.Outbox().Len(); n != 0 {
			t.Errorf("%d events are left", n)
		}
	})
}

// What no endpoint wants is not even written.
func TestUnwantedEventsAreNotWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.unsubscribed"}}
		s := actorstest.Start(t, eventsTo(b))
		ann := s.Connect(map[string]any{"channels": map[string]any{"c": map[string]any{"subscribe": true}}})
		ann.Send(&actors.Subscribe{Channel: "c"}, &actors.Unsubscribe{Channel: "c"})
		b.expect(t, "unsubscribed")
		if n := s.Store.Outbox().Last(); n != 1 {
			t.Errorf("%d events were written, want 1", n)
		}
	})
}

// Connections that were open when the process died without a word are told to have ended, once.
func TestConnectionsThatDiedWithTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &backend{types: []string{"hotsock.disconnected"}}
		s := actorstest.Start(t, eventsTo(b))
		ann := s.Connect(map[string]any{"uid": "ann"})
		s.Store.Commit([]persistence.Write{
			persistence.List("!connections", "lost", []byte(`{"app":"`+actorstest.App+`","record":{"id":"lost","connectedAt":"2024-01-01T00:00:00Z","disconnectedAt":null,"keepAlive":false,"sourceIp":"192.0.2.1","uid":"bob","umd":{"b":2},"userAgent":null}}`)),
		}, persistence.Sync, nil)
		s.Restart() // in order: ann is told of by the end of the first life, the other one by the second
		got := b.expect(t, "disconnected", "disconnected")
		slices.SortFunc(got, func(x, y envelope) int { return strings.Compare(x.Data["uid"].(string), y.Data["uid"].(string)) })
		if got[0].Data["id"] != ann.Connection.ID() || got[1].Data["id"] != "lost" || got[1].Data["disconnectedAt"] == nil ||
			got[1].Data["sourceIp"] != "192.0.2.1" || got[1].Data["connectedAt"] != "2024-01-01T00:00:00.000000000Z" {
			t.Errorf("%+v", got)
		}
		s.Restart()
		b.expect(t)
	})
}

// A client's greeting waits until its connection is on disk; what it sends meanwhile is not lost.
func TestEarlyCommandsWaitForTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, eventsTo(new(backend)))
		admission, err := s.Admit(map[string]any{"channels": map[string]any{"c": map[string]any{"subscribe": true}}})
		if err != nil {
			t.Fatal(err)
		}
		client := actorstest.NewClient(t)
		client.Connection = admission.Open(client)
		client.Send(&actors.Subscribe{Channel: "c"}, &actors.Ping{})
		var kinds []string
		for _, f := range client.Frames() {
			kind, _, _ := strings.Cut(f, " ")
			kinds = append(kinds, kind)
		}
		if kinds[0] != "connected" || !slices.Contains(kinds, "subscribed") || !slices.Contains(kinds, "pong") {
			t.Errorf("got %v", kinds)
		}
	})
}

// TestEventsGoElsewhere: endpoints come, change and go while channels are awake and connections open.
func TestEventsGoElsewhere(t *testing.T) {
	bubble(t, actors.Options{}, func(t *testing.T, s *actorstest.Server) {
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"c": map[string]any{
			"subscribe": true, "messages": map[string]any{"e": map[string]any{"publish": true, "emitPubSubEvent": true}}}}})
		ann.Send(subscribe("c"))
		ann.Expect("subscribed c uid=ann")
		first, second := new(backend), new(backend)
		to := func(all ...courier.Emitter) {
			t.Helper()
			if err := s.SetEvents(t.Context(), courier.Options{Endpoints: all}); err != nil {
				t.Fatal(err)
			}
		}
		ann.Send(&actors.Publish{Channel: "c", Event: "e"})
		ann.ExpectNone()
		to(first)
		first.expectTypes(t)
		ann.Send(&actors.Publish{Channel: "c", Event: "e"})
		first.expectTypes(t, "messagePublished")
		to(second)
		ann.Send(&actors.Publish{Channel: "c", Event: "e"})
		second.expectTypes(t, "messagePublished")
		if err := s.SetEvents(t.Context(), courier.Options{Endpoints: []courier.Emitter{first, first}}); err == nil {
			t.Error("one name twice")
		}
		ann.Send(&actors.Publish{Channel: "c", Event: "e"})
		second.expectTypes(t, "messagePublished")
		first.expectTypes(t)
		to()
		if s.Courier() != nil {
			t.Error("there is a courier")
		}
		ann.Hang()
		first.expectTypes(t)
		second.expectTypes(t)
		to(first)
		first.expectTypes(t)
	})
}

// expectTypes is expect for a server without a version.
func (b *backend) expectTypes(t *testing.T, types ...string) {
	t.Helper()
	var names []string
	for _, e := range b.take() {
		names = append(names, strings.TrimPrefix(e.Type, "hotsock."))
	}
	if !slices.Equal(names, types) {
		t.Fatalf("got  %v\nwant %v", names, types)
	}
}
