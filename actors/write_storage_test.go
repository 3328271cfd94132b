package actors_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

func TestWritesOnConditions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{})
		ann, bob := s.Connect(lobby("ann")), s.Connect(lobby("bob"))
		bob.Send(subscribe("c"))
		bob.Expect("subscribed c uid=bob")
		ann.Send(&actors.WriteStorage{Channel: "c", Ref: "r", Writes: []channel.StorageWrite{
			{Key: "a", Data: []byte("1")}, {Key: "n", Increment: "5", IfVersion: -1},
		}})
		bob.Expect("storage c a 1 uid=ann", "storage c n 5 uid=ann")
		ann.Expect("ack r seq=1 a@1 n@1=5")
		// Two take the same version for their ground, and one of them loses, whoever comes second.
		for _, c := range []*actorstest.Client{ann, bob} {
			c.Send(&actors.WriteStorage{Channel: "c", Ref: "r", Writes: []channel.StorageWrite{{Key: "a", Data: []byte("2"), IfVersion: 1}}})
			synctest.Wait()
		}
		ann.Expect("ack r seq=2 a@2")
		bob.Expect("storage c a 2 uid=ann", "error c STORAGE_CONFLICT r")
		ann.Send(&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "n,", Increment: "1"}}},
			&actors.WriteStorage{Channel: "c c", Writes: []channel.StorageWrite{{Key: "n", Increment: "1"}}},
			&actors.WriteStorage{Channel: "c", Writes: []channel.StorageWrite{{Key: "n", Increment: "1"}}, Schedule: actors.Schedule{Expression: "at(x)"}})
		ann.Expect("error c INVALID_STORAGE_KEY", "error c c INVALID_CHANNEL", "error c INVALID_SCHEDULE")
		written, err := s.WriteStorage(t.Context(), actorstest.App, actors.WriteStorageRequest{Channel: "c",
			Writes: []channel.StorageWrite{{Key: "n", Increment: "-0.5", IfVersion: 1, Store: -1, Show: true}}})
		if err != nil || len(written.Entries) != 1 || written.Entries[0].Version != 3 || string(written.Entries[0].Data) != "4.5" {
			t.Errorf("%+v %v", written, err)
		}
		_, err = s.WriteStorage(t.Context(), actorstest.App, actors.WriteStorageRequest{Channel: "c",
			Writes: []channel.StorageWrite{{Key: "n", Increment: "1", IfVersion: 1, Store: -1}}})
		if !errors.Is(err, channel.ErrStorageConflict) {
			t.Error(err)
		}
	})
}

// TestEachKeyOfASetNeedsItsRight, and who may only set is shown neither versions nor sums.
func TestEachKeyOfASetNeedsItsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := actorstest.Start(t, actors.Options{})
		c := s.Connect(map[string]any{"channels": map[string]any{"c": map[string]any{"storage": map[string]any{
			"blind": map[string]any{"set": true}, "seen": map[string]any{"set": true, "get": true}, "read": map[string]any{"get": true},
		}}}})
		send := func(keys ...string) {
			cmd := &actors.WriteStorage{Channel: "c", Ref: "r"}
			for _, key := range keys {
				cmd.Writes = append(cmd.Writes, channel.StorageWrite{Key: key, Increment: "1", IfVersion: -1})
			}
			c.Send(cmd)
		}
		send("blind", "seen", "read")
		c.Expect("error c STORAGE_PERMISSION_DENIED r")
		send("blind", "seen")
		c.Expect("ack r seq=1 blind seen@1=1")
	})
}
