package webhooks

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"dormouse/claims"
)

// What waits goes by the app's record of the moment it is sent at.
func TestWebhooksChangeLive(t *testing.T) {
	first := app("a", 0, hook("x", all...), hook("y", all...))
	d := newDesk(t, Options{}, first)
	d.occur("a", "client_event c 1")
	d.ok("y")
	d.fail("x")
	d.occur("a", "cache_miss c")
	d.ok("y")
	d.sent, d.done = nil, nil

	// Another secret, another header, fewer events: what waits is signed anew, and what is not wanted is not sent.
	next := app("a", 0, hook("y", all...), hook("x", "client_event"), hook("z", "cache_miss"))
	next.Secret = "new"
	next.Webhooks[1].Headers = map[string]string{"X-New": "1"}
	d.apps["a"] = next
	d.pass(3 * time.Second)
	if len(d.flying) != 1 || d.flying[0].app != next || d.flying[0].hook.Headers["X-New"] != "1" {
		t.Fatalf("%+v", d.flying)
	}
	d.ok("x")
	d.want("sent", &d.sent, "x: client_event c 1")
	d.want("settled", &d.done, "a: cache_miss c", "a: client_event c 1")

	// One that is taken out hears nothing more, and one that is new from now on.
	d.occur("a", "client_event c 2")
	d.fail("")
	d.apps["a"] = app("a", 0, hook("y", all...), hook("z", all...))
	d.sent = nil
	d.pass(3 * time.Second)
	d.ok("")
	d.occur("a", "client_event c 3")
	d.drain()
	d.want("told", &d.told, "a x lost 1 removed")
	d.want("sent", &d.sent, "y: client_event c 2", "y: client_event c 3", "z: client_event c 3")
	d.idle()
}

// An address that was wrong is put right: what waits goes to the right one.
func TestAnAddressIsPutRight(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("wrong", all...), hook("y", "cache_miss")))
	for range 3 {
		d.occur("a", "client_event c 1")
	}
	d.fail("wrong")
	d.pass(time.Second)
	d.fail("wrong")
	d.apps["a"] = app("a", 0, hook("right", all...), hook("y", "cache_miss"))
	d.sent = nil
	d.pass(2 * time.Second)
	d.drain()
	d.want("sent", &d.sent, "right: client_event c 1", "right: client_event c 1", "right: client_event c 1")
	d.want("told", &d.told)
	d.idle()
}

// Two webhooks with one address are two.
func TestTwoWebhooksWithOneAddress(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", "cache_miss"), hook("x", "client_event")))
	d.occur("a", "client_event c 1")
	d.occur("a", "cache_miss c")
	d.want("sent", &d.sent, "x: client_event c 1", "x: cache_miss c")
	d.drain()
	d.idle()
}

func TestWhatIsOnItsWayWhenItsWebhookIsRemoved(t *testing.T) {
	for _, x := range []outcome{{}, {err: errStatus}} {
		d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
		d.occur("a", "client_event c 1")
		d.occur("a", "client_event c 2")
		d.apps["a"] = app("a", 0)
		d.pass(2 * time.Second)
		d.occur("a", "client_event c 3") // by which the record is read again
		if st := d.s.stats(); st.Occurrences != 1 || st.Requests != 1 {
			t.Errorf("%+v", st)
		}
		d.end("x", x)
		want := []string{"a x lost 1 removed"}
		if x.err != nil {
			want = append(want, "a x lost 1 removed")
		}
		d.want("told", &d.told, want...)
		d.idle()
	}
}

func TestAnAppThatIsGone(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)))
	d.occur("a", "client_event c 1")
	d.occur("a", "client_event c 2")
	d.fail("x")
	d.occur("a", "channel_vacated c")
	delete(d.apps, "a")
	d.pass(2 * time.Second)
	d.occur("a", "client_event c 3")
	d.want("not at the first word", &d.done)
	d.pass(10 * time.Second)
	d.want("told", &d.told, "a  lost 2 gone", "a x lost 2 gone")
	if len(d.done) != 4 {
		t.Errorf("settled %q", d.done)
	}
	d.idle()
	// One that was never known.
	d.occur("nobody", "cache_miss c")
	d.pass(10 * time.Second)
	d.want("told", &d.told, "nobody  lost 1 gone")
	d.idle()
}

// An app that is unknown for a moment, as it is while its record is written anew, loses nothing.
func TestAnAppThatComesBack(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	a := d.apps["a"]
	delete(d.apps, "a")
	d.occur("a", "cache_miss c")
	d.pass(4 * time.Second)
	d.apps["a"] = a
	d.pass(4 * time.Second)
	d.drain()
	d.want("sent", &d.sent, "x: cache_miss c")
	d.want("told", &d.told)
	d.idle()
}

func TestAnOutageOfTheAppsIsWaitedFor(t *testing.T) {
	d := newDesk(t, Options{QueueEvents: 5}, app("a", d3, hook("x", all...)))
	d.away = fmt.Errorf("%w: connection refused", claims.ErrAppsUnavailable)
	for i := range 7 {
		d.occur("a", fmt.Sprint("client_event c ", i))
	}
	d.want("told", &d.told, "a  lost 1 full", "a  lost 1 full")
	d.pass(time.Hour)
	d.want("sent", &d.sent)
	if d.asked < 1000 || d.asked > 2000 {
		t.Errorf("%d look-ups in an hour", d.asked)
	}
	d.away = nil
	d.pass(3 * time.Second)
	d.drain()
	d.want("sent", &d.sent, "x: client_event c 2", "x: client_event c 3", "x: client_event c 4", "x: client_event c 5", "x: client_event c 6")
	// What waits to be tried again, and who may return, wait too.
	d.occur("a", "client_event c 7")
	d.fail("x")
	d.occur("a", "channel_vacated c")
	d.away = errors.New("away")
	d.sent = nil
	d.pass(time.Hour)
	d.want("sent", &d.sent)
	d.away = nil
	d.pass(3 * time.Second)
	d.drain()
	d.want("sent", &d.sent, "x: client_event c 7", "x: channel_vacated c")
	d.idle()
}

func TestLookUpsHaveABound(t *testing.T) {
	var apps []*claims.App
	for i := range 10 {
		apps = append(apps, app(fmt.Sprint(i), 0, hook(fmt.Sprint("h", i), all...)))
	}
	d := newDesk(t, Options{Lookups: 2}, apps...)
	for i := range 10 {
		o := &occurrence{name: "cache_miss", channel: "c", data: []byte("x"), settled: func() {}}
		o.id[0] = byte(i)
		d.s.keep(apps[i].Namespace(), o, d.now)
	}
	if n := len(d.s.work.asks); n != 2 || len(d.s.asking) != 8 {
		t.Errorf("%d look-ups at once, %d wait", n, len(d.s.asking))
	}
	d.work()
	d.drain()
	if d.asked != 10 {
		t.Errorf("%d look-ups", d.asked)
	}
	d.idle()
}

func TestAFullQueueLosesItsOldest(t *testing.T) {
	d := newDesk(t, Options{QueueEvents: 4}, app("a", 0, hook("x", all...), hook("y", all...)))
	for i := range 8 {
		d.occur("a", fmt.Sprint("client_event c ", i))
		d.ok("y")
	}
	// The first is on its way, and so is kept.
	d.want("told", &d.told, "a x lost 1 full", "a x lost 1 full", "a x lost 1 full", "a x lost 1 full")
	d.sent = nil
	d.drain()
	d.want("sent", &d.sent, "x: client_event c 5", "x: client_event c 6", "x: client_event c 7")
	if len(d.done) != 8 {
		t.Errorf("settled %q", d.done)
	}
	d.idle()
}

// What waits to be tried again is the oldest, and is dropped first.
func TestAFullQueueOfOneThatFails(t *testing.T) {
	d := newDesk(t, Options{QueueEvents: 4, Batch: true}, app("a", 0, hook("x", all...)))
	for i := range 3 {
		d.occur("a", fmt.Sprint("client_event c", i, " 1"))
	}
	d.pass(time.Second)
	d.fail("x")
	for i := range 5 {
		d.occur("a", fmt.Sprint("client_event c", i, " 2"))
	}
	d.sent = nil
	d.pass(time.Second)
	d.drain()
	d.want("sent", &d.sent, "x: client_event c1 2, client_event c2 2, client_event c3 2, client_event c4 2")
	d.idle()
}

func TestTheLargestMakesRoom(t *testing.T) {
	d := newDesk(t, Options{TotalBytes: 20 * (overhead + 20)}, app("a", 0, hook("x", all...)), app("b", 0, hook("y", all...)))
	d.occur("b", "client_event c 1")
	d.occur("b", "client_event c 2")
	for i := range 100 {
		d.occur("a", fmt.Sprint("client_event c ", 100+i))
	}
	if st := d.s.stats(); st.Bytes > 20*(overhead+20) || st.Queued < 15 {
		t.Errorf("%+v", st)
	}
	for _, s := range d.told {
		if s != "a x lost 1 full" {
			t.Error(s)
		}
	}
	d.sent = nil
	d.drain()
	if last := d.sent[len(d.sent)-1]; last != "x: client_event c 199" {
		t.Errorf("the last is %q", last)
	}
	d.idle()
	// While apps cannot be looked up too.
	d.away = errors.New("away")
	d.told = nil
	for i := range 100 {
		d.occur("a", fmt.Sprint("client_event c ", i))
	}
	if st := d.s.stats(); st.Bytes > 20*(overhead+20) || st.Unsorted < 15 {
		t.Errorf("%+v", st)
	}
}
