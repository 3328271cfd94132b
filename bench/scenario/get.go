package scenario

import (
	"context"
	"fmt"
	"slices"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerGet = Metric{ID: "cpu_us_per_get", Label: "CPU a get", Unit: "µs"}
	getRate   = Metric{ID: "gets_per_s", Label: "gets", Unit: "/s", More: true}
)

var getScenario = Scenario{
	Name:  "get",
	About: "A reader asks for one of 64 entries of 200 bytes, all in one channel that is awake, and for the next one when it has the answer.",
	Cases: func(Size) []Case {
		return []Case{getCase("1 reader", 1), getCase("64 readers", 64)}
	},
}

func getCase(name string, readers int) Case {
	return Case{
		Name:    name,
		Peers:   keepers,
		Metrics: slices.Concat([]Metric{cpuPerGet, getRate}, quantiles("get", "answered"), []Metric{serverBusy, loadBusy, othersBusy}),
		Run:     func(ctx context.Context, s *Stand) error { return (&gets{stand: s}).run(ctx, readers) },
	}
}

const (
	getChannel = "get.000000"
	getEntries = 64
)

// gets is a closed loop of readers: each has one get without an answer.
type gets struct {
	stand   *Stand
	latency *load.Latency
	readers []*reader
	stopped bool
}

type reader struct {
	gets   *gets
	client *client
	asked  int // the number of the entry that was asked for
	at     int64
	open   bool // an answer is to come
	stamp  stamp
}

func getKey(n int) string { return fmt.Sprintf("key.%06d", n) }

func (r *gets) run(ctx context.Context, n int) error {
	s := r.stand
	r.latency = s.Sample.latency("get")
	_, err := s.fill(ctx, peers.Client{Channel: getChannel, Rights: peers.Set | peers.Get}, getEntries,
		func(n int) (channel, key string) { return getChannel, getKey(n) })
	if err != nil {
		return err
	}
	for i := range n {
		r.readers = append(r.readers, &reader{gets: r, asked: i})
	}
	clients, err := s.connect(ctx, count(n, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("reader.%06d", i), Channel: getChannel, Rights: peers.Get}
	}), func(i int) frameFunc { return r.readers[i].frame })
	if err != nil {
		return err
	}
	for i, d := range r.readers {
		d.client = clients[i]
		d.ask(load.Now())
	}
	if err := s.measure(ctx, "gets/s", func(int64) int64 { return 0 }); err != nil {
		return err
	}
	r.stopped = true
	err = s.await(ctx, drained, "everything answered", func() bool {
		return !slices.ContainsFunc(r.readers, func(d *reader) bool { return d.open })
	})
	s.Sample.set(cpuPerGet, s.window.cpuPer()/1e3)
	s.Sample.set(getRate, s.window.perSecond())
	return err
}

func (d *reader) ask(now int64) {
	d.asked = (d.asked + 1) % getEntries
	d.at, d.open = now, true
	d.client.get(getChannel, getKey(d.asked))
}

// frame takes the answer, which must be the entry that was asked for.
func (d *reader) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	s := d.gets.stand
	n, ok := d.stamp.read(payload)
	if kind != peers.Answer || !ok || !d.open || n != d.asked {
		s.fail("%s asked for entry %d and did not expect %s", c.who.UID, d.asked, payload)
		return
	}
	s.window.took(d.gets.latency, d.at, at)
	s.window.add(at, 1)
	d.open = false
	if !d.gets.stopped {
		d.ask(at)
	}
}
