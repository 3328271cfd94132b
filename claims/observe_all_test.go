package claims_test

import (
	"slices"
	"testing"

	"dormouse/claims"
)

func TestObserveAll(t *testing.T) {
	g := claims.ObserveAll()
	for _, key := range []string{"a", "a.b", "*", "日本"} {
		if k := g.Key(key); !k.Observe || k.Get || k.Set {
			t.Errorf("%s: %+v", key, k)
		}
	}
	if !g.ObservesAny() || !slices.Equal(g.ObserveRanges(), []claims.KeyRange{{}}) {
		t.Errorf("ranges %v", g.ObserveRanges())
	}
	if g.Subscribe() || g.GetInfo() || g.OmitFromSubCount() || g.Event("e").Publish {
		t.Error("it allows more")
	}
}
