package actors

import (
	"context"
	"errors"
	"sync"

	"dormouse/actors/channel"
)

// erasedAtOnce is how many channels are emptied together, so that they share a sync of the disk.
const erasedAtOnce = 64

// Erase removes everything that the channels of a tenant keep, and returns of how many once that is durable. Who is on
// them stays; guests with Storage read each entry cleared. What is written meanwhile may stay. After an error some are
// empty, and calling it again goes on with the others.
//
// Errors: *channel.Error, or ctx's.
func (t Tenant) Erase(ctx context.Context) (channels int, err error) {
	after := ""
	for {
		page, more, err := t.system.Channels(t.namespace, "", after, erasedAtOnce)
		if err != nil {
			return channels, err
		}
		failed := make([]error, len(page))
		var all sync.WaitGroup
		for i := range page {
			all.Go(func() {
				failed[i] = t.system.DeleteChannel(ctx, t.namespace, page[i].Name, Origin{Trigger: channel.TriggerServerHTTP})
			})
		}
		all.Wait()
		for _, err := range failed {
			if err == nil {
				channels++
			}
		}
		if err := errors.Join(failed...); err != nil || !more {
			return channels, err
		}
		after = page[len(page)-1].Name
	}
}
