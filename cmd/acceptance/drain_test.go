package acceptance

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	drainSockets = 500
	drainWriters = 64 // of them
	drainTimeout = 15 * time.Second
	drainSpread  = 3 * time.Second
)

// TestDrain asks a server under load to stop. Nothing that it acknowledged may be lost; every socket gets a
// close code; who comes meanwhile is sent elsewhere; the process ends well, within the time it was given.
func TestDrain(t *testing.T) {
	s := serve(t, defaults().with(settings{"drain.timeout": drainTimeout.String(), "drain.spread": drainSpread.String()}))
	crowd := gather(t, s)
	_ = pause(t.Context(), 300*time.Millisecond)

	began := time.Now()
	if err := s.signal(); err != nil {
		t.Fatal(err)
	}
	refused := turnedAway(t, s)
	select {
	case <-s.exited:
	case <-time.After(drainTimeout + patience):
		t.Fatalf("still running %v after it was asked to stop", time.Since(began))
	}
	took := time.Since(began)
	if s.code != 0 {
		t.Errorf("exit code %d", s.code)
	}
	if took > drainTimeout {
		t.Errorf("it ended after %v, want %v at most", took, drainTimeout)
	}
	codes, first, last := crowd.ends(began)
	if codes[int(websocket.StatusGoingAway)] != drainSockets {
		t.Errorf("close codes %v, want 1001 for all %d (-1: none)", codes, drainSockets)
	}
	t.Logf("%d sockets closed from %v to %v, ended after %v; %d of %d writes acknowledged; %d upgrades refused",
		drainSockets, first.Round(time.Millisecond), last.Round(time.Millisecond), took.Round(time.Millisecond),
		crowd.acked.Load(), crowd.sent.Load(), refused)

	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	crowd.looks(t, s)
}

// A crowd is many sockets, some of which write without pause.
type crowd struct {
	work    sync.WaitGroup
	members []*member
	sent    atomic.Int64
	acked   atomic.Int64
}

// A member of a crowd counts an entry up if it writes. Its fields belong to its reader until it has ended.
type member struct {
	socket *socket
	key    string
	acked  int
	ended  time.Time
}

func gather(t *testing.T, s *server) *crowd {
	t.Helper()
	c := &crowd{members: make([]*member, drainSockets)}
	ctx := t.Context()
	errs := make(chan error, drainSockets)
	slots := make(chan struct{}, 16)
	var opening sync.WaitGroup
	for i := range c.members {
		m := &member{key: fmt.Sprintf("k%d", i)}
		c.members[i] = m
		opening.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs <- c.join(ctx, s, m, i < drainWriters)
		})
	}
	opening.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, m := range c.members {
			m.socket.close()
		}
		c.work.Wait()
	})
	return c
}

func (c *crowd) join(ctx context.Context, s *server, m *member, writes bool) error {
	free := make(chan struct{}, unanswered)
	k, err := s.open(ctx, `{"channels":{"crowd":{"autoSubscribe":true,"storage":{"*":{"set":true}}}}}`, func(f *frame) {
		if f.Event == "hotsock.ack" {
			m.acked, _ = strconv.Atoi(f.Ref)
			c.acked.Add(1)
			<-free
		}
	})
	if err != nil {
		return err
	}
	m.socket = k
	c.work.Go(func() {
		<-k.done
		m.ended = time.Now()
	})
	if !writes {
		return nil
	}
	c.work.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-k.done:
				return
			case free <- struct{}{}:
			}
			c.sent.Add(1)
			if k.send(ctx, fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":"crowd","key":%q,"data":%d,"ref":"%d"}`, m.key, n, n)) != nil {
				return
			}
		}
	})
	return nil
}

// turnedAway tries to connect until nobody listens, and returns how often it was refused: with 503 each
// time, and a hint when to come again. Readiness says no as well.
func turnedAway(t *testing.T, s *server) int {
	t.Helper()
	ctx, n, unready := t.Context(), 0, false
	var late []string
	for s.running() {
		if resp, err := s.get(ctx, "http://"+s.admin+"/readyz"); err == nil && resp.status == 503 {
			unready = true
		}
		conn, err := s.dial(ctx, "/v1?token="+hs256.sign(string(connectToken(`{}`))))
		var r *refusal
		switch {
		case err == nil && n == 0:
			_ = conn.CloseNow() // the signal may be on its way
		case err == nil:
			_ = conn.CloseNow()
			late = append(late, "an upgrade succeeds after others were refused")
		case errors.As(err, &r):
			n++
			if r.status != 503 || r.code != "UNAVAILABLE" || r.header.Get("Retry-After") == "" {
				late = append(late, fmt.Sprintf("%v, Retry-After %q", r, r.header.Get("Retry-After")))
			}
		}
		_ = pause(ctx, 20*time.Millisecond)
	}
	for _, fault := range late {
		t.Errorf("while draining: %s, want 503", fault)
	}
	if n == 0 {
		t.Error("no upgrade was refused while draining")
	}
	if !unready {
		t.Error("/readyz never said that the server is stopping")
	}
	return n
}

// ends waits for all sockets, and returns how they ended and when, counted from a moment.
func (c *crowd) ends(began time.Time) (codes map[int]int, first, last time.Duration) {
	codes = map[int]int{}
	first = time.Hour
	for _, m := range c.members {
		<-m.socket.done
		codes[int(websocket.CloseStatus(m.socket.err))]++
	}
	for _, m := range c.members {
		m.socket.close()
	}
	c.work.Wait()
	for _, m := range c.members {
		after := m.ended.Sub(began)
		first, last = min(first, after), max(last, after)
	}
	return codes, first, last
}

// looks holds if every acknowledged write is there after the restart.
func (c *crowd) looks(t *testing.T, s *server) {
	t.Helper()
	values, err := storedValues(t.Context(), s, "crowd")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.members[:drainWriters] {
		if values[m.key] < m.acked {
			t.Errorf("lost: %s: %d was acknowledged, and %d is there", m.key, m.acked, values[m.key])
		}
	}
}
