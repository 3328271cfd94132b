package webhooks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dormouse/claims"
)

// Several channels at once, each in order, by as many requests as the webhook has shown to take.
func TestEachChannelKeepsItsOrder(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	for _, what := range []string{"client_event c 1", "client_event c 2", "client_event d 1", "client_event c 3", "client_event d 2"} {
		d.occur("a", what)
	}
	d.want("the first alone", &d.sent, "x: client_event c 1")
	d.ok("x")
	d.want("then two", &d.sent, "x: client_event c 2", "x: client_event d 1")
	d.ok("x")
	d.want("then each of a channel", &d.sent, "x: client_event c 3", "x: client_event d 2")
	d.ok("x")
	d.want("settled", &d.done, "a: client_event c 1", "a: client_event c 2", "a: client_event d 1", "a: client_event c 3", "a: client_event d 2")
	d.idle()
}

func TestW3OnlyWhatPassesTheFilter(t *testing.T) {
	filtered := func(name, starts, ends string) claims.Webhook {
		w := hook(name, all...)
		w.ChannelNameStartsWith, w.ChannelNameEndsWith = starts, ends
		return w
	}
	d := newDesk(t, Options{}, app("a", 0, filtered("starts", "room-", ""), filtered("ends", "", "-vip"), filtered("both", "room-", "-vip"), hook("types", "cache_miss")))
	for _, c := range []string{"room-1", "hall-vip", "room-vip", "hall"} {
		d.occur("a", "channel_occupied "+c)
		d.drain()
	}
	d.occur("a", "cache_miss hall")
	d.drain()
	slices.Sort(d.sent)
	d.want("sent", &d.sent, "both: channel_occupied room-vip", "ends: channel_occupied hall-vip", "ends: channel_occupied room-vip",
		"starts: channel_occupied room-1", "starts: channel_occupied room-vip", "types: cache_miss hall")
	if len(d.done) != 5 {
		t.Errorf("settled %q", d.done)
	}
	d.idle()
}

func TestW4EachEndpointGetsItsOwnBatch(t *testing.T) {
	d := newDesk(t, Options{Batch: true}, app("a", 0, hook("in", "channel_occupied", "member_added"), hook("out", "channel_vacated", "member_removed")))
	for _, what := range []string{"channel_occupied presence-c", "member_added presence-c u", "channel_occupied d", "member_removed presence-c u", "channel_vacated presence-c"} {
		d.occur("a", what)
		d.pass(time.Millisecond)
	}
	d.want("before the time is over", &d.sent)
	d.pass(50 * time.Millisecond)
	d.want("sent", &d.sent, "in: channel_occupied presence-c, member_added presence-c u, channel_occupied d", "out: member_removed presence-c u, channel_vacated presence-c")
	d.ok("out")
	d.want("settled", &d.done, "a: member_removed presence-c u", "a: channel_vacated presence-c")
	d.ok("in")
	d.idle()
}

func TestBatchesHaveBounds(t *testing.T) {
	d := newDesk(t, Options{Batch: true}, app("a", 0, hook("x", all...)))
	for i := range 250 {
		d.occur("a", fmt.Sprint("client_event c", i%7, " ", i))
	}
	if len(d.flying) != 1 || len(d.flying[0].items) != 100 {
		t.Fatalf("%d requests", len(d.flying))
	}
	d.ok("")
	if len(d.flying) != 1 || len(d.flying[0].items) != 100 {
		t.Fatalf("%d requests at the bound", len(d.flying))
	}
	d.pass(time.Second)
	d.ok("")
	if len(d.flying) != 1 || len(d.flying[0].items) != 50 {
		t.Fatalf("%d requests for the rest", len(d.flying))
	}
	d.ok("")
	big := strings.Repeat("x", 100<<10)
	for range 5 {
		d.occur("a", "client_event c "+big)
	}
	d.occur("a", "client_event d "+strings.Repeat(big, 3))
	d.pass(time.Second)
	var sizes []int
	for len(d.flying) > 0 {
		for _, p := range d.flying {
			sizes = append(sizes, len(p.items))
		}
		d.ok("")
	}
	if want := []int{2, 2, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("requests of %v events, want %v", sizes, want)
	}
	d.idle()
}

func TestW5RetriesKeepTheOrder(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	d.occur("a", "client_event c 1")
	d.occur("a", "client_event c 2")
	var waits []time.Duration
	for range 3 {
		began := d.now
		d.fail("x")
		for len(d.flying) == 0 {
			d.pass(100 * time.Millisecond)
		}
		waits = append(waits, d.now.Sub(began))
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("waits %v, want %v", waits, want)
	}
	d.ok("x")
	d.ok("x")
	d.want("sent", &d.sent, "x: client_event c 1", "x: client_event c 1", "x: client_event c 1", "x: client_event c 1", "x: client_event c 2")
	d.want("settled", &d.done, "a: client_event c 1", "a: client_event c 2")
	d.want("told", &d.told, "a x down true status 500", "a x down false ")
	d.idle()
}

func TestAfterFiveMinutesItIsDropped(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...), hook("y", all...)))
	began := d.now
	d.occur("a", "client_event c 1")
	d.ok("y")
	d.sent = nil
	var at []int
	for len(d.done) == 0 {
		at = append(at, int(d.now.Sub(began)/time.Second))
		d.fail("x")
		for d.now.Sub(began) < time.Hour && len(d.flying) == 0 && len(d.done) == 0 {
			d.pass(time.Second)
		}
	}
	if want := []int{0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303}; !slices.Equal(at, want) {
		t.Errorf("attempts at %v s, want %v", at, want)
	}
	d.want("told", &d.told, "a x down true status 500", "a x lost 1 refused")
	d.idle()
}

// What nobody takes for five minutes is dropped, whether it was tried or not; what came later has its time.
func TestADownWebhookHoldsNothingForLong(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	began := d.now
	for i := range 100 {
		d.occur("a", fmt.Sprint("client_event c", i, " 1"))
	}
	d.pass(100 * time.Second)
	d.fail("x")
	for d.now.Sub(began) < 250*time.Second {
		d.pass(time.Second)
		d.fail("x")
	}
	d.occur("a", "client_event late 1")
	tried := len(d.sent)
	for len(d.done) < 101 && d.now.Sub(began) < time.Hour {
		d.pass(time.Second)
		d.fail("x")
	}
	if tried > 20 || len(d.sent) > 30 {
		t.Errorf("%d attempts at one that is down, then %d", tried, len(d.sent))
	}
	if i := slices.Index(d.done, "a: client_event late 1"); i != 100 {
		t.Errorf("the late one was the %dth that was given up", i)
	}
	if took := d.now.Sub(began); took < 550*time.Second || took > 700*time.Second {
		t.Errorf("the last was given up after %v", took)
	}
	d.idle()
}

// One event that the webhook does not take holds up its channel, and no other.
func TestPoisonHoldsUpItsChannelOnly(t *testing.T) {
	for _, picky := range []bool{true, false} {
		d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
		for _, what := range []string{"client_event c poison", "client_event c 1", "client_event d 1", "client_event e 1"} {
			d.occur("a", what)
		}
		arrived := func(what string) bool { return slices.Contains(d.done, "a: client_event "+what) }
		began := d.now
		for len(d.done) < 4 && d.now.Sub(began) < time.Hour {
			for _, p := range slices.Clone(d.flying) {
				d.flying = slices.DeleteFunc(d.flying, func(x *parcel) bool { return x == p })
				x := outcome{}
				if string(p.items[0].o.data) == "client_event c poison" {
					x = outcome{err: errStatus, picky: picky}
				}
				d.s.finished(p, x, d.now)
				d.work()
			}
			d.pass(time.Second)
			if after := d.now.Sub(began); after > 30*time.Second && (!arrived("d 1") || !arrived("e 1")) {
				t.Fatalf("picky %v: after %v only %q arrived", picky, after, d.done)
			} else if after < 5*time.Minute && arrived("c 1") {
				t.Fatal("it was passed")
			}
		}
		if !arrived("c 1") {
			t.Error("the channel never went on")
		}
		d.idle()
	}
}

func TestW6AHangingEndpointDelaysNobody(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("hangs", all...), hook("well", all...)))
	for i := range 50 {
		d.occur("a", fmt.Sprint("client_event c ", i))
		d.ok("well")
	}
	var well []string
	for _, s := range d.sent {
		if strings.HasPrefix(s, "well") {
			well = append(well, s)
		}
	}
	if len(well) != 50 || len(d.sent) != 51 {
		t.Errorf("%d arrived, %d attempts", len(well), len(d.sent))
	}
}

func TestN8AnAppIsNotDelayedByAnother(t *testing.T) {
	apps := []*claims.App{app("b", 0, hook("well", all...))}
	for i := range 20 {
		apps = append(apps, app(fmt.Sprint("a", i), 0, hook(fmt.Sprint("hangs", i), all...)))
	}
	d := newDesk(t, Options{Concurrency: 8, QueueEvents: 10}, apps...)
	// They fail a few times, each after its time, and are down.
	for range 200 {
		for i := range 20 {
			d.occur(fmt.Sprint("a", i), fmt.Sprint("client_event c", d.n%3, " ", d.n))
		}
		for i := range 20 {
			if len(d.flying) > 4 {
				d.fail(fmt.Sprint("hangs", i))
			}
		}
		d.pass(time.Second)
	}
	if d.s.probes > 4 || d.s.down < 15 {
		t.Errorf("%d requests to webhooks that are down, which %d are", d.s.probes, d.s.down)
	}
	for i := range 20 {
		d.sent = nil
		d.occur("b", fmt.Sprint("client_event c ", i))
		d.want("sent", &d.sent, fmt.Sprint("well: client_event c ", i))
		d.ok("well")
	}
	if slices.ContainsFunc(d.told, func(s string) bool { return strings.HasPrefix(s, "b ") }) {
		t.Error("the app that is well has lost something")
	}
}

func TestN5ABatchIsOfOneApp(t *testing.T) {
	d := newDesk(t, Options{Batch: true}, app("a", 0, hook("x", all...)), app("b", 0, hook("x", all...), hook("y", all...)))
	for i := range 3 {
		d.occur("a", fmt.Sprint("client_event c a", i))
		d.occur("b", fmt.Sprint("client_event c b", i))
	}
	d.pass(time.Second)
	keys := map[string]string{}
	for _, p := range d.flying {
		var events []string
		for _, it := range p.items {
			events = append(events, string(it.o.data))
		}
		keys[p.app.Key+" "+p.hook.URL] = strings.Join(events, ", ")
	}
	want := map[string]string{
		"a-key http://x": "client_event c a0, client_event c a1, client_event c a2",
		"b-key http://x": "client_event c b0, client_event c b1, client_event c b2",
		"b-key http://y": "client_event c b0, client_event c b1, client_event c b2",
	}
	if fmt.Sprint(keys) != fmt.Sprint(want) {
		t.Errorf("got %v", keys)
	}
	d.drain()
	d.idle()
}

// Requests have places, which those who wait for one get in turn.
func TestPlacesGoRound(t *testing.T) {
	var apps []*claims.App
	for i := range 10 {
		apps = append(apps, app(fmt.Sprint(i), 0, hook(fmt.Sprint("h", i), all...)))
	}
	d := newDesk(t, Options{Concurrency: 3}, apps...)
	for i := range 10 {
		for n := range 10 {
			d.occur(fmt.Sprint(i), fmt.Sprint("client_event c", n, " x"))
		}
	}
	count := map[string]int{}
	for len(d.flying) > 0 {
		if len(d.flying) > 3 {
			t.Fatalf("%d at once", len(d.flying))
		}
		p := d.flying[0]
		d.flying = d.flying[1:]
		count[p.hook.URL]++
		d.s.finished(p, outcome{}, d.now)
		d.work()
		most, least := 0, 10
		for _, n := range count {
			most, least = max(most, n), min(least, n)
		}
		if len(count) == 10 && most-least > 3 {
			t.Fatalf("unfair: %v", count)
		}
	}
	d.idle()
}

func TestAnOccurrenceTwiceIsOne(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	d.occur("a", "cache_miss c")
	again := ""
	o := &occurrence{name: "cache_miss", channel: "c", settled: func() { again = "settled" }}
	for _, old := range d.s.known {
		o.id = old.id
	}
	d.s.keep("pusher/a", o, d.now)
	d.work()
	d.ok("x")
	d.want("sent", &d.sent, "x: cache_miss c")
	d.want("settled by the first", &d.done)
	if again == "" {
		t.Error("not settled by the second")
	}
	d.idle()
	// What is nobody's is settled at once.
	d.s.keep("hotsock", &occurrence{settled: func() { again = "nobody's" }}, d.now)
	if d.work(); again != "nobody's" {
		t.Error("it stays in the outbox")
	}
}

func TestAfterTheEndNothingBegins(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	d.occur("a", "client_event c 1")
	d.occur("a", "client_event c 2")
	d.s.close()
	d.ok("x")
	d.occur("a", "client_event d 1")
	d.pass(time.Hour)
	d.want("sent", &d.sent, "x: client_event c 1")
	d.want("settled", &d.done, "a: client_event c 1")
}
