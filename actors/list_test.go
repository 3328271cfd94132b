package actors_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"dormouse/actors"
	"dormouse/actors/actorstest"
	"dormouse/actors/channel"
)

// TestAListOfRareEntriesHoldsNobodyUp: whoever asks for what is rare among many entries gets it whole, in parts, and
// what others ask meanwhile comes in between.
func TestAListOfRareEntriesHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *actorstest.Server
		var order []string
		published := make(chan error, 1)
		s = actorstest.Start(t, actors.Options{Intercept: func(_ actors.Address, cmd any) {
			switch cmd.(type) {
			case *channel.ListStorage:
				if order = append(order, "list"); len(order) == 1 {
					go func() {
						_, err := s.Publish(t.Context(), actorstest.App, actors.PublishRequest{Channel: "c", Event: "e"})
						published <- err
					}()
					synctest.Wait() // it is in the mailbox
				}
			case *channel.Publish:
				order = append(order, "publish")
			}
		}})
		const entries = 4500
		for i := 0; i < entries; i += 100 {
			var writes []channel.StorageWrite
			for j := range 100 {
				writes = append(writes, channel.StorageWrite{Key: fmt.Sprintf("k%04d", i+j), Data: []byte("1"), Store: -1, IfVersion: -1})
			}
			if _, err := s.WriteStorage(t.Context(), actorstest.App, actors.WriteStorageRequest{Channel: "c", Writes: writes}); err != nil {
				t.Fatal(err)
			}
		}
		page, err := s.ListStorage(t.Context(), actorstest.App, actors.ListStorageRequest{
			Channel: "c", Allow: func(key string) bool { return strings.HasSuffix(key, "99") }})
		if err != nil || len(page.Items) != entries/100 || page.More || page.Rest != nil {
			t.Fatalf("%d entries, %+v %v", len(page.Items), page, err)
		}
		if err := <-published; err != nil {
			t.Fatal(err)
		}
		if want := []string{"list", "publish", "list", "list", "list", "list"}; !slices.Equal(order, want) {
			t.Errorf("%v, want %v", order, want)
		}

		order = []string{"before"}
		ann := s.Connect(map[string]any{"uid": "ann", "channels": map[string]any{"c": map[string]any{"storage": map[string]any{"*9": map[string]any{"get": true}, "k0009": map[string]any{"get": false}}}}})
		c, err := s.Client(actorstest.App, ann.Connection.ID(), ann.Secret())
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.Do(t.Context(), actors.Origin{}, &actors.ListStorage{Channel: "c", After: "k3000"})
		if err != nil {
			t.Fatal(err)
		}
		if page := answer.Result.(*channel.Entries); len(page.Items) != 100 || page.Items[0].Key != "k3009" || !page.More {
			t.Errorf("%d entries, first %s, more %v", len(page.Items), page.Items[0].Key, page.More)
		}
	})
}
