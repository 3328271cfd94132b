package actors

import (
	"dormouse/actors/channel"
)

// hereAtOnce is how many channels are woken together at a start where somebody was connected when the process died.
const hereAtOnce = 256

// A roll lists channels of which members, or backends, would miss those who were connected when a process died.
type roll struct {
	listing string // in the place of an app
	channel func(key string) (app, name string, ok bool)
	keys    []string // a page of them
}

// readRolls reads the first page of each roll, before anything of this process is in it.
func (s *System) readRolls() ([]roll, error) {
	rolls := []roll{
		{listing: channel.HereListings, channel: channel.ListedHere},
		{listing: channel.OccupiedListings, channel: channel.ListedOccupied},
	}
	for i := range rolls {
		if err := s.turnPage(&rolls[i]); err != nil {
			return nil, err
		}
	}
	return rolls, nil
}

// turnPage reads the next page.
func (s *System) turnPage(r *roll) error {
	after := ""
	if len(r.keys) > 0 {
		after = r.keys[len(r.keys)-1]
	}
	r.keys = nil
	return s.options.Store.Listing(r.listing, "", after, func(key string, _ []byte) bool {
		r.keys = append(r.keys, key)
		return len(r.keys) < hereAtOnce
	})
}

// expectAll lets the time begin of those who were connected when the last process ended without a word, channel by
// channel. Who is faster and subscribes before finds the same.
func (s *System) expectAll(rolls []roll) {
	defer s.sweeping.Done()
	for i := range rolls {
		for r := &rolls[i]; len(r.keys) > 0; {
			if !s.expect(r) {
				return
			}
			if err := s.turnPage(r); err != nil {
				s.options.Logger.Error("the listing of who was here cannot be read", "listing", r.listing, "error", err)
				break
			}
		}
	}
}

// expect asks the channels of one page; false: the engine ends.
func (s *System) expect(r *roll) bool {
	settled := make(chan struct{}, len(r.keys))
	asked := 0
	for _, key := range r.keys {
		app, name, ok := r.channel(key)
		if !ok {
			s.options.Logger.Error("a listing of who was here cannot be read", "listing", r.listing, "key", key)
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
			return false
		}
	}
	return true
}
