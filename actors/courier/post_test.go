package courier

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/persistence"
)

// A receiver is an endpoint that notes what it is given. answer says how it takes it; nil: well.
type receiver struct {
	name   string
	types  string // prefix of the types that it wants
	answer func(attempt int, e *Event) error

	mu       sync.Mutex
	attempts map[string]int
	all      []string // channel/data of every attempt
	got      []string // of what it took
	at       []time.Time
	flying   int
	most     int
}

func newReceiver(name string, answer func(attempt int, e *Event) error) *receiver {
	return &receiver{name: name, answer: answer, attempts: map[string]int{}}
}

func (r *receiver) Name() string { return r.name }

func (r *receiver) Wants(eventType, _, _ string) bool { return strings.HasPrefix(eventType, r.types) }

func (r *receiver) Emit(ctx context.Context, e *Event) error {
	what := e.Channel() + "/" + string(e.Data)
	r.mu.Lock()
	r.attempts[what]++
	n := r.attempts[what]
	r.all = append(r.all, what)
	r.at = append(r.at, time.Now())
	r.flying++
	r.most = max(r.most, r.flying)
	r.mu.Unlock()
	time.Sleep(time.Millisecond) // of the bubble's time: a round trip
	var err error
	if r.answer != nil {
		err = r.answer(n, e)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying--
	if err == nil {
		r.got = append(r.got, what)
	}
	return err
}

func (r *receiver) took() []string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// of returns what it took of one channel.
func (r *receiver) of(channel string) []string {
	return slices.DeleteFunc(r.took(), func(s string) bool { return !strings.HasPrefix(s, channel+"/") })
}

// A post is a store and its courier in a bubble.
type post struct {
	t       *testing.T
	o       Options
	disk    persistence.Options
	store   *persistence.Store
	courier *Courier
	told    []string // what the listener heard
	mu      sync.Mutex
}

func newPost(t *testing.T, o Options, endpoints ...*receiver) *post {
	t.Helper()
	p := &post{t: t, o: o, disk: persistence.Options{Dir: "data", FS: persistence.Memory(), BallastBytes: -1, Logger: discard()}}
	p.o.Logger = discard()
	note := func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = append(p.told, fmt.Sprintf(format, args...))
	}
	p.o.Listener = Listener{
		Backlogged: func(over bool, n int) { note("backlogged %v", over) },
		Down:       func(name string, down bool, reason string) { note("%s down %v %s", name, down, reason) },
		Buried:     func(name, _, eventType, reason string) { note("%s buried %s: %s", name, eventType, reason) },
		Dropped:    func(n int) { note("dropped %d", n) },
	}
	p.begin(endpoints...)
	t.Cleanup(p.end)
	return p
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func (p *post) begin(endpoints ...*receiver) {
	p.t.Helper()
	var err error
	if p.store, err = persistence.Open(p.disk); err != nil {
		p.t.Fatal(err)
	}
	p.o.Endpoints = nil
	for _, r := range endpoints {
		p.o.Endpoints = append(p.o.Endpoints, r)
	}
	if p.courier, err = New(p.store.Outbox(), p.o); err != nil {
		p.t.Fatal(err)
	}
	p.courier.Start()
}

func (p *post) end() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.courier.Close(ctx)
	if err := p.store.Close(); err != nil {
		p.t.Error(err)
	}
}

// emit queues events of a channel, each with the commit of its own.
func (p *post) emit(channel string, data ...string) {
	p.emitOf("hotsock.messagePublished", channel, data...)
}

func (p *post) emitOf(eventType, channel string, data ...string) {
	p.write(eventType, Types[eventType], channel, data...)
}

func (p *post) write(eventType, dataType, channel string, data ...string) {
	for _, d := range data {
		e := Event{App: "app", Type: eventType, DataType: dataType, Data: []byte(d), Metadata: []Attribute{{"event", "e"}, {"channel", channel}}}
		w := Write(e, channel, time.Now(), func(b []byte) { rand.Read(b) })
		p.store.Commit([]persistence.Write{w}, persistence.Sync, nil)
	}
}

// heard takes what the listener heard.
func (p *post) heard() string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	told := strings.Join(p.told, "; ")
	p.told = nil
	return told
}

// empty holds if nothing is left in the outbox, on disk too.
func (p *post) empty() {
	p.t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	list, err := p.store.Outbox().Next(0, 10)
	if err != nil || len(list) > 0 || p.store.Outbox().Len() != 0 {
		p.t.Errorf("the outbox has %d events, %d by its count, %v", len(list), p.store.Outbox().Len(), err)
	}
}

func numbers(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i)
	}
	return all
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %.300v, want %.300v", what, got, want)
	}
}

func prefixed(channel string, data []string) []string {
	all := make([]string, len(data))
	for i := range data {
		all[i] = channel + "/" + data[i]
	}
	return all
}
