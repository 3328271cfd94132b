package channel_test

import (
	"crypto/rand"
	"fmt"
	"time"

	"dormouse/actors/channel"
	"dormouse/actors/channel/channeltest"
)

// screen is a subscriber who looks at what it reads. A real sink is a socket.
type screen struct {
	channel.Sink
	name string
}

// A channel is run by hand here: each command is decided, its writes are applied, and then what it has to
// say may leave.
func Example() {
	var rows channeltest.Rows
	lobby := channel.New("my-app", "game.lobby", &rows, channel.Options{})

	var fx channel.Effects
	var seq uint64
	step := func() channel.Step {
		fx.Reset()
		now := time.Now().UTC()
		return channel.Step{At: now, Stamp: now, Seq: seq + 1, Entropy: func(p []byte) { _, _ = rand.Read(p) }}
	}
	carryOut := func(err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		if len(fx.Writes) > 0 {
			seq++
			rows.Apply(fx.Writes)
		}
		for _, d := range fx.Deliveries {
			if d.To != nil {
				fmt.Println(d.To.(*screen).name, "is subscribed:", d.Message.Kind == channel.KindSubscribed)
			}
			for s := range d.Among.All() {
				if s != d.Except {
					fmt.Println(s.Sink.(*screen).name, "reads", string(d.Message.Data), "from", d.Message.Meta.UID)
				}
			}
		}
	}

	ann := channel.Sender{ConnectionID: "1", Sink: &screen{name: "ann"}}
	bob := channel.Sender{ConnectionID: "2", Sink: &screen{name: "bob"}}
	carryOut(lobby.Subscribe(step(), &channel.Subscribe{Sender: ann, UID: "ann"}, &fx))
	carryOut(lobby.Subscribe(step(), &channel.Subscribe{Sender: bob, UID: "bob"}, &fx))
	carryOut(lobby.Subscribe(step(), &channel.Subscribe{Sender: bob, UID: "bob"}, &fx))
	carryOut(lobby.Publish(step(), &channel.Publish{Sender: ann, Event: "chat", Data: []byte(`"hello"`), Store: 60}, &fx))
	// Output:
	// ann is subscribed: true
	// bob is subscribed: true
	// ALREADY_SUBSCRIBED: Already subscribed to this channel.
	// bob reads "hello" from ann
}
