package hotsock

import (
	"strconv"

	"dormouse/actors"
	"dormouse/actors/channel"
)

// The members of a subscribe's data. Hotsock has token alone; the others are this server's: with resume the
// subscription reads numbers, and after brings back the last of them.
const (
	subscribeToken = iota
	subscribeResume
	subscribeAfter
)

var subscribeNames = []string{subscribeToken: "token", subscribeResume: "resume", subscribeAfter: "after"}

// In faults, they are named from the frame's top.
var subscribePaths = []string{subscribeToken: "data.token", subscribeResume: "data.resume", subscribeAfter: "data.after"}

// The members of data.after.
const (
	afterEpoch = iota
	afterSeq
)

var (
	afterNames = []string{afterEpoch: "epoch", afterSeq: "seq"}
	afterPaths = []string{afterEpoch: "data.after.epoch", afterSeq: "data.after.seq"}
)

// maxSeq is the greatest number that every JSON reader keeps exactly.
const maxSeq = 1<<53 - 1

// subscribeData reads data into cmd.
func (f *frame) subscribeData(cmd *actors.Subscribe, maxData int) *channel.Error {
	var v [3]value
	if err := f.dataObject(subscribeNames, v[:], maxData); err != nil {
		return err
	}
	faults := appendKindFaults(nil, subscribePaths, v[:], []int{subscribeToken}, text)
	faults = appendKindFaults(faults, subscribePaths, v[:], []int{subscribeResume}, boolean)
	faults = appendKindFaults(faults, subscribePaths, v[:], []int{subscribeAfter}, object)
	if faults != nil {
		return channel.ErrInvalidMessage.With("%s.", faults)
	}
	cmd.Token, cmd.Resume = v[subscribeToken].text(), v[subscribeResume].isTrue()
	if v[subscribeAfter].isNull() {
		return nil
	}
	after, err := readPosition(&v[subscribeAfter])
	cmd.After = after
	return err
}

// readPosition reads {"epoch":"…","seq":N}. What it says is not judged: a position that means nothing here
// is one that nothing can be recovered from.
func readPosition(after *value) (*channel.Position, *channel.Error) {
	var v [2]value
	if err := scanObject(after.raw, afterNames, v[:]); err != nil {
		return nil, channel.ErrInvalidMessage.With("data.after cannot be read: %v.", err)
	}
	faults := appendKindFaults(nil, afterPaths, v[:], []int{afterEpoch}, text)
	faults = appendKindFaults(faults, afterPaths, v[:], []int{afterSeq}, number)
	if faults != nil {
		return nil, channel.ErrInvalidMessage.With("%s.", faults)
	}
	if v[afterEpoch].isNull() || v[afterSeq].isNull() {
		return nil, channel.ErrInvalidMessage.With("data.after needs epoch and seq, as hotsock.subscribed told them.")
	}
	seq, err := strconv.ParseUint(string(v[afterSeq].raw), 10, 64)
	if err != nil || seq > maxSeq {
		return nil, channel.ErrInvalidMessage.With("data.after.seq must be a whole number from 0 to %d.", uint64(maxSeq))
	}
	return &channel.Position{Epoch: v[afterEpoch].text(), Seq: seq}, nil
}
