package scenario

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerPage  = Metric{ID: "cpu_us_per_page", Label: "CPU a page", Unit: "µs"}
	pageRate    = Metric{ID: "pages_per_s", Label: "pages", Unit: "/s", More: true}
	historyRate = Metric{ID: "messages_per_s", Label: "messages read", Unit: "/s", More: true}
	storeRate   = Metric{ID: "stores_per_s", Label: "durable messages while filling", Unit: "/s", More: true}
)

var historyScenario = Scenario{
	Name:  "history",
	About: "A channel keeps many messages of 200 bytes. Readers read all of them over HTTP, page by page from the first to the last, and begin anew.",
	Cases: func(size Size) []Case {
		cases := []Case{historyCase(fmt.Sprintf("%d messages, 1 reader", size.Stored), size.Stored, 1)}
		if size.Full {
			cases = append(cases, historyCase(fmt.Sprintf("%d messages, 16 readers", size.Stored), size.Stored, 16))
		}
		return cases
	},
}

func historyCase(name string, stored, readers int) Case {
	return Case{
		Name:    name,
		Peers:   ours,
		Metrics: slices.Concat([]Metric{cpuPerPage, pageRate, historyRate}, quantiles("page", "page"), []Metric{storeRate, serverBusy, othersBusy}),
		Run: func(ctx context.Context, s *Stand) error {
			return (&history{stand: s, stored: stored}).run(ctx, readers)
		},
	}
}

const historyChannel = "history.000000"

// history is a closed loop of readers, each with one page on its way.
type history struct {
	stand    *Stand
	stored   int
	messages int64       // read within the window
	enough   atomic.Bool // readers end with the page that they are at
}

// A pageRead is one page that a reader got.
type pageRead struct {
	from, at int64
	messages int
	err      error
}

func (r *history) run(ctx context.Context, readers int) error {
	s := r.stand
	dialect, ok := s.dialect.(peers.History)
	if !ok {
		return fmt.Errorf("%s keeps no messages", s.Peer.Name)
	}
	if err := r.fill(ctx, dialect); err != nil {
		return err
	}
	s.loop.Rest()
	latency := s.Sample.latency("page")
	c := hire(ctx, readers, func(ctx context.Context, _ int, tell func(pageRead)) { r.read(ctx, dialect, tell) })
	defer c.dismiss()
	hear := func(p pageRead) {
		if p.err != nil {
			s.fail("%w", p.err)
		}
		s.window.took(latency, p.from, p.at)
		if s.window.counts(p.at) {
			r.messages += int64(p.messages)
		}
		s.window.add(p.at, 1)
	}
	err := s.measure(ctx, "pages/s", func(now int64) int64 {
		c.hear(hear)
		return now + int64(time.Millisecond)
	})
	if err != nil {
		return err
	}
	r.enough.Store(true)
	err = s.await(ctx, drained, "every page read", func() bool {
		c.hear(hear)
		return c.finished()
	})
	if err != nil {
		return err
	}
	s.Sample.set(cpuPerPage, s.window.cpuPer()/1e3)
	s.Sample.set(pageRate, s.window.perSecond())
	s.Sample.set(historyRate, float64(r.messages)/s.window.seconds())
	return nil
}

// storing is how many messages are on their way to disk while a history is filled.
const storing = 256

// fill has the messages stored by one client, so that they are in the order of their numbers.
func (r *history) fill(ctx context.Context, dialect peers.History) error {
	s := r.stand
	sent, acked := 0, 0
	next := func(c *client) {
		if sent < r.stored {
			s.data = appendPayload(s.data[:0], sent)
			s.scratch = dialect.Store(s.scratch[:0], historyChannel, s.data)
			c.conn.Send(s.scratch)
			sent++
		}
	}
	clients, err := s.connect(ctx, []peers.Client{{UID: "writer", Channel: historyChannel, Rights: peers.Publish | peers.Store}},
		func(int) frameFunc {
			return func(c *client, kind peers.Kind, _ []byte, _ int64) {
				if kind == peers.Ack {
					acked++
					next(c)
				}
			}
		})
	if err != nil {
		return err
	}
	began := load.Now()
	for range storing {
		next(clients[0])
	}
	if err := s.await(ctx, 10*time.Minute, "everything stored", func() bool { return acked == r.stored }); err != nil {
		return err
	}
	s.Sample.set(storeRate, float64(r.stored)*1e9/float64(load.Now()-began))
	return nil
}

// read reads the whole history again and again: every message must be there once, in order.
func (r *history) read(ctx context.Context, dialect peers.History, tell func(pageRead)) {
	for {
		var numbers sequence
		for page := (peers.Page{}); !page.Done; {
			from := load.Now()
			var err error
			page, err = dialect.Page(ctx, r.stand.server, historyChannel, page.Last())
			at := load.Now()
			if ctx.Err() != nil {
				return
			}
			if err == nil {
				err = numbers.takeAll(page)
			}
			if err == nil && page.Done && numbers.next != r.stored {
				err = fmt.Errorf("the history ends behind %d messages of %d", numbers.next, r.stored)
			}
			tell(pageRead{from, at, len(page.IDs), err})
			if err != nil || r.enough.Load() {
				return
			}
		}
	}
}

// takeAll takes the messages of a page.
func (s *sequence) takeAll(page peers.Page) error {
	numbers := stamps(page.Body)
	if len(numbers) != len(page.IDs) {
		return fmt.Errorf("a page has %d messages with data of %d", len(page.IDs), len(numbers))
	}
	for _, n := range numbers {
		if err := s.take(n); err != nil {
			return err
		}
	}
	return nil
}
