package persistence

import (
	"errors"
	"slices"
	"testing"
)

func TestListingsAreOneAppsInOrder(t *testing.T) {
	s := open(t, options(Memory()))
	done := make(chan struct{})
	s.Commit([]Write{
		List("app", "s2", []byte("two")), List("app", "s1", nil), List("app", "s3", []byte("x")), List("app", "t1", nil),
		List("ap", "ps9", nil), List("apps", "s0", nil), Unlist("app", "s3"), Unlist("app", "never"),
	}, Sync, func() { close(done) })
	<-done
	for _, tt := range []struct {
		prefix, after string
		want          []string
	}{
		{"s", "", []string{"s1", "s2"}},
		{"s", "s", []string{"s1", "s2"}},
		{"s", "s1", []string{"s2"}},
		{"s", "s1x", []string{"s2"}},
		{"s", "s2", nil},
		{"s", "z", nil},
		{"", "", []string{"s1", "s2", "t1"}},
		{"t", "s2", []string{"t1"}},
	} {
		var got []string
		err := s.Listing("app", tt.prefix, tt.after, func(key string, _ []byte) bool { got = append(got, key); return true })
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q after %q: %q %v, want %q", tt.prefix, tt.after, got, err, tt.want)
		}
	}
	n := 0
	if err := s.Listing("app", "", "", func(string, []byte) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("%d were visited after the first said no: %v", n, err)
	}
	for key, want := range map[string]string{"s2": "two", "s1": "", "s3": "nil"} {
		got, err := s.Listed("app", key)
		if err != nil || (got == nil) != (want == "nil") || got != nil && string(got) != want {
			t.Errorf("%s: %q %v", key, got, err)
		}
	}
	if _, err := s.Listed("", "k"); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if err := s.Listing("", "", "", nil); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Listed("app", "s1"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
