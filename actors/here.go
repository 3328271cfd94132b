package actors

import (
	"dormouse/actors/channel"
)

// hereAtOnce is how many channels are woken together at a start whose members were connected when the process died.
const hereAtOnce = 256

// readHere reads the channels whose members were connected when the last process ended without a word, a page of them
// behind after.
func (s *System) readHere(after string) (keys []string, err error) {
	err = s.options.Store.Listing(channel.HereListings, "", after, func(key string, _ []byte) bool {
		keys = append(keys, key)
		return len(keys) < hereAtOnce
	})
	return keys, err
}

// expectMembers lets the grace begin of members who were connected when the last process ended without a word, channel
// by channel; keys is the first page of these. Who is faster and subscribes before finds the same.
func (s *System) expectMembers(keys []string) {
	defer s.sweeping.Done()
	for len(keys) > 0 {
		settled := make(chan struct{}, len(keys))
		asked := 0
		for _, key := range keys {
			app, name, ok := channel.ListedHere(key)
			if !ok {
				s.options.Logger.Error("a listing of members cannot be read", "key", key)
				continue
			}
			a := channelAddress(app, name)
			asked++
			s.router.tell(a, &ask{cmd: due{}, outcome: func(err error) {
				if err != nil {
					s.clock.after(dueRetry, func() { s.wakeDue(a) })
				}
				settled <- struct{}{}
			}})
		}
		for range asked {
			select {
			case <-settled:
			case <-s.stop:
				return
			}
		}
		var err error
		if keys, err = s.readHere(keys[len(keys)-1]); err != nil {
			s.options.Logger.Error("the listing of members cannot be read", "error", err)
			return
		}
	}
}
