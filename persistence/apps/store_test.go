package apps

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"dormouse/claims"
)

// store is a source whose answers take time, that can go down, and whose index can lag behind its table.
type store struct {
	mu     sync.Mutex
	table  []Record
	index  []Record // what lookups by key see; nil: the table
	takes  time.Duration
	down   error
	reads  []string // "id a", "key a-key"
	most   int      // reads under way at once
	now    int
	closed bool
}

var errDown = errors.New("connection refused")

func (s *store) find(ctx context.Context, what, name string) (Record, error) {
	s.mu.Lock()
	takes := s.takes
	s.reads = append(s.reads, what+" "+name)
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if takes > 0 {
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, s.down
	}
	records := s.table
	if what == "key" && s.index != nil {
		records = s.index
	}
	list, _ := NewStatic(records)
	if what == "key" {
		return list.ByKey(ctx, name)
	}
	return list.ByID(ctx, name)
}

func (s *store) ByID(ctx context.Context, id string) (Record, error) { return s.find(ctx, "id", id) }
func (s *store) ByKey(ctx context.Context, key string) (Record, error) {
	return s.find(ctx, "key", key)
}

func (s *store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

func (s *store) set(change func(*store)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// has has these records in the table, and nothing else.
func (s *store) has(records ...Record) { s.set(func(s *store) { s.table = records }) }

func (s *store) isDown(err error) { s.set(func(s *store) { s.down = err }) }

func (s *store) mostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// took returns what was read since the last call.
func (s *store) took() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	reads := strings.Join(s.reads, ", ")
	s.reads = nil
	return reads
}

var discard = slog.New(slog.DiscardHandler)

// lines is a log that can be read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) with(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// rig is a cache over a store, with everything that it tells.
type rig struct {
	*Cache
	t     *testing.T
	store *store
	log   *lines

	mu       sync.Mutex
	changes  []string
	outcomes map[Outcome]int
	counts   map[string]int
}

func (r *rig) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[what]++
}

// told is what the listener heard, and how often.
func (r *rig) told() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.counts)
}

// answered is how lookups ended, and how often.
func (r *rig) answered() map[Outcome]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.outcomes)
}

// newRig runs inside a bubble of synctest, and closes the cache at its end.
func newRig(t *testing.T, o CacheOptions, records ...Record) *rig {
	r := &rig{
		t: t, store: &store{table: records}, log: &lines{},
		outcomes: map[Outcome]int{}, counts: map[string]int{},
	}
	o.Logger = slog.New(slog.NewTextHandler(r.log, nil))
	o.OnChange = func(old, now *claims.App) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.changes = append(r.changes, describe(old)+" > "+describe(now))
	}
	o.Listener = Listener{
		Lookup: func(o Outcome) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.outcomes[o]++
		},
		Read:    func(bool, time.Duration, error) { r.count("read") },
		Refused: func(refresh bool) { r.count(fmt.Sprint("refused ", refresh)) },
		Late:    func(time.Duration) { r.count("late") },
		Invalid: func(app string, _ error) { r.count("invalid " + app) },
		Outage:  func(down bool, _ error) { r.count(fmt.Sprint("outage ", down)) },
		Evicted: func(app string) { r.count("evicted " + app) },
	}
	r.Cache = NewCache(r.store, o)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if !r.store.closed {
			t.Error("the source was not closed")
		}
	})
	return r
}

func describe(a *claims.App) string {
	if a == nil {
		return "gone"
	}
	s := a.ID + " " + a.Key
	if a.MaxConnections >= 0 {
		s += fmt.Sprint(" ", a.MaxConnections)
	}
	if !a.Enabled {
		s += " disabled"
	}
	return s
}

// is looks a name up, "id a" or "key a-key", and describes the answer.
func (r *rig) is(what string) string {
	kind, name, _ := strings.Cut(what, " ")
	find := r.ByID
	if kind == "key" {
		find = r.ByKey
	}
	switch a, err := find(r.t.Context(), name); {
	case err == nil:
		return describe(a)
	case errors.Is(err, claims.ErrNoApp):
		return "none"
	case errors.Is(err, claims.ErrAppsUnavailable):
		return "unavailable"
	default:
		return err.Error()
	}
}

func (r *rig) expect(what, want string) {
	r.t.Helper()
	if got := r.is(what); got != want {
		r.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

func (r *rig) expectReads(want string) {
	r.t.Helper()
	if got := r.store.took(); got != want {
		r.t.Errorf("read %q, want %q", got, want)
	}
}

func (r *rig) expectChanges(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.changes, "; "); got != strings.Join(want, "; ") {
		r.t.Errorf("changes %q, want %q", got, want)
	}
	r.changes = nil
}

// appRecord is the record of an app with more attributes, in pairs of name and value.
func appRecord(id string, pairs ...any) Record {
	r := Record{"id": id, "key": id + "-key", "secret": id + "-secret"}
	for i := 0; i < len(pairs); i += 2 {
		r[pairs[i].(string)] = pairs[i+1]
	}
	return r
}
