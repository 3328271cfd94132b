package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"dormouse/actors/channel"
	"dormouse/actors/courier"
	"dormouse/persistence"
)

// hireCourier makes the courier, if there is an endpoint to go to.
func (s *System) hireCourier() error {
	store := s.options.Store
	if s.options.Events.Empty() {
		if n := store.Outbox().Len(); n > 0 {
			s.options.Logger.Warn("backend events wait in the outbox, and no endpoint is configured", "events", n)
		}
		return nil
	}
	c, err := courier.New(store.Outbox(), s.options.Events)
	if err != nil {
		return err
	}
	s.courier.Store(c)
	if err := s.endOpenConnections(); err != nil {
		return fmt.Errorf("read the journal of connections: %w", err)
	}
	return nil
}

// courierEnds is how long events on their way are waited for when the engine ends. What is cut off is sent
// again by the next start.
const courierEnds = 3 * time.Second

func (s *System) dismissCourier(ctx context.Context) {
	s.hiring.Lock()
	defer s.hiring.Unlock()
	s.closing = true
	dismiss(ctx, s.courier.Load())
}

func dismiss(ctx context.Context, c *courier.Courier) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, courierEnds)
	defer cancel()
	c.Close(ctx)
}

// SetEvents says anew where backend events go, as a restart with these options would: what is on its way is
// waited for for a moment, and what no endpoint has taken stays in the outbox, for those that there are now.
// Without endpoints no more events are made. When it returns nil, the old endpoints are not used any more.
//
// Errors: channel.ErrUnavailable once the engine ends, what [courier.Options.Validate] says, or the store's; then
// nothing has changed.
func (s *System) SetEvents(ctx context.Context, o courier.Options) error {
	s.hiring.Lock()
	defer s.hiring.Unlock()
	if s.closing {
		return channel.ErrUnavailable
	}
	var next *courier.Courier
	if !o.Empty() {
		var err error
		if next, err = courier.New(s.options.Store.Outbox(), o); err != nil {
			return err
		}
	}
	old := s.courier.Swap(next)
	if dismiss(ctx, old); old != nil {
		s.settle(ctx)
	}
	if next != nil {
		next.Start()
	}
	return nil
}

// settle waits until what a courier has settled can be seen in the outbox, or the next one would hand it over
// again.
func (s *System) settle(ctx context.Context) {
	done := make(chan struct{})
	s.options.Store.Commit([]persistence.Write{persistence.Unlist(journal, "!")}, persistence.Sync, func() { close(done) })
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Courier is who takes events to backends, for its dead letters and counts; nil if there is no endpoint. It may be
// another one after SetEvents.
func (s *System) Courier() *courier.Courier { return s.courier.Load() }

// apply hands a decision's writes and events to the rows, all or none. seq is zero if no row was written.
func (a *durableActor) apply(q *ask, now time.Time) (seq uint64, err error) {
	fx := a.fx
	rows := len(fx.Writes)
	for i := range fx.Events {
		if w, ok := a.system.write(a.address.App, &fx.Events[i], now); ok {
			fx.Writes = append(fx.Writes, w)
		}
	}
	switch {
	case fx.Erase:
		if _, err := a.rows.Apply(fx.Writes); err != nil {
			return 0, err
		}
		return a.rows.DeleteAll()
	case rows > 0:
		return a.rows.Apply(fx.Writes)
	case len(fx.Writes) > 0:
		// Who leaves has left, whether there is room to write that down or not.
		_, leaves := q.cmd.(*channel.Unsubscribe)
		err := a.rows.Emit(fx.Writes, leaves)
		if err != nil && leaves {
			a.system.options.Logger.Error("an event is lost: the disk is full", "actor", a.address, "error", err)
			err = nil
		}
		return 0, err
	}
	return 0, nil
}

// hasEvents says whether anybody listens to what the actor would tell backends.
func (a *durableActor) hasEvents() bool {
	c := a.system.courier.Load()
	switch {
	case c == nil:
		return false
	case a.tenant:
		return c.WantsOccurrence(a.address.App, "", "")
	}
	return c.HasEndpoints()
}

// requestID names one frame or HTTP call, for backends; "" for a frame of which nobody is told.
func (a *connectionActor) requestID() string {
	if a.call != nil {
		return a.call.from.RequestID
	}
	if c := a.system.courier.Load(); c == nil || !c.HasEndpoints() {
		return ""
	}
	return uuid.NewString()
}

// write turns a channel's event into what queues it; ok is false if no endpoint wants it.
func (s *System) write(app string, e *channel.BackendEvent, now time.Time) (w persistence.Write, ok bool) {
	name := e.Metadata["channel"]
	c := s.courier.Load()
	if c == nil {
		return w, false
	}
	if e.DataType == courier.OccurrenceType {
		if !c.WantsOccurrence(app, e.Type, name) {
			return w, false
		}
	} else if !c.Wants(e.Type, e.DataType, name) {
		return w, false
	}
	event := courier.Event{App: app, Type: e.Type, DataType: e.DataType, Data: e.Data, Metadata: make([]courier.Attribute, 0, len(e.Metadata))}
	for name, value := range e.Metadata {
		event.Metadata = append(event.Metadata, courier.Attribute{Name: name, Value: value})
	}
	return courier.Write(event, name, now, entropy), true
}
