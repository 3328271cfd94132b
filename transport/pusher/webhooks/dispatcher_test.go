package webhooks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dormouse/actors/courier"
)

const everything = `["channel_occupied","channel_vacated","member_added","member_removed","client_event","cache_miss","subscription_count"]`

func to(url string) string { return fmt.Sprintf(`[{"url":%q,"event_types":%s}]`, url, everything) }

func TestW1EachEventOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 0, to("http://x/hook")))
		x := h.host("x", nil)
		h.occur("a", "channel_occupied", "presence-c", "")
		h.occur("a", "member_added", "presence-c", `,"user_id":"u1"`)
		h.occur("a", "client_event", "presence-c", `,"event":"client-hi","data":{"n":12345678901234567890},"socket_id":"1.2","user_id":"u1"`)
		h.occur("a", "cache_miss", "presence-c", "")
		h.occur("a", "member_removed", "presence-c", `,"user_id":"u1"`)
		h.occur("a", "channel_vacated", "presence-c", "")
		h.occur("a", "subscription_count", "presence-c", `,"subscription_count":3`)
		h.empty()
		h.want("got", h.got(x),
			`/hook a-key [{"name":"channel_occupied","channel":"presence-c"}]`,
			`/hook a-key [{"name":"member_added","channel":"presence-c","user_id":"u1"}]`,
			`/hook a-key [{"name":"client_event","channel":"presence-c","event":"client-hi","data":{"n":12345678901234567890},"socket_id":"1.2","user_id":"u1"}]`,
			`/hook a-key [{"name":"cache_miss","channel":"presence-c"}]`,
			`/hook a-key [{"name":"member_removed","channel":"presence-c","user_id":"u1"}]`,
			`/hook a-key [{"name":"channel_vacated","channel":"presence-c"}]`,
			`/hook a-key [{"name":"subscription_count","channel":"presence-c","subscription_count":3}]`)
	})
}

func TestW5OverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 0, to("http://x/")))
		x := h.host("x", func(attempt int, _ *http.Request) int {
			if attempt <= 3 {
				return 503
			}
			return 200
		})
		for i := range 6 {
			h.occur("a", "client_event", fmt.Sprint("private-", i%2), fmt.Sprintf(`,"event":"client-e","data":%d`, i/2))
		}
		time.Sleep(10 * time.Second)
		got := h.got(x)
		if len(got) != 6 || x.tried != 9 {
			t.Fatalf("%d attempts: %q", x.tried, got)
		}
		slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:60], b[:60]) })
		var want []string
		for i := range 6 {
			want = append(want, fmt.Sprintf(`/ a-key [{"name":"client_event","channel":"private-%d","event":"client-e","data":%d}]`, i/3, i%3))
		}
		h.want("each channel in order", got, want...)
		h.empty()
	})
}

func TestW6AndN8OverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 0, `[{"url":"http://hangs/","event_types":`+everything+`},{"url":"http://x/a","event_types":`+everything+`}]`), record("b", 0, to("http://x/b")))
		hangs := h.host("hangs", func(_ int, r *http.Request) int {
			<-r.Context().Done()
			return 500
		})
		x := h.host("x", nil)
		for i := range 20 {
			h.occur("a", "cache_miss", fmt.Sprint("cache-", i), "")
			h.occur("b", "cache_miss", fmt.Sprint("cache-", i), "")
			time.Sleep(100 * time.Millisecond)
			if got := h.got(x); len(got) != 2 {
				t.Fatalf("%d: %q", i, got)
			}
		}
		h.heal(hangs)
		time.Sleep(2 * time.Minute)
		if n := len(h.got(hangs)); n != 20 {
			t.Errorf("%d arrived in the end", n)
		}
		h.empty()
	})
}

func TestW7OverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 3*time.Second, to("http://x/")))
		x := h.host("x", nil)
		h.occur("a", "channel_vacated", "c", "")
		time.Sleep(2 * time.Second)
		h.occur("a", "channel_occupied", "c", "")
		h.empty()
		h.want("within the delay", h.got(x))
		h.occur("a", "channel_vacated", "c", "")
		time.Sleep(4 * time.Second)
		h.occur("a", "channel_occupied", "c", "")
		h.empty()
		h.want("beyond it", h.got(x), `/ a-key [{"name":"channel_vacated","channel":"c"}]`, `/ a-key [{"name":"channel_occupied","channel":"c"}]`)
		h.want("told", h.heard(), "a calmed 2")
	})
}

func TestW8OverARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 3*time.Second, to("http://x/")))
		x := h.host("x", func(attempt int, _ *http.Request) int {
			if attempt == 2 {
				return 200 // of the second channel
			}
			return 500
		})
		h.occur("a", "cache_miss", "cache-1", "")
		h.occur("a", "cache_miss", "cache-2", "")
		h.occur("a", "channel_vacated", "c", "")
		h.occur("a", "channel_vacated", "d", "")
		time.Sleep(time.Second / 2)
		if n := h.store.Outbox().Len(); n != 3 {
			t.Errorf("%d in the outbox", n)
		}
		h.end()
		h.heal(x)
		h.got(x)
		h.begin()
		time.Sleep(time.Second)
		h.occur("a", "channel_occupied", "c", "")
		h.empty()
		got := h.got(x)
		slices.Sort(got)
		h.want("what had not arrived, and who has not returned", got, `/ a-key [{"name":"cache_miss","channel":"cache-1"}]`, `/ a-key [{"name":"channel_vacated","channel":"d"}]`)
	})
}

// A new courier over the same outbox does not have everything told twice.
func TestACourierIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 3*time.Second, to("http://x/")))
		x := h.host("x", nil)
		h.occur("a", "channel_vacated", "c", "")
		time.Sleep(time.Second)
		h.dismiss()
		h.hire()
		h.occur("a", "cache_miss", "cache-1", "")
		time.Sleep(5 * time.Second)
		h.want("got", h.got(x), `/ a-key [{"name":"cache_miss","channel":"cache-1"}]`, `/ a-key [{"name":"channel_vacated","channel":"c"}]`)
		h.empty()
	})
}

func TestN5BatchesOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{Batch: true, BatchFor: time.Second}, record("a", 0, to("http://x/a")), record("b", 0, to("http://x/b")))
		x := h.host("x", nil)
		for i := range 3 {
			h.occur("a", "cache_miss", fmt.Sprint("cache-a", i), "")
			h.occur("b", "cache_miss", fmt.Sprint("cache-b", i), "")
			time.Sleep(100 * time.Millisecond)
		}
		h.empty()
		got := h.got(x)
		slices.Sort(got)
		h.want("got", got,
			`/a a-key [{"name":"cache_miss","channel":"cache-a0"},{"name":"cache_miss","channel":"cache-a1"},{"name":"cache_miss","channel":"cache-a2"}]`,
			`/b b-key [{"name":"cache_miss","channel":"cache-b0"},{"name":"cache_miss","channel":"cache-b1"},{"name":"cache_miss","channel":"cache-b2"}]`)
	})
}

// What nobody wants is not written down, as soon as that is known.
func TestWhatIsWrittenDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		filtered := `[{"url":"http://x/","event_types":["channel_occupied","client_event"],"filter":{"channel_name_starts_with":"room-"}}]`
		h := newHouse(t, Options{}, record("a", 3*time.Second, filtered), record("none", 0, `[]`), record("at-once", 0, filtered))
		h.host("x", nil)
		for _, id := range []string{"a", "none", "at-once", "unknown"} {
			if !h.courier.WantsOccurrence("pusher/"+id, "cache_miss", "c") {
				t.Errorf("%s is not known yet, and nothing of it would be written down", id)
			}
		}
		time.Sleep(time.Second)
		for _, c := range []struct {
			id, name, channel string
			want              bool
		}{
			{"a", "channel_occupied", "room-1", true}, {"a", "channel_vacated", "room-1", true}, {"a", "client_event", "room-1", true},
			{"a", "client_event", "hall", false}, {"a", "member_added", "room-1", false}, {"a", "", "", true}, {"a", "", "hall", false}, {"a", "cache_miss", "", false},
			{"at-once", "channel_vacated", "room-1", false}, {"none", "", "", false}, {"unknown", "", "", false},
		} {
			if got := h.courier.WantsOccurrence("pusher/"+c.id, c.name, c.channel); got != c.want {
				t.Errorf("%+v: %v", c, got)
			}
		}
		if h.hooks.WantsOccurrence("hotsock", "", "") {
			t.Error("a native app has webhooks")
		}
		// It follows the record, soon.
		h.setApps(record("a", 0, `[]`), record("none", 0, filtered))
		time.Sleep(3 * time.Second)
		h.courier.WantsOccurrence("pusher/a", "", "")
		h.courier.WantsOccurrence("pusher/none", "", "")
		time.Sleep(time.Second)
		if h.courier.WantsOccurrence("pusher/a", "", "") || !h.courier.WantsOccurrence("pusher/none", "", "") {
			t.Error("it is answered by the old records")
		}
		// What nobody asks for is forgotten.
		time.Sleep(5 * time.Minute)
		h.hooks.interests.mu.RLock()
		if n := len(h.hooks.interests.all); n != 0 {
			t.Errorf("%d apps are remembered", n)
		}
		h.hooks.interests.mu.RUnlock()
		h.empty()
	})
}

// It is asked in the turns of channels, for each thing that happens.
func TestAskingCostsNoMemory(t *testing.T) {
	s := newInterests(nil, 1)
	s.of("pusher/a").app.Store(app("a", time.Second, hook("x", "channel_occupied")))
	s.of("pusher/a").known.Store(true)
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() {
		if !s.wants("pusher/a", "channel_vacated", "c", now, func(i *interest) { i.due.Store(now.Add(time.Hour).UnixMilli()) }) {
			t.Error("not wanted")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAnOutageOfTheStoreOfApps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 0, to("http://x/")))
		x := h.host("x", nil)
		h.source.setAway(true)
		if !h.occur("a", "cache_miss", "cache-1", "") {
			t.Error("in doubt nothing is written down")
		}
		time.Sleep(time.Minute)
		h.want("got", h.got(x))
		h.source.setAway(false)
		time.Sleep(5 * time.Second)
		h.want("got", h.got(x), `/ a-key [{"name":"cache_miss","channel":"cache-1"}]`)
		// An app that was known is served as it was.
		h.source.setAway(true)
		time.Sleep(10 * time.Minute)
		h.occur("a", "cache_miss", "cache-2", "")
		time.Sleep(10 * time.Second)
		h.want("got", h.got(x), `/ a-key [{"name":"cache_miss","channel":"cache-2"}]`)
		h.empty()
	})
}

func TestWebhooksAreTakenFromTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, Options{}, record("a", 0, to("http://x/1")))
		x := h.host("x", nil)
		h.occur("a", "cache_miss", "cache-1", "")
		time.Sleep(2 * time.Second)
		next := record("a", 0, to("http://x/2"))
		next["secret"], next["previousSecret"] = "another", "a-secret"
		h.setApps(next)
		time.Sleep(time.Second)
		h.occur("a", "cache_miss", "cache-1", "")
		time.Sleep(2 * time.Second)
		h.want("got", h.got(x), `/1 a-key [{"name":"cache_miss","channel":"cache-1"}]`, `/2 a-key [{"name":"cache_miss","channel":"cache-1"}]`)
		// The cache believes that an app is gone when it has not found it twice.
		h.setApps()
		for range 2 {
			time.Sleep(30 * time.Second)
			h.got(x)
			h.occur("a", "cache_miss", "cache-1", "")
		}
		time.Sleep(30 * time.Second)
		h.want("got of one that is gone", h.got(x))
		if told := strings.Join(h.heard(), ", "); told != "a  lost 1 gone" {
			t.Errorf("told %q", told)
		}
		h.empty()
	})
}

func TestOptions(t *testing.T) {
	if _, err := Open(nil, Options{BatchFor: -1, Concurrency: -1}); err == nil || !strings.Contains(err.Error(), "BatchFor must not be negative") || !strings.Contains(err.Error(), "Concurrency") {
		t.Error(err)
	}
	var k courier.Keeper = new(Dispatcher)
	if k.Name() != Name {
		t.Error(k.Name())
	}
}
