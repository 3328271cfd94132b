package scenario

import (
	"context"
	"fmt"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

// publishing is one publisher and some subscribers on each of some channels. Either all publishers together
// keep a pace, or each has depth messages that not everyone has got yet.
type publishing struct {
	channels    int
	subscribers int     // of each channel
	perSecond   float64 // of all channels together; 0: a closed loop
	depth       int

	stand    *Stand
	all      []*publisher
	hearers  []*hearer
	delivery *load.Latency
	stopped  bool
}

type publisher struct {
	run    *publishing
	client *client
	sent   int
	at     [messages]int64 // when each of the last messages was due
	left   [messages]int32 // how many subscribers have not got it
}

// messages is how many of a channel may be under way before the oldest are forgotten.
const messages = 1024

type hearer struct {
	from  *publisher
	seen  sequence
	stamp stamp
}

func (r *publishing) run(ctx context.Context, s *Stand) error {
	r.stand, r.delivery = s, s.Sample.latency("delivery")
	name := func(i int) string { return fmt.Sprintf("room.%06d", i) }
	for range r.channels {
		p := &publisher{run: r}
		r.all = append(r.all, p)
		for range r.subscribers {
			r.hearers = append(r.hearers, &hearer{from: p})
		}
	}
	_, err := s.connect(ctx, count(len(r.hearers), func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("hearer.%06d", i), Channel: name(i / r.subscribers), Rights: peers.Subscribe}
	}), func(i int) frameFunc { return r.hearers[i].frame })
	if err != nil {
		return err
	}
	clients, err := s.connect(ctx, count(len(r.all), func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("writer.%06d", i), Channel: name(i), Rights: peers.Publish}
	}), func(int) frameFunc { return func(*client, peers.Kind, []byte, int64) {} })
	if err != nil {
		return err
	}
	for i, p := range r.all {
		p.client = clients[i]
	}
	return r.measure(ctx)
}

func (r *publishing) measure(ctx context.Context) error {
	s := r.stand
	send := func(int64) int64 { return 0 } // a closed loop sends when something has arrived
	if r.perSecond > 0 {
		pace, next := load.NewPace(load.Now(), r.perSecond), 0
		send = func(now int64) int64 {
			for {
				at, ok := pace.Due(now)
				if !ok {
					return pace.Next()
				}
				r.all[next].publish(at)
				next = (next + 1) % len(r.all)
			}
		}
	} else {
		for _, p := range r.all {
			for range r.depth {
				p.publish(load.Now())
			}
		}
	}
	if err := s.measure(ctx, "deliveries/s", send); err != nil {
		return err
	}
	r.stopped = true
	if err := s.await(ctx, drained, "everything delivered", r.complete); err != nil {
		return err
	}
	s.Sample.set(cpuPerMillion, s.window.cpuPer()/1e3)
	s.Sample.set(deliveryRate, s.window.perSecond())
	return nil
}

func (r *publishing) complete() bool {
	for _, h := range r.hearers {
		if h.seen.next < h.from.sent {
			return false
		}
	}
	return true
}

func (p *publisher) publish(at int64) {
	slot := p.sent % messages
	if p.left[slot] > 0 {
		p.run.stand.fail("message %d of %s has not arrived everywhere, %d messages later", p.sent-messages, p.client.who.Channel, messages)
		return
	}
	p.at[slot], p.left[slot] = at, int32(p.run.subscribers)
	p.client.publish(p.sent)
	p.sent++
}

func (h *hearer) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	s, p := c.stand, h.from
	n, ok := h.stamp.read(payload)
	if kind != peers.Message || !ok {
		s.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	if err := h.seen.take(n); err != nil {
		s.fail("%s: %w", c.who.UID, err)
		return
	}
	slot := n % messages
	s.window.took(p.run.delivery, p.at[slot], at)
	s.window.add(at, 1)
	p.left[slot]--
	if p.left[slot] == 0 && p.run.depth > 0 && !p.run.stopped {
		p.publish(at)
	}
}
