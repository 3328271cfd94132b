package actors_test

import (
	"testing"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
	"dormouse/bench/budget"
)

// What the engine may allocate, from a command to the frame in the last sink. Each command comes alone: it has a turn
// of its own and, if it writes, a batch and a sync of its own.
var budgets = []budget.Path{
	{
		Name: "publish to 1,000", Allocs: 7.5, Bytes: 1900, Ops: 500,
		// The command here, four in the codec of tests, what asks the channel and what the channel tells.
		Open: func(tb testing.TB) func() { return publishing(tb, 1000) },
	},
	{
		Name: "set told to 4", Allocs: 11.5, Bytes: 2000,
		// Those, the acknowledgement's in the codec of tests, the row and the group of turns that are committed together.
		Open: func(tb testing.TB) func() { return setting(tb, 4) },
	},
	{
		Name: "open, subscribe, close", Allocs: 84, Bytes: 9000, Ops: 500,
		// Some 75: the token's check is 20 of them, the connection with its actor 15, and the channel's three rounds the
		// rest. Ends are not waited for, and gather now and then.
		Open: opening,
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

// A waiter sends commands one at a time: the next when the last one is complete, which is after everybody was told.
type waiter struct {
	*actors.Connection
	complete chan struct{}
}

func (w *waiter) Codec() channel.Codec { return actorstest.Text{} }
func (w *waiter) Deliver([]byte, bool) {}
func (w *waiter) Complete(int)         { w.complete <- struct{}{} }
func (w *waiter) Close(channel.Close)  {}

func (w *waiter) do(cmd actors.Command) {
	w.Send(cmd)
	<-w.complete
}

func (e *engine) waiter(tb testing.TB) *waiter {
	admission, err := e.Admit(tb.Context(), actors.ConnectRequest{App: actorstest.App, Token: e.token})
	if err != nil {
		tb.Fatal(err)
	}
	w := &waiter{complete: make(chan struct{})}
	w.Connection = admission.Open(w)
	return w
}

// room returns a connection beside n that are subscribed to the channel c.
func (e *engine) room(tb testing.TB, n int) *waiter {
	var last *waiter
	for range n + 1 {
		last = e.waiter(tb)
		last.do(&actors.Subscribe{Channel: "c"})
		tb.Cleanup(last.Closed)
	}
	return last
}

// publishing returns a step that publishes a message to n subscribers.
func publishing(tb testing.TB, n int) func() {
	w, data := benchEngine(tb).room(tb, n), value(1)
	return func() { w.do(&actors.Publish{Channel: "c", Event: "e", Data: data}) }
}

// setting returns a step that sets a key to another value, and waits until it is on disk, acknowledged and told to n
// observers and to itself.
func setting(tb testing.TB, n int) func() {
	w, data, i := benchEngine(tb).room(tb, n), [2][]byte{value(0), value(1)}, 0
	return func() {
		i++
		w.do(&actors.SetStorage{Channel: "c", Key: "k", Data: data[i&1], Ref: "17"})
	}
}

// opening returns a step in which a client is admitted, subscribes, and leaves.
func opening(tb testing.TB) func() {
	e := benchEngine(tb)
	return func() {
		w := e.waiter(tb)
		w.do(&actors.Subscribe{Channel: "c"})
		w.Closed()
	}
}

// value is a JSON string of 200 bytes.
func value(n int64) []byte {
	data := make([]byte, 200)
	for i := range data {
		data[i] = 'x'
	}
	data[0], data[199] = '"', '"'
	data[1] += byte(n)
	return data
}
