package persistence

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
)

// settled waits until what was handed over is on disk.
func settled() {
	time.Sleep(time.Second)
	synctest.Wait()
}

func TestOutboxKeepsWhoHasWhat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		s := open(t, options(fs))
		for i := range 4 {
			s.Commit([]Write{EmitEvent("app", "c", fmt.Append(nil, i))}, Sync, nil)
		}
		settled()
		names := []string{"a", "b"}
		s.Outbox().Settle(Settlement{Names: names, Done: []uint64{1}, Taken: []Taken{{2, "a"}, {3, "b"}, {3, "a"}}})
		settled()
		want := []Event{
			{ID: 2, App: "app", Key: "c", Value: []byte("1"), Taken: []string{"a"}},
			{ID: 3, App: "app", Key: "c", Value: []byte("2"), Taken: []string{"a", "b"}},
			{ID: 4, App: "app", Key: "c", Value: []byte("3")},
		}
		for _, when := range []string{"at once", "after a restart"} {
			got, err := s.Outbox().Next(0, 10)
			if diff := cmp.Diff(want, got); diff != "" || err != nil || s.Outbox().Len() != 3 {
				t.Errorf("%s: %v, %d, %s", when, err, s.Outbox().Len(), diff)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, options(fs))
		}
		s.Outbox().Settle(Settlement{Names: names, Done: []uint64{2, 3, 4}})
		settled()
		if n, err := s.Outbox().count(spaceTaken); n != 0 || err != nil {
			t.Errorf("%d marks are left, %v", n, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestDeadLettersAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		s := open(t, options(fs))
		s.Commit([]Write{EmitEvent("app", "c", []byte("x")), EmitEvent("app", "c", []byte("y"))}, Sync, nil)
		settled()
		at := time.Now().UTC()
		letters := []DeadLetter{
			{ID: 1, Endpoint: "a", App: "app", Key: "c", Value: []byte("x"), Reason: "status 500", Attempts: 7, At: at},
			{ID: 1, Endpoint: "b", App: "app", Key: "c", Value: []byte("x"), Reason: "gone", Attempts: 1, At: at},
		}
		s.Outbox().Settle(Settlement{Done: []uint64{1, 2}, Dead: letters})
		settled()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, options(fs))
		o := s.Outbox()
		got, err := o.Dead(0, "", 10)
		if diff := cmp.Diff(letters, got); diff != "" || err != nil || o.DeadLen() != 2 || o.Len() != 0 {
			t.Errorf("%d letters, %d events, %v, %s", o.DeadLen(), o.Len(), err, diff)
		}
		if got, err := o.Dead(1, "a", 10); err != nil || len(got) != 1 || got[0].Endpoint != "b" {
			t.Errorf("behind the first: %v, %v", got, err)
		}
		if d, ok, err := o.Letter(1, "b"); !ok || err != nil || d.Reason != "gone" {
			t.Errorf("%v %v %v", d, ok, err)
		}
		// One that is gone already queues nothing.
		keys := []Taken{{9, "a"}, {1, "a"}}
		again := []Write{EmitEvent("app", "c", []byte("no")), EmitEvent("app", "c", []byte("again"))}
		if n, err := o.Remove(keys, again); n != 1 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		if e, err := o.Next(0, 10); err != nil || len(e) != 1 || string(e[0].Value) != "again" || e[0].ID != 3 {
			t.Errorf("%v, %v", e, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := verifyFolder(fs, "data")
		if err != nil || !r.OK() || r.Dead != 1 || r.Events != 1 {
			t.Errorf("%+v, %v", r, err)
		}
		s = open(t, options(fs))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Outbox().Remove(keys, nil); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}

// Events alone take no number and make no actor, and are durable all the same.
func TestEventsWithoutRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fs := vfs.NewMem()
		s := open(t, options(fs))
		r := wake(t, s, lobby)
		if err := r.Emit([]Write{EmitEvent("app", "c", []byte("1")), EmitEvent("app", "c", []byte("2"))}, false); err != nil {
			t.Fatal(err)
		}
		done := false
		if !r.Commit(Sync, func() { done = true }) {
			t.Fatal("nothing to commit")
		}
		settled()
		if !done || r.Seq() != 0 || r.Epoch() != 0 {
			t.Errorf("done %v, seq %d, epoch %d", done, r.Seq(), r.Epoch())
		}
		if err := r.Emit([]Write{PutRow("ea", nil)}, false); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		apply(t, r, PutRow("ea", []byte("v")), EmitEvent("app", "c", []byte("3")))
		if err := r.Emit([]Write{EmitEvent("app", "c", []byte("4"))}, true); err != nil {
			t.Fatal(err)
		}
		commit(r, Sync)
		r.Close()
		list, err := s.Outbox().Next(0, 10)
		if err != nil || len(list) != 4 {
			t.Errorf("%v, %v", list, err)
		}
		for i, e := range list {
			if string(e.Value) != fmt.Sprint(i+1) {
				t.Errorf("event %d is %s", i+1, e.Value)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := verifyFolder(fs, "data"); err != nil || !r.OK() || r.Actors != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
