package hotsock

import (
	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// writesStorage says whether a publish of hotsock.channelStorageSet is more than Hotsock's: see
// decode_storage.go, whose members it has.
func (b *body) writesStorage() bool {
	if b.text(publishEvent) != storageSetEvent {
		return false
	}
	for i := publishEntries; i <= publishIfAbsent; i++ {
		if !b.values[i].isNull() {
			return true
		}
	}
	return false
}

// publishEntries writes a server's entries together, if conditions hold. store and emitPubSubEvent are for
// all of them. The answer says their versions, and what increments led to:
//
//	{"channel":"c","event":"hotsock.channelStorageSet","entries":[{"key":"k","version":13,"data":6}]}
func (h *Handler) publishEntries(c *call, b *body, from actors.Origin) ([]byte, error) {
	if !b.values[publishChannels].isNull() {
		return nil, channel.ErrInvalidMessage.With("What has a condition, an increment or entries goes to one channel, not to channels.")
	}
	if err := b.need(publishChannel); err != nil {
		return nil, err
	}
	name := b.text(publishChannel)
	if err := checkChannel(name); err != nil {
		return nil, err
	}
	one := storageWrite{
		writeKey: b.values[publishKey], writeData: b.values[publishData], writeIncrement: b.values[publishIncrement],
		writeIfVersion: b.values[publishIfVersion], writeIfAbsent: b.values[publishIfAbsent],
	}
	writes, refused := readWrites(&one, &b.values[publishEntries], h.o.MaxData)
	if refused != nil {
		return nil, refused
	}
	if b.text(publishSchedule) != "" {
		return nil, channel.ErrInvalidSchedule.With("What has a condition, an increment or several entries cannot be scheduled.")
	}
	var notify []claims.Flag // nil: the server's own
	for i := range writes {
		w := &writes[i]
		if fault := claims.CheckStorageKey(w.Key); fault != nil {
			return nil, channel.ErrInvalidStorageKey.With("%s.", sentence(fault))
		}
		r := actors.SetStorageRequest{Key: w.Key, Emit: b.isTrue(publishEmit)}
		var err error
		if r.Store, err = b.entryStore(); err != nil {
			return nil, err
		}
		if err := c.maySet(b, name, &r); err != nil {
			return nil, err
		}
		w.Store, w.Emit, w.Show = r.Store, r.Emit, true
		if c.by != nil {
			grant := c.grant(name).Key(w.Key)
			w.Show = grant.Get || grant.Observe
			notify = append(notify, grant.NotifyExpiry)
		}
	}
	r := actors.WriteStorageRequest{Channel: name, Writes: writes, NotifyExpiry: notify, By: c.author(), Origin: from}
	if err := r.Check(h.o.MaxData); err != nil {
		return nil, err
	}
	settle, err := h.spend(c)
	if err != nil {
		return nil, err
	}
	written, err := h.o.engine.WriteStorage(c.ctx, h.o.App, r)
	settle(err)
	if err != nil {
		return nil, err
	}
	return appendEntriesDone(name, written), nil
}
