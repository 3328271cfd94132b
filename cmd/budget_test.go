package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"dormouse/bench/budget"
)

// What the hot paths of the whole program may allocate, wired as it is for everybody: from the bytes on a client's
// socket to the bytes on the others', metrics and disk and all. Each operation comes alone and pays everything itself:
// the turn, the batch, the sync and the flush that busy ones share.
var budgets = []budget.Path{
	{
		Name: "publish to 1", Allocs: 7.5, Bytes: 1600, Ops: 1000,
		// The WebSocket library's message; the command, its names in one, and its data, which a later frame would
		// overwrite; what asks the channel; what the channel tells; its frame.
		Open: func(tb testing.TB) func() { return publish(tb, 1) },
	},
	{
		Name: "publish to 1,000", Allocs: 9, Bytes: 2000, Ops: 100,
		// The same: a subscriber more is no allocation more. Of a hundred operations, what a ticker does meanwhile shows.
		Open: func(tb testing.TB) func() { return publish(tb, 1000) },
	},
	{
		Name: "client event to 1", Allocs: 7.5, Bytes: 1380, Ops: 1000,
		// By Pusher's protocol: those of a publish.
		Open: func(tb testing.TB) func() { return clientEvent(tb, 1) },
	},
	{
		Name: "client event to 1,000", Allocs: 9, Bytes: 1600, Ops: 100,
		Open: func(tb testing.TB) func() { return clientEvent(tb, 1000) },
	},
	{
		Name: "set told to 4", Allocs: 10.5, Bytes: 2200, Ops: 500,
		// Those of a publish, and the frame of the acknowledgement, the row, and the group of turns that are
		// committed together.
		Open: func(tb testing.TB) func() { return setKey(tb, 4) },
	},
	{
		Name: "open, subscribe, close", Allocs: 168, Bytes: 23500, Ops: 200,
		// Those of the engine, and net/http's for a request, the upgrade's, the socket's. Of the bytes 8 KiB are
		// net/http's buffers, which a connection that leaves HTTP takes away with it.
		Open: func(tb testing.TB) func() { r := run(tb, 0); return openings(tb, r, r.allowed(tb)) },
	},
	{
		Name: "open, subscribe, close by Pusher", Allocs: 150, Bytes: 21800, Ops: 200,
		// No token and no actor of its own, but an app that is looked up, and the signature of a subscribe.
		Open: func(tb testing.TB) func() { return openings(tb, runWith(tb, 0, pusherApp), "") },
	},
}

func TestBudget(t *testing.T) { budget.Hold(t, budgets) }

func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, budgets) }

// text200 is the text of a message whose data has 200 bytes.
var text200 = fmt.Sprintf("%0189d", 0)

// publish returns a step that publishes a message and waits until n subscribers have it.
func publish(tb testing.TB, n int) func() {
	r := run(tb, 0)
	room := openRoom(tb, r, "game.lobby", n)
	from := room.dial()
	if err := from.subscribe("game.lobby"); err != nil { // who publishes must be; it does not hear itself
		tb.Fatal(err)
	}
	frame := maskedText(`{"event":"chat","channel":"game.lobby","data":{"text":"` + text200 + `"}}`)
	return func() {
		from.send(frame)
		room.await(n)
	}
}

// clientEvent returns a step that sends a client event and waits until n subscribers have it.
func clientEvent(tb testing.TB, n int) func() {
	r := runWith(tb, 0, pusherApp)
	room, from := openPusherRoom(tb, r, "private-game.lobby", n)
	frame := maskedText(`{"event":"client-chat","channel":"private-game.lobby","data":{"text":"` + text200 + `"}}`)
	return func() {
		from.send(frame)
		room.await(n)
	}
}

// setKey returns a step that sets a key to a new value, and waits until it is acknowledged and n observers have it.
func setKey(tb testing.TB, n int) func() {
	r := run(tb, 0)
	room := openRoom(tb, r, "game.lobby", n)
	from := room.dial()
	go room.count(from)
	head := `{"event":"hotsock.channelStorageSet","channel":"game.lobby","key":"settings","ref":"17","data":{"text":"`
	frame := maskedText(head + text200 + `"}}`)
	digits := frame[len(frame)-len(text200+`"}}`) : len(frame)-len(`"}}`)]
	return func() {
		for i := len(digits) - 1; ; i-- { // one more
			if digits[i]++; digits[i] <= '9' {
				break
			}
			digits[i] = '0'
		}
		from.send(frame)
		room.await(n + 1)
	}
}

// openings returns a step in which a client connects with its token, or by Pusher's protocol if that is empty,
// subscribes, and leaves. It is another process: a connection's other end would allocate as much as the server.
func openings(tb testing.TB, r *running, token string) func() {
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), budgetClient+"="+r.Addr()+" "+token)
	client.Stderr = os.Stderr
	ask, err := client.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	answer, err := client.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := client.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ask.Close()
		_ = client.Wait() // what it found wrong it has said, and then the step has failed
	})
	one := make([]byte, 1)
	return func() {
		if _, err := ask.Write(one); err != nil {
			tb.Fatal(err)
		}
		if _, err := answer.Read(one); err != nil {
			tb.Fatal("the client: ", err)
		}
	}
}

// budgetClient is the environment's variable that makes this program the client of openings: an address, and a token
// or nothing.
const budgetClient = "CMD_TEST_OPENING"

func TestMain(m *testing.M) {
	if args := os.Getenv(budgetClient); args != "" {
		if err := open(args); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// joinAs connects and subscribes to a channel.
func joinAs(addr, token string) (*rawSocket, error) {
	if token == "" {
		return joinPusher(addr, "private-game.lobby")
	}
	s, err := dialSocket(addr, token)
	if err != nil {
		return nil, err
	}
	return s, s.subscribe("game.lobby")
}

// open connects, subscribes and leaves once for each byte of its input, and answers with a byte.
func open(args string) error {
	addr, token, _ := strings.Cut(args, " ")
	one := make([]byte, 1)
	for {
		if _, err := os.Stdin.Read(one); err != nil {
			return nil // the test is over
		}
		s, err := joinAs(addr, token)
		if err != nil {
			return err
		}
		s.send([]byte{0x88, 0x80, 0, 0, 0, 0})
		s.end(time.Now().Add(patience))
		if _, err := os.Stdout.Write(one); err != nil {
			return err
		}
	}
}
