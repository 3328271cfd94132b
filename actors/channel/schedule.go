package channel

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"dormouse/actors/schedule"
	"dormouse/persistence"
)

// Schedule keeps a message or a write for later. What it may do, who does it and how long it is kept from then
// on are decided now and stay: when it is due, nobody asks again, and nobody has to be connected. A message is
// not told to the connection that scheduled it, unless it asked for an echo, if it is still subscribed then.
//
// Deduplication counts now: a copy of a message that had the same id within Options.DedupWindow is dropped, and
// answered as the first one was.
//
// Errors: ErrInvalidSchedule of an instant that is past or never comes, ErrScheduleCapacityReached,
// ErrNotSubscribed, ErrDataTooLarge, ErrInvalidStore, or a fault.
// Source: Hotsock docs, Scheduled Messages and Channel Storage, "Scheduling".
func (c *Channel) Schedule(s Step, cmd *Schedule, fx *Effects) error {
	row, err := c.freeze(s, cmd)
	if err != nil {
		return err
	}
	var first *dedupRow
	dedup := ""
	if cmd.Publish != nil && cmd.Publish.DeduplicationID != "" {
		dedup = cmd.Publish.DeduplicationID
		if first, err = c.firstCopy(dedup); err != nil {
			return err
		}
		if first != nil && !expired(first.until, s.At) {
			cmd.answer(&Scheduled{ID: first.schedule, MessageID: first.id}, fx)
			return nil
		}
	}
	n, err := c.scheduleCount()
	if err != nil {
		return err
	}
	if n >= uint64(c.o.MaxSchedules) {
		return ErrScheduleCapacityReached.With("The channel has %d schedules, and no room for more.", n)
	}
	if err := c.readDue(); err != nil {
		return err
	}
	if cmd.EagerID && cmd.Publish != nil && !cmd.When.Recurs() {
		if _, err := c.lastID(); err != nil {
			return err
		}
		if row.messageID, err = c.eagerID(s, unixMilli(row.due)); err != nil {
			return err
		}
	}

	// From here on nothing fails.
	id := c.nextScheduleID(s)
	if dedup != "" {
		c.rememberCopy(s, dedup, row.messageID, id, first, fx)
	}
	c.putSchedule(id, row, fx)
	fx.put(rowScheduleCount, binary.AppendUvarint(nil, n+1))
	cmd.answer(&Scheduled{ID: id, MessageID: row.messageID, Due: unixMilli(row.due), Seq: s.Seq}, fx)
	return nil
}

// nextScheduleID gives out an id that is greater than every schedule's before it, as those of messages are: of
// schedules that are due at one time the first that was made runs first.
func (c *Channel) nextScheduleID(s Step) ulid.ULID {
	if ulid.Timestamp(s.Stamp) > c.lastSchedule.Time() {
		c.lastSchedule = freshID(s, s.Stamp)
	} else {
		c.lastSchedule = after(c.lastSchedule)
	}
	return c.lastSchedule
}

func (cmd *Schedule) sender() *Sender {
	if cmd.Publish != nil {
		return &cmd.Publish.Sender
	}
	return &cmd.Set.Sender
}

// answer answers an asker without a sink.
func (cmd *Schedule) answer(a *Scheduled, fx *Effects) {
	if cmd.sender().Sink == nil {
		fx.Result = a
	}
}

// freeze makes an operation's row, if it is one that could be done now.
func (c *Channel) freeze(s Step, cmd *Schedule) (*scheduleRow, error) {
	row := &scheduleRow{created: s.At.UnixMilli(), expression: cmd.Expression, timezone: cmd.Timezone}
	from := cmd.sender()
	sub := c.byConnection[from.ConnectionID]
	var server, kept bool
	if p := cmd.Publish; p != nil {
		if p.Subscribed && sub == nil {
			return nil, ErrNotSubscribed
		}
		server, kept = p.Server, p.Store != 0
		row.name, row.data, row.store = p.Event, p.Data, p.Store
		row.set(scheduledEmit, p.Emit)
		row.set(scheduledEcho, p.Echo)
	} else {
		server, kept = cmd.Set.Server, !isClear(cmd.Set.Data)
		row.name, row.data, row.store = cmd.Set.Key, cmd.Set.Data, cmd.Set.Store
		row.set(scheduledSet, true)
		row.set(scheduledEmit, cmd.Set.Emit)
		row.set(scheduledNotify, cmd.Set.NotifyExpiry)
	}
	row.set(scheduledServer, server)
	by := author(from, sub, server)
	row.origin = from.origin(&by)
	if err := c.o.checkData(row.data); err != nil {
		return nil, err
	}
	if kept {
		if _, err := deadline(s.At, row.store); err != nil {
			return nil, err
		}
	}
	due, refused := cmd.First(s.At)
	if refused != nil {
		return nil, refused
	}
	row.due = due.UnixMilli()
	return row, nil
}

// First returns when a schedule that is made at this time is due first. Whoever spends something on one asks
// before, since a channel may answer too late.
//
// Errors: ErrInvalidSchedule of an instant that is past or never comes.
func (cmd *Schedule) First(at time.Time) (time.Time, *Error) {
	due := cmd.When.First(at)
	switch {
	case due.IsZero():
		return due, ErrInvalidSchedule.With("The schedule never comes: %s names no time from now on.", cmd.Expression)
	case due.Before(at):
		return due, ErrInvalidSchedule.With("The schedule is in the past: it was due at %s, and it is %s.",
			due.Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return due, nil
}

// scheduleCount returns how many schedules there are.
func (c *Channel) scheduleCount() (uint64, error) {
	value, err := c.rd.Get(rowScheduleCount)
	if err != nil || value == nil {
		return 0, c.fault("count the schedules", err)
	}
	n, size := binary.Uvarint(value)
	if size != len(value) {
		return 0, c.fault("count the schedules", errRow)
	}
	return n, nil
}

// schedule returns a schedule's row, nil if there is none.
func (c *Channel) schedule(id ulid.ULID) (*scheduleRow, error) {
	value, err := c.rd.Get(scheduleKey(id))
	if err != nil || value == nil {
		return nil, c.fault("read a schedule", err)
	}
	row, err := decodeSchedule(value)
	return &row, c.fault("read a schedule", err)
}

// putSchedule writes a schedule, what makes it due, and what it is found by.
func (c *Channel) putSchedule(id ulid.ULID, row *scheduleRow, fx *Effects) {
	fx.put(scheduleKey(id), row.encode())
	fx.put(timerKey(row.due, timerSchedule, view(id[:])), nil)
	fx.Writes = append(fx.Writes, persistence.List(c.app, listingKey(id), row.summary(c.name)))
	if !row.messageID.IsZero() {
		fx.put(eagerKey(row.messageID), nil)
		c.ids.waits = false
	}
	c.wakeAt(row.due, fx)
}

// dropSchedule removes all of that, but for the row that counts n schedules.
func (c *Channel) dropSchedule(id ulid.ULID, row *scheduleRow, n uint64, fx *Effects) {
	fx.delete(scheduleKey(id))
	fx.delete(timerKey(row.due, timerSchedule, view(id[:])))
	fx.Writes = append(fx.Writes, persistence.Unlist(c.app, listingKey(id)))
	if !row.messageID.IsZero() {
		fx.delete(eagerKey(row.messageID))
		c.ids.waits = false
	}
	if n <= 1 {
		fx.delete(rowScheduleCount)
	} else {
		fx.put(rowScheduleCount, binary.AppendUvarint(nil, n-1))
	}
}

// runSchedule does what a schedule is for, and removes it, or sets it for the next time, in the same step: it
// is done once whatever happens. One that has gone, or moved, leaves a timer that finds nothing.
func (c *Channel) runSchedule(s Step, timer string, fx *Effects) error {
	due, id, err := splitScheduleTimer(timer)
	if err != nil {
		return c.fault("read a timer", err)
	}
	row, err := c.schedule(id)
	if err != nil {
		return err
	}
	if row == nil || row.due != due {
		fx.delete(timer)
		return nil
	}
	n, err := c.scheduleCount()
	if err != nil {
		return err
	}
	before := *fx
	if next := row.next(s.At); next != 0 {
		again := *row
		again.due = next
		fx.delete(timer)
		c.putSchedule(id, &again, fx)
	} else {
		c.dropSchedule(id, row, n, fx)
	}
	if row.has(scheduledSet) {
		err = c.runSet(s, row, fx)
	} else {
		err = c.runPublish(s, row, fx)
	}
	if err != nil {
		fx.forget(before)
		return err
	}
	fx.Result = &Ran{ID: id, Due: unixMilli(due)}
	return nil
}

// next returns when a schedule is due again, in unix ms; 0: never. A zone that a later program does not know
// any more ends it.
func (r *scheduleRow) next(now time.Time) int64 {
	e, err := schedule.Parse(r.expression, r.timezone)
	if err != nil {
		return 0
	}
	next := e.Next(unixMilli(r.due), now)
	if next.IsZero() {
		return 0
	}
	return next.UnixMilli()
}

func (c *Channel) runPublish(s Step, row *scheduleRow, fx *Effects) error {
	if _, err := c.lastID(); err != nil {
		return err
	}
	var expires int64
	if row.store != 0 {
		var err error
		if expires, err = deadline(s.At, row.store); err != nil {
			return c.fault("run a schedule", err)
		}
	}
	m := newMessage(KindPublished)
	if m.ID = row.messageID; m.ID.IsZero() {
		m.ID = c.nextID(s)
	} else {
		if m.ID.Compare(c.ids.last) > 0 {
			c.ids.last = m.ID
		}
		c.ids.waits = false // what was read above is this id itself
	}
	m.Event, m.Channel, m.Data = row.name, c.name, orNil(row.data)
	m.Meta.UID, m.Meta.UMD = row.uid, row.umd
	c.send(s, row.publish(), m, expires, c.byConnection[row.connectionID], fx)
	return nil
}

func (c *Channel) runSet(s Step, row *scheduleRow, fx *Effects) error {
	cmd := &SetStorage{
		Sender:       row.sender(),
		Key:          row.name,
		Data:         row.data,
		Store:        row.store,
		Emit:         row.has(scheduledEmit),
		NotifyExpiry: row.has(scheduledNotify),
		Server:       row.has(scheduledServer),
	}
	return c.setStorage(s, cmd, Meta{UID: row.uid, UMD: row.umd}, fx)
}

func (r *scheduleRow) publish() *Publish {
	return &Publish{
		Sender: r.sender(),
		Event:  r.name,
		Echo:   r.has(scheduledEcho),
		Emit:   r.has(scheduledEmit),
		Store:  r.store,
		Server: r.has(scheduledServer),
	}
}

// sender is who scheduled it. It is told nothing any more.
func (r *scheduleRow) sender() Sender {
	return Sender{
		ConnectionID: r.connectionID, UID: r.uid, UMD: r.umd,
		Trigger: r.trigger, SourceIP: r.sourceIP, UserAgent: r.userAgent, RequestID: r.requestID,
	}
}

// GetSchedule reads one schedule. The answer is a *ScheduleInfo with everything.
//
// Errors: ErrScheduleNotFound, or a fault.
func (c *Channel) GetSchedule(_ Step, cmd *GetSchedule, fx *Effects) error {
	row, err := c.schedule(cmd.ID)
	switch {
	case err != nil:
		return err
	case row == nil:
		return ErrScheduleNotFound
	}
	info := row.info(cmd.ID, c.name)
	fx.Result = &info
	return nil
}

// CancelSchedule removes a schedule that has not run for the last time yet. The answer is the *ScheduleInfo of
// what will not be.
//
// Errors: ErrScheduleNotFound, or a fault.
func (c *Channel) CancelSchedule(_ Step, cmd *CancelSchedule, fx *Effects) error {
	row, err := c.schedule(cmd.ID)
	if err != nil {
		return err
	}
	if row == nil {
		return ErrScheduleNotFound
	}
	n, err := c.scheduleCount()
	if err != nil {
		return err
	}
	c.dropSchedule(cmd.ID, row, n, fx)
	info := row.info(cmd.ID, c.name)
	fx.Result = &info
	return nil
}

// ListSchedules reads a page of schedules in the order in which they were made, without their data.
//
// Errors: a fault.
func (c *Channel) ListSchedules(_ Step, cmd *ListSchedules, fx *Effects) error {
	page := &Schedules{}
	from := tableSchedules
	if !cmd.After.IsZero() {
		from = scheduleKey(cmd.After) + "\x00"
	}
	var bad error
	err := c.rd.Scan(from, "", false, func(key string, value []byte) bool {
		if len(page.Items) == cmd.Limit {
			page.More = true
			return false
		}
		id, err := splitID(key, len(tableSchedules))
		var row scheduleRow
		if err == nil {
			row, err = decodeSchedule(value)
		}
		if bad = err; bad != nil {
			return false
		}
		info := row.info(id, c.name)
		info.Data, info.Meta = nil, nil
		page.Items = append(page.Items, info)
		return true
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return c.fault("list the schedules", err)
	}
	page.Items = slices.Clip(page.Items)
	fx.Result = page
	return nil
}
