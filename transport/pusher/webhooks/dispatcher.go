package webhooks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"dormouse/actors/courier"
	"dormouse/claims"
)

// Name is the Dispatcher's, in metrics, logs and on disk.
const Name = "pusher-webhooks"

// A Dispatcher delivers webhooks. Its methods may be called from any goroutine.
type Dispatcher struct {
	o         Options
	apps      claims.Apps
	interests *interests
	sender    *sender

	mu sync.Mutex
	s  *scheduler

	kick    chan struct{} // something may be due earlier
	stop    chan struct{}
	ctx     context.Context // of attempts and look-ups
	cancel  context.CancelFunc
	running sync.WaitGroup
	flying  sync.WaitGroup // attempts
}

var _ courier.Keeper = (*Dispatcher)(nil)

// Open makes a dispatcher, and has it begin. It looks apps up by their id, about once a second while they have
// something waiting, so apps should be a cache. It is to be closed.
//
// Errors: what [Options.Validate] says.
func Open(apps claims.Apps, o Options) (*Dispatcher, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	d := &Dispatcher{
		o: o, apps: apps, interests: newInterests(apps, o.Lookups), sender: newSender(&o),
		kick: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	d.s = newScheduler(&d.o)
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.running.Go(d.run)
	return d, nil
}

// Close begins nothing more, and waits for what is on its way until ctx ends, then cuts it off. What has not arrived
// stays in the outbox. The courier is to be closed after it, so that what has arrived is taken out.
func (d *Dispatcher) Close(ctx context.Context) {
	d.mu.Lock()
	closed := d.s.closed
	d.s.close()
	d.mu.Unlock()
	if closed {
		return
	}
	close(d.stop)
	done := make(chan struct{})
	go func() {
		d.flying.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	d.cancel()
	<-done
	d.running.Wait()
	d.sender.client.Close()
}

// Name implements courier.Keeper.
func (*Dispatcher) Name() string { return Name }

// WantsOccurrence implements courier.Keeper. What it knows of an app is a few seconds old at most, while the app
// can be looked up.
func (d *Dispatcher) WantsOccurrence(app, name, channel string) bool {
	return d.interests.wants(app, name, channel, time.Now(), func(i *interest) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.s.closed {
			d.running.Go(func() { d.interests.look(d.ctx, i) })
		}
	})
}

// Keep implements courier.Keeper.
func (d *Dispatcher) Keep(e *courier.Event, settled func()) {
	o := &occurrence{
		id: e.ID, name: e.Type, channel: e.Channel(), user: e.Attribute("user_id"), data: e.Data, at: e.At(), settled: settled,
	}
	d.do(func(now time.Time) { d.s.keep(e.App, o, now) })
}

// Stats says what waits at this moment.
func (d *Dispatcher) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.s.stats()
}

// do tells the scheduler something, and does what it has decided.
func (d *Dispatcher) do(tell func(now time.Time)) {
	d.mu.Lock()
	before := d.s.next()
	tell(time.Now())
	w, after := d.s.take(), d.s.next()
	if !d.s.closed {
		for _, t := range w.asks {
			d.running.Go(func() { d.ask(t) })
		}
		for _, p := range w.launches {
			d.flying.Go(func() { d.send(p) })
		}
	}
	d.mu.Unlock()
	for _, settled := range w.settled {
		settled()
	}
	if !after.Equal(before) {
		select {
		case d.kick <- struct{}{}:
		default:
		}
	}
}

// ask looks an app up.
func (d *Dispatcher) ask(t *tenant) {
	app, err := d.apps.ByID(d.ctx, t.id)
	d.do(func(now time.Time) { d.s.answered(t, app, err, now) })
}

// send makes one attempt.
func (d *Dispatcher) send(p *parcel) {
	ctx, cancel := context.WithTimeout(d.ctx, d.o.Timeout)
	defer cancel()
	began := time.Now()
	x := d.sender.send(ctx, p)
	x.cut = x.err != nil && d.ctx.Err() != nil
	if !x.cut {
		d.o.Listener.Attempt(p.queue.t.id, label(&p.hook), len(p.items), time.Since(began), x.err)
	}
	d.do(func(now time.Time) { d.s.finished(p, x, now) })
}

// run keeps time.
func (d *Dispatcher) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	sweep := time.NewTicker(forgetAfter)
	defer sweep.Stop()
	for {
		d.mu.Lock()
		next := d.s.next()
		d.mu.Unlock()
		wait := time.Hour
		if !next.IsZero() {
			wait = time.Until(next)
		}
		timer.Reset(wait)
		select {
		case <-d.stop:
			return
		case <-d.kick:
		case <-timer.C:
			d.do(d.s.tick)
		case now := <-sweep.C:
			d.interests.forget(now)
		}
	}
}
