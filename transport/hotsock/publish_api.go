package hotsock

import (
	"net/http"
	"unicode/utf8"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// maxDeduplicationID is how many characters a deduplication id may have; each is kept for minutes.
const maxDeduplicationID = 128

// storageSetEvent is the one system event that a server may publish.
const storageSetEvent = "hotsock.channelStorageSet"

// The members of a publish.
const (
	publishChannel = iota
	publishEvent
	publishKey
	publishData
	publishStore
	publishEmit
	publishEagerID
	publishDeduplicationID
	publishSchedule
	publishTimezone
)

var (
	publishNames = []string{
		publishChannel:         "channel",
		publishEvent:           "event",
		publishKey:             "key",
		publishData:            "data",
		publishStore:           "store",
		publishEmit:            "emitPubSubEvent",
		publishEagerID:         "eagerIdGeneration",
		publishDeduplicationID: "deduplicationId",
		publishSchedule:        "scheduleExpression",
		publishTimezone:        "scheduleExpressionTimezone",
	}
	publishKinds = memberKinds{
		texts:    []int{publishChannel, publishEvent, publishKey, publishDeduplicationID, publishSchedule, publishTimezone},
		booleans: []int{publishEmit, publishEagerID},
		numbers:  []int{publishStore},
	}
)

// publish serves POST /publish: one message, or one change of a channel's storage. Its 202 means that it is
// done, and on disk if it is stored.
//
// Source: Hotsock docs, Server API, "Publishing messages"; Channel Storage, "Writing from a server".
func (h *Handler) publish(c *call) error {
	b, err := h.readBody(c, publishNames)
	if err != nil {
		return err
	}
	if err := b.check(publishKinds); err != nil {
		return err
	}
	if err := b.need(publishEvent, publishChannel); err != nil {
		return err
	}
	event, name := b.text(publishEvent), b.text(publishChannel)
	setsStorage := event == storageSetEvent
	if !setsStorage {
		if err := checkEvent(event); err != nil {
			return err
		}
	}
	if err := checkChannel(name); err != nil {
		return err
	}
	data, tooLarge := compactData(&b.values[publishData], h.o.MaxData)
	if tooLarge != nil {
		return tooLarge
	}
	var id []byte
	if setsStorage {
		err = h.publishEntry(c, b, name, data)
	} else {
		id, err = h.publishMessage(c, b, name, event, data)
	}
	if err != nil {
		return err
	}
	answer := appendString([]byte(`{"channel":`), name)
	answer = appendString(append(answer, `,"event":`...), event)
	if id != nil {
		answer = append(append(append(answer, `,"id":"`...), id...), '"')
	}
	return c.answer(http.StatusAccepted, append(answer, '}'))
}

// publishMessage returns the message's id if it was asked for.
func (h *Handler) publishMessage(c *call, b *body, name, event string, data []byte) ([]byte, error) {
	store, err := b.integer(publishStore, 0)
	if err != nil {
		return nil, err
	}
	if store < -1 || store > claims.MaxStore {
		return nil, channel.ErrInvalidStore.With("store must be -1 or 0 to %d.", int64(claims.MaxStore))
	}
	deduplicationID := b.text(publishDeduplicationID)
	if utf8.RuneCountInString(deduplicationID) > maxDeduplicationID {
		return nil, channel.ErrInvalidMessage.With("deduplicationId must be at most %d characters.", maxDeduplicationID)
	}
	if err := refuseSchedule(b); err != nil {
		return nil, err
	}
	published, err := h.o.engine.Publish(c.ctx, h.o.App, actors.PublishRequest{
		Channel:         name,
		Event:           event,
		Data:            data,
		Store:           store,
		Emit:            b.isTrue(publishEmit),
		DeduplicationID: deduplicationID,
		Origin:          h.origin(c, channel.TriggerServerHTTP),
	})
	if err != nil || !b.isTrue(publishEagerID) {
		return nil, err
	}
	return appendID(nil, published.ID), nil
}

func (h *Handler) publishEntry(c *call, b *body, name string, data []byte) error {
	if err := b.need(publishKey); err != nil {
		return err
	}
	key := b.text(publishKey)
	if fault := claims.CheckStorageKey(key); fault != nil {
		return channel.ErrInvalidStorageKey.With("%s.", sentence(fault))
	}
	store, err := b.integer(publishStore, -1)
	if err != nil {
		return err
	}
	if store == 0 || store < -1 || store > claims.MaxStore {
		return channel.ErrInvalidStore.With("store must be -1 or 1 to %d for an entry.", int64(claims.MaxStore))
	}
	if err := refuseSchedule(b); err != nil {
		return err
	}
	return h.o.engine.SetStorage(c.ctx, h.o.App, actors.SetStorageRequest{
		Channel: name,
		Key:     key,
		Data:    data,
		Store:   store,
		Emit:    b.isTrue(publishEmit),
		Origin:  h.origin(c, channel.TriggerServerHTTP),
	})
}

func refuseSchedule(b *body) error {
	if b.text(publishSchedule) == "" {
		return nil
	}
	return channel.ErrInvalidSchedule.With("Scheduling is not available yet; publish without scheduleExpression.")
}

func checkChannel(name string) error {
	if fault := claims.CheckChannel(name); fault != nil {
		return channel.ErrInvalidChannel.With("%s.", sentence(fault))
	}
	return nil
}

func checkEvent(name string) error {
	if fault := claims.CheckEvent(name); fault != nil {
		return channel.ErrInvalidEvent.With("%s.", sentence(fault))
	}
	return nil
}
