package acceptance

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

const (
	joiners     = 4
	valuesEach  = 6 // seen in each join before it is left, the snapshot among them
	snapshotKey = 2 // keys, written in turn
)

// TestSnapshotThenLive joins and leaves a channel that is written without pause. Each join must see a
// snapshot and then every later value, once, until it is answered that it has left.
func TestSnapshotThenLive(t *testing.T) {
	s := serve(t, defaults())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()

	w := &tireless{answered: make(chan struct{}, 16)}
	k, err := s.open(ctx, `{"channels":{"busy":{"storage":{"*":{"set":true}}}}}`, w.take)
	if err != nil {
		t.Fatal(err)
	}
	defer k.close()
	work.Go(func() { w.write(ctx, k) })

	all := make([]*joiner, joiners)
	var joining sync.WaitGroup
	for i := range all {
		j := &joiner{turn: make(chan string, 1), newest: map[string]int{}}
		all[i] = j
		joining.Go(func() { j.run(ctx, s, snapshotJoins/joiners) })
	}
	joining.Wait()

	joins, values := 0, 0
	for i, j := range all {
		joins, values = joins+j.joins, values+j.values
		for _, fault := range j.faults {
			t.Errorf("joiner %d: %s", i, fault)
		}
	}
	if joins != snapshotJoins {
		t.Errorf("%d joins, want %d", joins, snapshotJoins)
	}
	t.Logf("%d joins, %d values seen, while %d were written", joins, values, w.written())
}

// A tireless writer counts entries up, a few writes ahead of their answers.
type tireless struct {
	answered chan struct{}
	mu       sync.Mutex
	sent     int
}

func (w *tireless) take(f *frame) {
	if f.Event == "hotsock.ack" {
		<-w.answered
	}
}

func (w *tireless) written() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

func (w *tireless) write(ctx context.Context, k *socket) {
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-k.done:
			return
		case w.answered <- struct{}{}:
		}
		w.mu.Lock()
		w.sent++
		w.mu.Unlock()
		if k.send(ctx, fmt.Sprintf(`{"event":"hotsock.channelStorageSet","channel":"busy","key":"k%d","data":%d,"ref":"r"}`,
			n%snapshotKey, n/snapshotKey+1)) != nil {
			return
		}
	}
}

// A joiner is a connection that joins and leaves. Its fields but turn belong to its reader until run has
// returned.
type joiner struct {
	turn   chan string // what to do next
	joined bool
	seen   map[string]int // the last value of each key in this join
	newest map[string]int // of all joins
	count  int            // values in this join
	joins  int
	values int
	faults []string
}

func (j *joiner) run(ctx context.Context, s *server, joins int) {
	k, err := s.open(ctx, `{"channels":{"busy":{"subscribe":true,"storage":{"*":{"observe":true}}}}}`, j.take)
	if err != nil {
		j.faults = append(j.faults, err.Error())
		return
	}
	defer k.close()
	j.turn <- "subscribe"
	for left := 0; left <= joins; {
		select {
		case <-k.done:
			j.faults = append(j.faults, fmt.Sprintf("the connection ended: %v", k.err))
			return
		case do := <-j.turn:
			if do == "subscribe" {
				if left++; left > joins {
					return
				}
			}
			if err := k.send(ctx, `{"event":"hotsock.`+do+`","channel":"busy"}`); err != nil {
				return // the reader says why
			}
		}
	}
}

func (j *joiner) fault(format string, args ...any) {
	if len(j.faults) < 10 {
		j.faults = append(j.faults, fmt.Sprintf("join %d: ", j.joins)+fmt.Sprintf(format, args...))
	}
}

func (j *joiner) take(f *frame) {
	switch f.Event {
	case "hotsock.subscribed":
		j.joined, j.seen, j.count = true, map[string]int{}, 0
	case "hotsock.unsubscribed":
		j.joined = false
		j.joins++
		j.turn <- "subscribe"
	case "hotsock.channelStorageUpdated":
		j.value(f)
	case "hotsock.error":
		j.fault("refused: %s %s", f.Error.Code, f.Error.Message)
	}
}

func (j *joiner) value(f *frame) {
	n, err := f.number()
	if err != nil {
		j.fault("%s is %s", f.Key, f.Data)
		return
	}
	switch last, again := j.seen[f.Key]; {
	case !j.joined:
		j.fault("%s is %d after it had left", f.Key, n)
	case again && n != last+1:
		j.fault("%s is %d after %d", f.Key, n, last)
	case !again && n < j.newest[f.Key]:
		j.fault("the snapshot has %s at %d, which was %d in an earlier join", f.Key, n, j.newest[f.Key])
	}
	if j.seen != nil {
		j.seen[f.Key] = n
	}
	j.newest[f.Key] = n
	j.values++
	if j.count++; j.count == valuesEach {
		j.turn <- "unsubscribe"
	}
}
