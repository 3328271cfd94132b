package persistence

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"dormouse/claims"
)

// TestRevocationsStay keeps, replaces and lifts revocations, and looks at them before and after a power cut.
func TestRevocationsStay(t *testing.T) {
	fs := Memory()
	open := func() *Store {
		s, err := Open(Options{Dir: "data", FS: fs, BallastBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	at := time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC)
	j := claims.Revocation{App: "app", ID: "j", At: at}
	u := claims.Revocation{App: "app", UID: "j", At: at, Until: at.Add(time.Hour)}
	other := claims.Revocation{App: "other", UID: "\xff\x00", At: at}
	for _, r := range []claims.Revocation{{App: "app", ID: "j", At: at.Add(-time.Hour)}, u, j, other, {App: "app", ID: "lifted", At: at}} {
		if err := s.Revoke(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Unrevoke(claims.Revocation{App: "app", ID: "lifted"}); err != nil {
		t.Fatal(err)
	}
	for _, r := range []claims.Revocation{{}, {App: "app"}, {App: "app", ID: "j", UID: "u"}, {ID: "j"}} {
		if err := s.Revoke(r); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	want := []claims.Revocation{j, u, other}
	for range 2 {
		if got, err := s.Revocations(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %v, %v\nwant %v", got, err, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		report, err := verifyFolder(fs, "data")
		if err != nil || !report.OK() || report.Revoked != len(want) {
			t.Errorf("verify: %+v, %v", report, err)
		}
		s = open()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke(j); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
