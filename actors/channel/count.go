package channel

import "time"

// A channel can tell its subscribers how many they are. Each change is told at once while they are few; when they are
// many that would be a frame for each of them at each of their comings and goings, so then it is told at most once in
// a while, and what was told last is true: a change that was not told is by then.
//
// Source: Pusher docs, Subscription count events.
const (
	countedFew  = 100
	countedOnce = 5 * time.Second // for more than these
)

// A counter is what subscribers were told of their number. It lives as long as there are any.
type counter struct {
	on   bool
	told int64 // when, unix ms
	due  int64 // when it is to be told again, unix ms; 0: what was told is true
}

// tellCount tells that the number of subscriptions has changed, now or later.
func (c *Channel) tellCount(s Step, fx *Effects) {
	k, now := &c.counter, s.At.UnixMilli()
	switch {
	case !k.on || c.members != nil:
	case c.roster.Len() <= countedFew || k.due == 0 && now-k.told >= countedOnce.Milliseconds():
		c.sayCount(now, fx)
	case k.due == 0:
		k.due = k.told + countedOnce.Milliseconds()
		fx.CallAgain(unixMilli(k.due))
	}
}

// countDue tells what could not be told before.
func (c *Channel) countDue(s Step, fx *Effects) {
	switch now := s.At.UnixMilli(); {
	case c.counter.due == 0:
	case now >= c.counter.due:
		c.sayCount(now, fx)
	default:
		fx.CallAgain(unixMilli(c.counter.due))
	}
}

func (c *Channel) sayCount(now int64, fx *Effects) {
	c.counter.told, c.counter.due = now, 0
	n := c.roster.Len()
	fx.deliver(&Message{Kind: KindSubscriptionCount, Channel: c.name, Count: n}, c.roster, nil)
	c.occurCount(n, fx)
}
