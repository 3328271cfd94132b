package actors

import (
	"testing"

	"dormouse/actors/channel"
	"dormouse/persistence"
)

// What the largest command needed is not lent to those that follow.
func TestLargeEffectsAreNotKept(t *testing.T) {
	for name, fx := range map[string]*channel.Effects{
		"writes":     {Writes: make([]persistence.Write, effectsKeep+1)},
		"deliveries": {Deliveries: make([]channel.Delivery, 1, 10*effectsKeep)},
		"events":     {Events: make([]channel.BackendEvent, 0, effectsKeep+1)},
	} {
		if giveBack(fx) {
			t.Errorf("%s: kept", name)
		}
	}
	usual := &channel.Effects{
		Writes:     make([]persistence.Write, effectsKeep),
		Deliveries: []channel.Delivery{{Message: new(channel.Message)}},
		Events:     []channel.BackendEvent{{Type: "e"}},
		Result:     1,
	}
	if !giveBack(usual) || len(usual.Writes)+len(usual.Deliveries)+len(usual.Events) > 0 || usual.Result != nil {
		t.Errorf("not kept, or not empty: %v", usual)
	}
	if left := usual.Deliveries[:1][0].Message; left != nil {
		t.Errorf("holds on to %v", left)
	}
}
