package scenario

import (
	"slices"

	"dormouse/bench/peers"
)

// Who can do what: ours first, then the most telling of the others, which is what a short tour runs.
var (
	// broadcasters hand what one client publishes to a channel's subscribers.
	broadcasters = []string{peers.Ours, peers.Joined, peers.Pusher, peers.Plain, peers.NodeWS, peers.SocketIO, peers.Workerd,
		peers.Centrifuge, peers.NATS, peers.Redis}
	// stores keep what is set, and tell the channel's observers.
	stores = []string{peers.Ours, peers.Stored, peers.Workerd, peers.WorkerdJoined, peers.SocketIO, peers.NATS, peers.Redis}
	// listeners hold connections that are subscribed.
	listeners = []string{peers.Ours, peers.Plain, peers.Pusher, peers.NodeWS, peers.SocketIO, peers.Workerd,
		peers.Centrifuge, peers.NATS, peers.Redis}
	// keepers answer a get with what was set.
	keepers = []string{peers.Ours, peers.Stored, peers.Workerd, peers.SocketIO, peers.NATS, peers.Redis}
	// talkers hand what one subscriber publishes to the others.
	talkers = []string{peers.Ours, peers.Joined, peers.Pusher, peers.Plain, peers.NodeWS, peers.SocketIO, peers.Workerd,
		peers.Centrifuge, peers.NATS, peers.Redis}
	// tellers tell members of a channel who comes and goes, and not the whole list.
	tellers = []string{peers.Ours, peers.Pusher}
	// ours are abilities that no other peer has, or not yet.
	ours = []string{peers.Ours}
)

// workerdHolds is how many connections workerd is asked to hold. It closes them from about 9,700 on, with twice as many
// descriptors allowed.
const workerdHolds = 9000

// holders are the listeners that hold n connections.
func holders(n int) []string {
	if n <= workerdHolds {
		return listeners
	}
	return slices.DeleteFunc(slices.Clone(listeners), func(name string) bool { return name == peers.Workerd })
}
