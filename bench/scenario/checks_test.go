package scenario

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

// told is a frame of a server that says who came or went.
func told(uid string, joined bool) []byte {
	event := "Removed"
	if joined {
		event = "Added"
	}
	return fmt.Appendf(nil, `{"event":"hotsock.member%s","channel":"presence.churn","data":{"member":{"uid":"%s","umd":null}}}`, event, uid)
}

func presenceOf(t *testing.T) peers.Presence {
	t.Helper()
	p, ok := peers.All("")[peers.Ours].Dialect.(peers.Presence)
	if !ok {
		t.Fatal("the server knows no members")
	}
	return p
}

func TestAMemberThatIsNotToldEndsTheRun(t *testing.T) {
	type step struct {
		uid    string
		joined bool
	}
	for name, steps := range map[string][]step{
		"a coming is missing": {{"visitor.000000", false}},
		"a going is missing":  {{"visitor.000000", true}, {"visitor.000000", true}},
		"more than happened":  {{"visitor.000000", true}, {"visitor.000000", false}, {"visitor.000000", true}, {"visitor.000000", false}},
		"of nobody":           {{"visitor.000007", true}},
	} {
		s := &Stand{Sample: newSample()}
		r := &churn{stand: s, dialect: presenceOf(t), stopped: true, told: load.NewLatency()}
		m := &member{churn: r}
		r.members = []*member{m}
		r.come = []*visitor{{churn: r, client: &client{stand: s}, steps: 3, left: 10}}
		for _, step := range steps {
			m.frame(&client{stand: s}, peers.Membership, told(step.uid, step.joined), 1)
		}
		if s.err == nil {
			t.Errorf("%s, and it passed", name)
		}
	}
}

func TestAPlayerWhoMissesSomethingEndsTheRun(t *testing.T) {
	message, entry := false, true
	type one struct {
		n, from int
		entry   bool
	}
	for name, c := range map[string]struct {
		heard []one
		fails bool
	}{
		"each in its own order": {[]one{{0, 1, message}, {0, 2, message}, {0, 1, entry}, {1, 1, message}, {0, 0, entry}}, false},
		"one's own message":     {[]one{{0, 0, message}, {1, 0, message}}, false},
		"a message is missing":  {[]one{{0, 1, message}, {2, 1, message}}, true},
		"an entry comes twice":  {[]one{{0, 1, entry}, {0, 1, entry}}, true},
	} {
		s := &Stand{Sample: newSample()}
		r := &lobbies{stand: s, count: 1, delivery: load.NewLatency(), entry: load.NewLatency()}
		for i := range players {
			r.players = append(r.players, &player{lobbies: r, index: i, messages: line{sent: 3}, entries: line{sent: 3}})
		}
		for _, h := range c.heard {
			r.players[0].frame(&client{stand: s}, peers.Message, appendPayload(nil, lobbyNumber(h.n, h.from, h.entry)), 1)
		}
		if (s.err != nil) != c.fails {
			t.Errorf("%s: %v", name, s.err)
		}
	}
}

func TestAnEventThatIsLostOrLateEndsTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		numbers []int
		fails   bool
	}{
		"each channel in its order":     {[]int{0, 1, 2, 3, 4}, false},
		"a channel's second came first": {[]int{2, 0}, true},
		"twice":                         {[]int{0, 0}, true},
		"of nobody":                     {[]int{-1}, true},
	} {
		s := &Stand{Sample: newSample()}
		r := &webhooks{stand: s, stopped: true, latency: load.NewLatency()}
		for range 2 {
			r.emitters = append(r.emitters, &emitter{client: &client{stand: s}, sent: 3})
		}
		for _, n := range c.numbers {
			r.take(received{n: n, at: 1})
		}
		if (s.err != nil) != c.fails {
			t.Errorf("%s: %v", name, s.err)
		}
	}
}

func TestAPageIsReadInOrder(t *testing.T) {
	page := func(numbers ...int) (p peers.Page) {
		for _, n := range numbers {
			p.Body = append(append(p.Body, `{"data":`...), appendPayload(nil, n)...)
			p.IDs = append(p.IDs, "x")
		}
		return p
	}
	seen := sequence{}
	if err := seen.takeAll(page(0, 1, 2)); err != nil || seen.next != 3 {
		t.Fatalf("%v, next %d", err, seen.next)
	}
	if err := seen.takeAll(page(4)); err == nil {
		t.Error("a gap between pages passed")
	}
	short := page(3)
	short.IDs = append(short.IDs, "y")
	if err := seen.takeAll(short); err == nil {
		t.Error("a message without its data passed")
	}
}

func TestWhatIsReadBackMustBeWhatWasSetLast(t *testing.T) {
	for n, fails := range map[int]bool{7: false, 6: true} {
		s := &Stand{Sample: newSample()}
		r := &spread{stand: s, channels: 1, keys: 2, last: []int{7, 9}, asked: []int{0}}
		r.frame(&client{stand: s}, peers.Answer, appendPayload(nil, n), 1)
		if (s.err != nil) != fails {
			t.Errorf("%d: %v", n, s.err)
		}
	}
}

func TestTwoEntriesOfAChannelThatComesBackAreInOrder(t *testing.T) {
	s := &Stand{Sample: newSample()}
	r := &storm{stand: s, entries: 10}
	c := &returner{storm: r, channel: 4}
	for _, n := range []int{40, 41} {
		c.frame(nil, peers.Message, appendPayload(nil, n), 1)
	}
	if s.err != nil || r.told != 2 {
		t.Fatalf("%v, %d told", s.err, r.told)
	}
	c.frame(nil, peers.Message, appendPayload(nil, 43), 1)
	if s.err == nil {
		t.Error("the third entry is missing, and it passed")
	}
}

// A crew's work is told to one goroutine, all of it.
func TestACrewTellsEverything(t *testing.T) {
	c := hire(t.Context(), 4, func(_ context.Context, i int, tell func(int)) {
		for range 1000 {
			tell(i)
		}
	})
	heard := [4]int{}
	for !c.finished() {
		c.hear(func(i int) { heard[i]++ })
	}
	if heard != [4]int{1000, 1000, 1000, 1000} {
		t.Errorf("heard %v", heard)
	}
	endless := hire(t.Context(), 1, func(ctx context.Context, _ int, tell func(int)) {
		for ctx.Err() == nil {
			tell(0)
		}
	})
	endless.dismiss()
}

func TestAReceiverHearsWhatIsPosted(t *testing.T) {
	r, err := newReceiver()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	for _, body := range []string{`{"data":` + string(appendPayload(nil, 12)) + `}`, `{}`} {
		resp, err := http.Post(r.URL, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusNoContent {
			t.Fatal(resp.Status)
		}
	}
	var heard []int
	r.hear(func(e received) {
		if load.Now()-e.at > int64(time.Minute) {
			t.Error("received at no time of this clock")
		}
		heard = append(heard, e.n)
	})
	if len(heard) != 2 || heard[0] != 12 || heard[1] != -1 {
		t.Errorf("heard %v", heard)
	}
}

func TestNamesCount(t *testing.T) {
	if got := strings.Join([]string{plural(1, "key"), plural(64, "writer")}, ", "); got != "1 key, 64 writers" {
		t.Error(got)
	}
}
