package pusher

import (
	"strings"
	"testing"

	"dormouse/actors/channel"
	"dormouse/bench/budget"
)

// What an event may allocate on its way in and out.
var budgets = []budget.Path{
	{ // the command, its names, its data
		Name: "read a client event", Allocs: 3.5, Bytes: 335,
		Open: func(tb testing.TB) func() {
			frame := []byte(`{"event":"client-move","channel":"presence-game.lobby","data":{"text":"` + strings.Repeat("x", 189) + `"}}`)
			return func() {
				if _, refused := decode(frame); refused != nil {
					tb.Fatal(refused)
				}
			}
		},
	},
	{ // the frame
		Name: "tell an event", Allocs: 1.5, Bytes: 400, Open: telling(&channel.Message{Kind: channel.KindPublished, Event: "move", Channel: "presence-game.lobby",
			Data: []byte(`{"text":"` + strings.Repeat("x", 189) + `"}`), Meta: &channel.Meta{UID: "ada"}}),
	},
	{ // nothing: the frame is everybody's
		Name: "deliver to 1,000", Allocs: 0.5, Bytes: 100, Ops: 200,
		Open: func(tb testing.TB) func() {
			all, frame := manySinks(tb, 1000), make([]byte, 263)
			return func() { tell(all, frame) }
		},
	},
	{ // the frame
		Name: "tell of a member", Allocs: 1.5, Bytes: 350, Open: telling(&channel.Message{Kind: channel.KindMemberAdded, Channel: "presence-game.lobby",
			Member: channel.Member{UID: "ada", UMD: []byte(`{"name":"Ada","avatar":"https://example.com/ada.png"}`)}}),
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

func telling(m *channel.Message) func(testing.TB) func() {
	return func(tb testing.TB) func() {
		return func() {
			if len((Codec{}).Append(nil, m)) == 0 {
				tb.Fatal("nothing")
			}
		}
	}
}
