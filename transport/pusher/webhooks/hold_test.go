package webhooks

import (
	"fmt"
	"testing"
	"time"
)

const d3 = 3 * time.Second

func TestW7WhoReturnsInTimeHasNotLeft(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)))
	for _, what := range []string{"member_removed presence-c u", "channel_vacated presence-c"} {
		d.occur("a", what)
	}
	d.pass(2999 * time.Millisecond)
	d.occur("a", "channel_occupied presence-c")
	d.occur("a", "member_added presence-c u")
	d.pass(time.Minute)
	d.drain()
	d.want("sent", &d.sent)
	d.want("settled", &d.done, "a: channel_vacated presence-c", "a: channel_occupied presence-c", "a: member_removed presence-c u", "a: member_added presence-c u")
	d.want("told", &d.told, "a calmed 2", "a calmed 2")
	d.idle()
}

func TestW7WhoReturnsLaterHas(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)))
	d.occur("a", "channel_vacated c")
	d.pass(d3 - time.Millisecond)
	d.want("held", &d.sent)
	if len(d.done) > 0 {
		t.Error("what is held is not in the outbox any more")
	}
	d.pass(2 * time.Millisecond)
	d.occur("a", "channel_occupied c")
	d.drain()
	d.want("sent", &d.sent, "x: channel_vacated c", "x: channel_occupied c")
	d.idle()
}

// What is held delays nothing else, and nobody else's return takes it back.
func TestOnlyTheSameReturns(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)), app("b", d3, hook("y", all...)))
	d.occur("a", "member_removed presence-c u")
	for _, what := range []string{"member_added presence-c v", "member_added presence-d u", "channel_occupied presence-c", "client_event presence-c 1"} {
		d.occur("a", what)
		d.drain()
	}
	d.occur("b", "member_added presence-c u")
	d.drain()
	d.want("at once", &d.sent, "x: member_added presence-c v", "x: member_added presence-d u", "x: channel_occupied presence-c", "x: client_event presence-c 1", "y: member_added presence-c u")
	d.pass(d3)
	d.drain()
	d.want("later", &d.sent, "x: member_removed presence-c u")
	d.idle()
}

func TestLeavingAgainBeginsAnew(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)))
	d.occur("a", "channel_vacated c")
	d.pass(time.Second)
	d.occur("a", "channel_occupied c")
	d.pass(time.Second)
	d.occur("a", "channel_vacated c")
	d.pass(2999 * time.Millisecond)
	d.want("held", &d.sent)
	d.pass(time.Millisecond)
	d.want("sent", &d.sent, "x: channel_vacated c")
	d.drain()
	// Twice without a return between: once.
	d.occur("a", "channel_vacated c")
	d.occur("a", "channel_vacated c")
	d.pass(d3)
	d.drain()
	d.want("sent", &d.sent, "x: channel_vacated c")
	d.idle()
}

func TestWithoutDelayNothingIsHeld(t *testing.T) {
	d := newDesk(t, Options{}, app("a", 0, hook("x", all...)))
	d.occur("a", "channel_vacated c")
	d.drain()
	d.occur("a", "channel_occupied c")
	d.drain()
	d.want("sent", &d.sent, "x: channel_vacated c", "x: channel_occupied c")
	d.idle()
}

// After a restart the outbox is read from its beginning: what happened is judged by when it happened, and who has left
// long ago may still be followed by their return.
func TestHeldOverARestart(t *testing.T) {
	d := newDesk(t, Options{}, app("a", d3, hook("x", all...)))
	ago := func(s int) time.Time { return d.now.Add(-time.Duration(s) * time.Second) }
	d.occurAt("a", "channel_vacated in-time", ago(60))
	d.occurAt("a", "channel_vacated too-late", ago(60))
	d.occurAt("a", "channel_vacated never", ago(50))
	d.occurAt("a", "channel_vacated now", ago(2))
	d.pass(500 * time.Millisecond)
	d.want("held", &d.sent)
	d.occurAt("a", "channel_occupied in-time", ago(58))
	d.occurAt("a", "channel_occupied too-late", ago(30))
	d.drain()
	d.want("by their times", &d.sent, "x: channel_vacated too-late", "x: channel_occupied too-late")
	d.occur("a", "channel_occupied now")
	d.pass(time.Second)
	d.drain()
	d.want("the rest", &d.sent, "x: channel_vacated never")
	// A clock that was put back holds nothing for longer than the delay.
	d.occurAt("a", "channel_vacated c", d.now.Add(time.Hour))
	d.pass(d3)
	d.drain()
	d.want("sent", &d.sent, "x: channel_vacated c")
	d.idle()
}

// A channel's return is heard, though only its leaving is wanted, and the other way round.
func TestOneOfThePairIsWanted(t *testing.T) {
	for _, wanted := range []string{"channel_occupied", "channel_vacated"} {
		d := newDesk(t, Options{}, app("a", d3, hook("x", wanted)))
		d.occur("a", "channel_occupied c")
		d.drain()
		d.occur("a", "channel_vacated c")
		d.occur("a", "channel_occupied c")
		d.pass(time.Minute)
		d.drain()
		d.occur("a", "channel_vacated c")
		d.pass(time.Minute)
		d.drain()
		d.want(wanted, &d.sent, "x: "+wanted+" c")
		d.idle()
	}
}

func TestHeldHasABound(t *testing.T) {
	d := newDesk(t, Options{QueueEvents: 10}, app("a", time.Hour, hook("x", all...)))
	for i := range 12 {
		d.occur("a", fmt.Sprint("channel_vacated c", i))
	}
	d.drain()
	d.want("told early rather than not at all", &d.sent, "x: channel_vacated c0", "x: channel_vacated c1")
	if st := d.s.stats(); st.Held != 10 {
		t.Errorf("%+v", st)
	}
	// The app's delay counts as it is when something happens.
	d.pass(2 * time.Hour)
	d.drain()
	if len(d.sent) != 10 {
		t.Errorf("sent %q", d.sent)
	}
	d.idle()
}
