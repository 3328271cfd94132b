package webhooks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/claims"
)

// Whatever happens in whatever order: every occurrence is settled once, a channel's events reach a webhook in order and
// at least once unless they are told to be lost, no bound is passed, and in the end nothing is left.
func TestRandomly(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { play(t, seed) })
	}
}

func play(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	o := Options{Batch: r.IntN(2) == 0, Concurrency: 1 + r.IntN(6), PerWebhook: 1 + r.IntN(4), Lookups: 1 + r.IntN(2)}
	if r.IntN(3) == 0 {
		o.QueueEvents = 5 + r.IntN(20)
	}
	if r.IntN(3) == 0 {
		o.TotalBytes = (10 + r.IntN(40)) * overhead
	}
	delay := time.Duration(r.IntN(2)) * 2 * time.Second
	record := func(id string) *claims.App {
		var hooks []claims.Webhook
		for i := range 1 + r.IntN(3) {
			hooks = append(hooks, hook(fmt.Sprint(id, i), all...))
		}
		return app(id, delay, hooks...)
	}
	d := newDesk(t, o, record("a"), record("b"))
	arrived := map[string][]int{} // webhook and channel: numbers of the events that arrived
	lost, changed := false, false
	d.o.Listener.Lost = func(string, string, int, Loss) { lost = true }
	occurred := 0
	finish := func(i int) {
		p := d.flying[i]
		d.flying = slices.Delete(d.flying, i, i+1)
		x := outcome{}
		switch n := r.IntN(12); {
		case n == 0:
			x = outcome{err: errStatus, picky: true}
		case n < 4:
			x = outcome{err: errStatus}
		default:
			for _, it := range p.items {
				var name, channel string
				var n int
				if _, err := fmt.Sscanf(string(it.o.data), "%s %s %d", &name, &channel, &n); err == nil {
					key := p.hook.URL + " " + channel
					if changed { // an address may be that of another webhook than before
						key = fmt.Sprintf("%p %s", p.queue, channel)
					}
					arrived[key] = append(arrived[key], n)
				}
			}
		}
		d.s.finished(p, x, d.now)
		d.work()
	}
	check := func() {
		if st := d.s.stats(); st.Requests != len(d.flying) || st.Requests > d.o.Concurrency {
			t.Fatalf("%d on their way, %+v", len(d.flying), st)
		}
		per := map[*queue]int{}
		for _, p := range d.flying {
			if per[p.queue]++; per[p.queue] > d.o.PerWebhook {
				t.Fatalf("%d to one webhook", per[p.queue])
			}
		}
	}
	for range 400 {
		id := []string{"a", "b"}[r.IntN(2)]
		switch n := r.IntN(20); {
		case n < 8:
			occurred++
			d.occur(id, fmt.Sprintf("client_event c%d %d", r.IntN(4), occurred))
		case n < 10:
			occurred++
			d.occur(id, []string{"channel_vacated", "channel_occupied"}[r.IntN(2)]+fmt.Sprint(" v", r.IntN(2)))
		case n < 14:
			d.pass(time.Duration(r.IntN(3000)) * time.Millisecond)
		case n < 19 && len(d.flying) > 0:
			finish(r.IntN(len(d.flying)))
		case n == 19 && r.IntN(4) == 0:
			d.apps[id] = record(id)
			lost, changed = true, true
		case n == 19 && r.IntN(8) == 0:
			d.away = errStatus
		case n == 19:
			d.away = nil
		}
		check()
	}
	d.away = nil
	for n := 0; d.s.stats() != (Stats{}); n++ {
		if n > 100_000 {
			t.Fatalf("it does not end: %+v", d.s.stats())
		}
		if len(d.flying) > 0 {
			finish(r.IntN(len(d.flying)))
		} else {
			d.pass(time.Second)
		}
		check()
	}
	if len(d.done) != occurred {
		t.Errorf("%d occurred, %d were settled", occurred, len(d.done))
	}
	for key, list := range arrived {
		if !slices.IsSorted(list) {
			t.Errorf("%s: in the order %v", key, list)
		}
		if len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Errorf("%s: twice: %v", key, list)
		}
	}
	if !lost {
		n := 0
		for _, s := range d.done {
			if strings.Contains(s, "client_event") {
				n += len(d.apps[s[:1]].Webhooks)
			}
		}
		got := 0
		for _, list := range arrived {
			got += len(list)
		}
		if got != n {
			t.Errorf("%d arrived, want %d", got, n)
		}
	}
	d.idle()
}
