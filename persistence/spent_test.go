package persistence

import (
	"testing"
	"time"

	"dormouse/claims"
)

// TestRefund gives a use back, for good.
func TestRefund(t *testing.T) {
	fs := Memory()
	use := claims.Spend{App: "app", ID: "j", Until: time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC)}
	other := use
	other.ID = "other"
	s := open(t, Options{Dir: "data", FS: fs, BallastBytes: -1})
	for _, u := range []claims.Spend{use, other} {
		must(s.Ledger().Reserve(u))
		must(s.Ledger().Spend(u))
	}
	if err := s.Ledger().Refund(use); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Ledger().Reserve(use); err != nil {
			t.Errorf("given back: %v", err)
		}
		if err := s.Ledger().Reserve(other); err != claims.ErrSpent {
			t.Errorf("spent: %v", err)
		}
		must(s.Close())
		if report, err := verifyFolder(fs, "data"); err != nil || !report.OK() {
			t.Errorf("verify: %+v, %v", report, err)
		}
		s = open(t, Options{Dir: "data", FS: fs, BallastBytes: -1})
	}
	must(s.Close())
	if err := s.Ledger().Refund(other); err == nil {
		t.Error("a closed store gave something back")
	}
}
