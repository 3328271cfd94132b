package hotsock

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/claims"
)

// maxDeduplicationID is how many characters a deduplication id may have; each is kept for minutes.
const maxDeduplicationID = 128

// maxBatch is how many messages one call may publish, counted once for each of their channels. It bounds how
// long a call holds what it has read.
const maxBatch = 1000

// storageSetEvent and reactionEvent are the system events that a server may publish.
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
	publishChannels
	publishUID
	publishUMD
	publishEntries
	publishIncrement
	publishIfVersion
	publishIfAbsent
)

var publishForm = form{
	names: []string{
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
		publishChannels:        "channels",
		publishUID:             "uid",
		publishUMD:             "umd",

		// Not Hotsock's: see publish_storage.go.
		publishEntries:   "entries",
		publishIncrement: "increment",
		publishIfVersion: "ifVersion",
		publishIfAbsent:  "ifAbsent",
	},
	memberKinds: memberKinds{
		texts:    []int{publishChannel, publishEvent, publishKey, publishDeduplicationID, publishSchedule, publishTimezone, publishUID},
		booleans: []int{publishEmit, publishEagerID},
		numbers:  []int{publishStore},
		arrays:   []int{publishChannels},
	},
	required: []int{publishEvent},
}

// publish serves POST /publish: one message, one change of a channel's storage, or one reaction. Its 202 means that it is
// done, and on disk if it is stored. With channels instead of channel it goes to each of them, and what
// became of it stands in results, in their order.
//
// Source: Hotsock docs, Server API, "Publishing messages"; Channel Storage, "Writing from a server".
func (h *Handler) publish(c *call) error { return h.takePublish(c, false) }

// takePublish serves a publish; one that must have a schedule may recur.
func (h *Handler) takePublish(c *call, scheduled bool) error {
	b, err := h.readForm(c, &publishForm)
	if err != nil {
		return err
	}
	if scheduled && b.text(publishSchedule) == "" {
		return channel.ErrInvalidSchedule.With("scheduleExpression is required here: at(…), rate(…) or cron(…).")
	}
	answer, err := h.acceptPublish(c, b, h.origin(c, channel.TriggerServerHTTP), scheduled)
	if err != nil {
		return err
	}
	return c.answer(http.StatusAccepted, answer)
}

// acceptPublish does what a body says, through whichever door it came, and returns what is answered.
func (h *Handler) acceptPublish(c *call, b *body, from actors.Origin, recurs bool) ([]byte, error) {
	if !recurs && b.writesStorage() {
		return h.publishEntries(c, b, from)
	}
	return h.publishOne(c, b, from, recurs)
}

// publishOne publishes what a body says and returns what is answered.
func (h *Handler) publishOne(c *call, b *body, from actors.Origin, recurs bool) ([]byte, error) {
	p, err := h.publication(c, b, from)
	if err != nil {
		return nil, err
	}
	p.recurs(recurs)
	settle, err := h.spend(c)
	if err != nil {
		return nil, err
	}
	if p.many {
		outcomes := h.o.engine.PublishBatch(c.ctx, h.o.App, p.items(nil))
		settle(errorsOf(outcomes)...)
		return h.appendPublication(c, nil, p, outcomes), nil
	}
	var o actors.Outcome
	switch {
	case p.delayed:
		o.Scheduled, o.Err = h.o.engine.SchedulePublication(c.ctx, h.o.App, p.items(nil)[0])
	case p.entries != nil:
		o.Err = h.o.engine.SetStorage(c.ctx, h.o.App, p.entries[0])
	case p.reactions != nil:
		o.Published, o.Err = h.o.engine.React(c.ctx, h.o.App, p.reactions[0])
	default:
		o.Published, o.Err = h.o.engine.Publish(c.ctx, h.o.App, p.messages[0])
	}
	settle(o.Err)
	return appendAccepted(nil, p.channels[0], p.event, p.id(o), p.schedule(o)), o.Err
}

// A publication is one message, or one write, that was read and found well formed and allowed.
type publication struct {
	event    string
	channels []string
	many     bool // it was given channels, and is answered for each
	eager    bool // its id is answered
	delayed  bool // it has a schedule

	// One of them is set: what goes to each channel. A token may mean another retention on each.
	messages  []actors.PublishRequest
	entries   []actors.SetStorageRequest
	reactions []actors.ReactRequest
}

// items appends the engine's requests, one for each channel.
func (p *publication) items(dst []actors.Publication) []actors.Publication {
	for i := range p.entries {
		dst = append(dst, &p.entries[i])
	}
	for i := range p.reactions {
		dst = append(dst, &p.reactions[i])
	}
	for i := range p.messages {
		dst = append(dst, &p.messages[i])
	}
	return dst
}

// id returns the message's or reaction's id if it was asked for.
func (p *publication) id(o actors.Outcome) (id ulid.ULID) {
	switch {
	case !p.eager:
	case o.Published != nil:
		id = o.Published.ID
	case o.Scheduled != nil:
		id = o.Scheduled.MessageID
	}
	return id
}

// schedule returns the schedule's id if there is one.
func (p *publication) schedule(o actors.Outcome) (id ulid.ULID) {
	if o.Scheduled != nil {
		id = o.Scheduled.ID
	}
	return id
}

// delay reads the publication's schedule. by a token, it must be allowed by it on every channel, and is counted: this
// comes last.
func (h *Handler) delay(c *call, p *publication, b *body) error {
	s := scheduleOf(b)
	if p.delayed = s.Expression != ""; !p.delayed {
		return nil
	}
	if p.reactions != nil {
		return channel.ErrInvalidSchedule.With("A reaction cannot be scheduled; send it without scheduleExpression.")
	}
	if c.by != nil {
		for _, name := range p.channels {
			if err := s.Allowed(c.scheduleBefore(name, p), h.o.now()); err != nil {
				return err
			}
		}
		if err := h.o.engine.MaySchedule(h.o.App, c.scheduler(), len(p.channels)); err != nil {
			return err
		}
	}
	for i := range p.entries {
		p.entries[i].Schedule = s
	}
	for i := range p.messages {
		p.messages[i].Schedule, p.messages[i].EagerID = s, p.eager
	}
	return nil
}

// recurs lets the schedule be one that does.
func (p *publication) recurs(allowed bool) {
	for i := range p.entries {
		p.entries[i].Recurs = allowed
	}
	for i := range p.messages {
		p.messages[i].Recurs = allowed
	}
}

// publication reads a message. by a token, it must be allowed by it.
func (h *Handler) publication(c *call, b *body, from actors.Origin) (*publication, error) {
	p := &publication{event: b.text(publishEvent)}
	if err := p.name(b); err != nil {
		return nil, err
	}
	if b.writesStorage() {
		return nil, channel.ErrInvalidMessage.With("What has a condition, an increment or entries must be a publish of its own, to one channel.")
	}
	if p.event != storageSetEvent && p.event != reactionEvent {
		if err := checkEvent(p.event); err != nil {
			return nil, err
		}
	}
	for _, name := range p.channels {
		if err := checkChannel(name); err != nil {
			return nil, err
		}
	}
	data, tooLarge := compactData(&b.values[publishData], h.o.MaxData)
	if tooLarge != nil {
		return nil, tooLarge
	}
	var err error
	switch p.event {
	case storageSetEvent:
		p.entries, err = publishedEntries(c, b, p.channels, data)
	case reactionEvent:
		p.eager = b.isTrue(publishEagerID)
		p.reactions, err = h.publishedReactions(c, b, p.channels)
	default:
		p.eager = b.isTrue(publishEagerID)
		p.messages, err = publishedMessages(c, b, p.channels, data)
	}
	if err == nil {
		err = h.delay(c, p, b)
	}
	if err != nil {
		return nil, err
	}
	for i := range p.entries {
		p.entries[i].Origin = from
	}
	for i := range p.reactions {
		p.reactions[i].Origin = from
	}
	for i := range p.messages {
		p.messages[i].Origin = from
	}
	return p, nil
}

// name reads where a message goes.
func (p *publication) name(b *body) error {
	if p.many = !b.values[publishChannels].isNull(); !p.many {
		p.channels = []string{b.text(publishChannel)}
		return b.need(publishChannel)
	}
	if !b.values[publishChannel].isNull() {
		return channel.ErrInvalidMessage.With("Give channel or channels, not both.")
	}
	var err error
	if p.channels, err = b.texts(publishChannels, maxBatch); err != nil {
		return err
	}
	if len(p.channels) == 0 {
		return channel.ErrInvalidMessage.With("channels must name at least one channel.")
	}
	sorted := slices.Sorted(slices.Values(p.channels))
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return channel.ErrInvalidMessage.With("channels names %s twice.", sorted[i])
		}
	}
	return nil
}

func publishedMessages(c *call, b *body, channels []string, data []byte) ([]actors.PublishRequest, error) {
	r := actors.PublishRequest{
		Event: b.text(publishEvent), Data: data,
		Emit: b.isTrue(publishEmit), DeduplicationID: b.text(publishDeduplicationID), By: c.author(),
	}
	var err error
	if r.Store, err = b.integer(publishStore, 0); err != nil {
		return nil, err
	}
	if r.Store < -1 || r.Store > claims.MaxStore {
		return nil, channel.ErrInvalidStore.With("store must be -1 or 0 to %d.", int64(claims.MaxStore))
	}
	if utf8.RuneCountInString(r.DeduplicationID) > maxDeduplicationID {
		return nil, channel.ErrInvalidMessage.With("deduplicationId must be at most %d characters.", maxDeduplicationID)
	}
	all := make([]actors.PublishRequest, len(channels))
	for i, name := range channels {
		all[i] = r
		all[i].Channel = name
		if err := c.mayPublish(b, name, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func publishedEntries(c *call, b *body, channels []string, data []byte) ([]actors.SetStorageRequest, error) {
	if err := b.need(publishKey); err != nil {
		return nil, err
	}
	r := actors.SetStorageRequest{Key: b.text(publishKey), Data: data, Emit: b.isTrue(publishEmit), By: c.author()}
	if fault := claims.CheckStorageKey(r.Key); fault != nil {
		return nil, channel.ErrInvalidStorageKey.With("%s.", sentence(fault))
	}
	var err error
	if r.Store, err = b.entryStore(); err != nil {
		return nil, err
	}
	all := make([]actors.SetStorageRequest, len(channels))
	for i, name := range channels {
		all[i] = r
		all[i].Channel = name
		if err := c.maySet(b, name, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// entryStore returns the retention of an entry.
func (b *body) entryStore() (int64, error) {
	store, err := b.integer(publishStore, -1)
	if err == nil && (store == 0 || store < -1 || store > claims.MaxStore) {
		err = channel.ErrInvalidStore.With("store must be -1 or 1 to %d for an entry.", int64(claims.MaxStore))
	}
	return store, err
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
