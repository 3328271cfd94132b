package actors_test

import (
	"testing"
	"testing/synctest"

	"dormouse/actors"
	"dormouse/actors/actorstest"
)

// TestAConnectionMayEndTwice: synctest fails a test whose actor goes round and round.
func TestAConnectionMayEndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{})
		ann := s.Connect(map[string]any{"uid": "ann"})
		ann.Connection.Closed()
		ann.Connection.Closed()
		synctest.Wait()
		if n := s.Stats().Connections; n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
}
