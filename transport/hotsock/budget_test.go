package hotsock

import (
	"strings"
	"testing"

	"dormouse/bench/budget"
)

// What a client's frame may allocate until it is a command: the command, its names and its data.
var budgets = []budget.Path{
	{
		Name: "read a publish", Allocs: 3.5, Bytes: 375,
		Open: framesIn(`{"event":"chat","channel":"game.lobby.42","data":{"text":"` + strings.Repeat("x", 189) + `"}}`),
	},
	{
		Name: "read a set", Allocs: 3.5, Bytes: 170,
		Open: framesIn(`{"event":"hotsock.channelStorageSet","channel":"game.lobby","key":"settings","data":{"maxPlayers":4},"ref":"17"}`),
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

// framesIn is a step that takes a frame in.
func framesIn(frame string) func(testing.TB) func() {
	return func(testing.TB) func() {
		s, _, _ := newTestSocket(nil)
		s.client = instantClient{s}
		data := []byte(frame)
		return func() { s.Message(data) }
	}
}
