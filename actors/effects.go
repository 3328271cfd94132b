package actors

import (
	"sync"

	"dormouse/actors/channel"
)

// effects are lent for a turn, so that an actor at rest does not keep what its busiest command needed.
var effects = sync.Pool{New: func() any { return new(channel.Effects) }}

// effectsKeep is how many writes, deliveries and events an Effects may have room for that is lent again. A few
// commands need more, such as one that ends what ten thousand had reacted with; the others should not keep that
// much memory for as long as they follow each other.
const effectsKeep = 256

func lendEffects() *channel.Effects { return effects.Get().(*channel.Effects) }

// giveBack takes what lendEffects lent, and says whether it is kept.
func giveBack(fx *channel.Effects) bool {
	if max(cap(fx.Writes), cap(fx.Deliveries), cap(fx.Events)) > effectsKeep {
		return false
	}
	fx.Reset()
	effects.Put(fx)
	return true
}
