package actors

import (
	"context"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// WriteStorage writes a backend's entries, all of them or none, and returns once they are durable. The
// names must have been checked.
//
// Errors: *channel.Error, or ctx's: then they may have been written or not.
func (s *System) WriteStorage(ctx context.Context, app string, r WriteStorageRequest) (*channel.StorageWritten, error) {
	if s.tooBusy() {
		return nil, channel.ErrUnavailable
	}
	for i := range r.Writes {
		notify := claims.Unset
		if i < len(r.NotifyExpiry) {
			notify = r.NotifyExpiry[i]
		}
		r.Writes[i].NotifyExpiry = notify.Or(s.notifyExpiry)
	}
	cmd := &channel.WriteStorage{Sender: r.By.sender(r.Origin), Writes: r.Writes, Server: r.By == nil}
	result, err := s.askAndWait(ctx, channelAddress(app, r.Channel), cmd)
	if err != nil {
		return nil, err
	}
	return result.(*channel.StorageWritten), nil
}

// Check refuses what no channel could do, and data of more than so many bytes, before anything is spent on it.
//
// Errors: channel.ErrInvalidMessage, ErrDataTooLarge, ErrStorageNotNumber.
func (r *WriteStorageRequest) Check(maxData int) error {
	return (&channel.WriteStorage{Writes: r.Writes}).Check(maxData)
}

func (a *connectionActor) writeStorage(c *WriteStorage) {
	name, m := a.resolve(c.Channel)
	cmd, err := a.storageWrites(name, m, c.Writes, a.sender())
	if err == nil && c.Schedule.Expression != "" {
		err = channel.ErrInvalidSchedule.With("What has a condition, an increment or several entries cannot be scheduled.")
	}
	switch {
	case err == nil:
		a.send(name, c.Channel, c.Ref, cmd)
	case claims.CheckChannel(name) != nil:
		a.refuse(c.Channel, c.Ref, err)
	default:
		a.refuseOn(m, c.Channel, c.Ref, err)
	}
}

// storageWrites checks the names and the rights of each write, and fills in what the rights say.
func (a *connectionActor) storageWrites(name string, m *membership, writes []channel.StorageWrite, from channel.Sender) (*channel.WriteStorage, *channel.Error) {
	if err := claims.CheckChannel(name); err != nil {
		return nil, channel.ErrInvalidChannel.With("%s.", sentence(err))
	}
	rights := a.rightsOn(name, m)
	for i := range writes {
		w := &writes[i]
		if err := claims.CheckStorageKey(w.Key); err != nil {
			return nil, channel.ErrInvalidStorageKey.With("%s.", sentence(err))
		}
		grant := rights.key(w.Key)
		if !grant.Set {
			return nil, channel.ErrStorageDenied.With("Not allowed to set the key %q.", w.Key)
		}
		w.Store, w.Emit = grant.Store, grant.EmitPubSubEvent
		w.NotifyExpiry = grant.NotifyExpiry.Or(a.system.notifyExpiry)
		w.Show = grant.Get || grant.Observe
	}
	return &channel.WriteStorage{Sender: from, Writes: writes}, nil
}
