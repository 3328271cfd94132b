package actors

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"dormouse/actors/channel"
	"dormouse/claims"
	"dormouse/persistence"
)

// A machine decides an actor's turns. It is the only thing in which kinds of actor differ: there is one
// turn, one gate, one store and one sleep for all of them.
type machine interface {
	// mark remembers the state before a command, cheaply, and renew goes back to it: it makes the machine
	// anew from its rows, because a panic may have left anything behind.
	mark()
	renew()
	// decide runs one command. It may read its rows and must not write them: what it wants goes into fx.
	// A *channel.Error is a refusal, any other error a fault.
	decide(step channel.Step, cmd any, fx *channel.Effects) error
	// idle reports that nothing but rows is left, so that the actor may sleep.
	idle() bool
	// unsealed reports that seal should be decided before the machine is forgotten.
	unsealed() bool
	// kept is how many bytes the machine keeps in memory that trimReplay can free, about.
	kept() int
	// counts says who is there.
	counts() Counts
}

// newMachine makes the machine of one kind of actor, over its rows.
type newMachine func(Address, *persistence.Rows) machine

// A durableActor is the shell round a machine: it owns the actor's rows, its turn and its gate.
//
// The turn. Commands are handled, and change state, until the mailbox is drained or the turn is full; then
// one write-ahead entry takes all that they wrote, and the gate holds all that they said until that entry
// is durable. The next turn begins at once and does not wait for the disk. A turn per command was tried
// first: on one hot actor it is sixty times slower, since every command then pays for a whole sync.
type durableActor struct {
	system  *System
	handle  *handle
	address Address

	rows *persistence.Rows // nil: asleep, nothing was read yet
	machine
	durability persistence.Durability

	gate gate
	turn uint64 // number of the last turn handed to the store
	done func() // the handle's committed, made by the first turn
	ops  int    // commands handled in the turn in progress
	sync bool   // the turn is to be committed as Sync

	sealing bool             // the last command was seal
	fx      *channel.Effects // of the turn in progress

	tails tails  // who else hears what it tells; nil almost always
	alarm *alarm // for what is due next, if that is near

	tenant bool      // it is a tenant's, whose rolls it keeps true
	noted  Counts    // as they are there
	again  time.Time // when it is called once more; zero: it is not
}

// durableBirth is a durable actor's first message.
type durableBirth struct {
	system  *System
	handle  *handle
	address Address
}

// idleTick asks an actor whether it may sleep.
type idleTick struct{}

// Receive is the mailbox's end. It runs one message at a time, never two at once.
func (a *durableActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *durableBirth:
		a.system, a.handle, a.address = m.system, m.handle, m.address
		a.tenant = isTenant(a.address)
		return
	case *ask:
		a.run(m)
	case committed:
		a.handle.told.Store(false)
	case idleTick:
		if a.sleep() {
			ctx.Stop(ctx.Self())
			return
		}
	default:
		return // protoactor's own: Started, Stopping, Stopped
	}
	o := &a.system.options
	drained := a.handle.handled() == 0
	if drained || a.ops >= o.TurnOps || a.pendingBytes() >= o.TurnBytes {
		a.endTurn()
	}
	if !a.gate.open() {
		a.gate.release(a.handle.durable.Load(), a.leave)
	}
}

func (a *durableActor) pendingBytes() int {
	if a.rows == nil {
		return 0
	}
	_, bytes := a.rows.Pending()
	return bytes
}

// run decides one command and hands what it said to the gate.
func (a *durableActor) run(q *ask) {
	now, stamp := a.system.clock.times()
	a.handle.lastUse.Store(now.UnixNano())
	a.ops++
	a.sealing = false
	result, seq, err := a.decideAndApply(q, now, stamp)
	if page, ok := result.(*channel.Entries); ok && page.Rest != nil {
		q.cmd = page.Rest
		a.goOn(q)
		return
	}
	if err != nil {
		err = a.refuse(q, err)
	}
	if q.trace != nil {
		q.trace.begun, q.trace.decided = now, a.system.clock.now()
	}
	a.system.stats.count(q.cmd, result, err, seq, now)
	if q.outcome != nil {
		q.outcome(err)
	}
	a.gate.hold(output{done: q, result: result, err: err, seq: seq})
}

// decideAndApply returns the command's result and the number of its change, zero if it changed nothing.
func (a *durableActor) decideAndApply(q *ask, now, stamp time.Time) (result any, seq uint64, err error) {
	if err := a.wake(); err != nil {
		return nil, 0, err
	}
	decided := q.cmd
	switch cmd := q.cmd.(type) {
	case due:
		a.again = time.Time{}
	case refusal:
		return nil, 0, cmd.err
	case flush:
		if !a.unsealed() {
			return nil, 0, nil
		}
		decided = seal{}
	case beginTail:
		a.tails, err = a.tails.begin(cmd.t)
		return nil, 0, err
	case endTail:
		a.tails = a.tails.end(cmd.t)
		return nil, 0, nil
	}
	if a.fx == nil {
		a.fx = lendEffects()
	}
	fx := a.fx
	fx.Reset()
	fx.Tailed, fx.NoEvents = a.tails != nil, !a.hasEvents()
	a.mark()
	step := channel.Step{
		At: now, Stamp: stamp, Seq: a.rows.Seq() + 1, Generation: a.rows.Generation(), Entropy: entropy,
	}
	if err := a.decideGuarded(step, decided); err != nil {
		return nil, 0, err
	}
	if seq, err = a.apply(q, now); err != nil {
		a.renew() // it believes that it wrote
		if cmd, ok := q.cmd.(interface{ Spare() bool }); ok && errors.Is(err, persistence.ErrReadOnly) && cmd.Spare() {
			return a.decideAndApply(q, now, stamp) // who leaves has left, whether there is room to write that down or not
		}
		return nil, 0, err
	}
	a.sync = a.sync || fx.Sync
	if at, changed := fx.Due(); changed {
		a.rows.SetDue(at)
		a.system.clock.cancel(a.alarm)
		a.alarm = a.system.clock.noteDue(at, a.address)
	}
	if again := fx.Again(); !again.IsZero() {
		a.callAgain(again)
	}
	a.countResumption(q.cmd)
	for i := range fx.Deliveries {
		a.gate.hold(output{delivery: fx.Deliveries[i]})
	}
	if fx.Next != nil {
		a.goOn(&ask{cmd: fx.Next})
	}
	return fx.Result, seq, nil
}

// callAgain sees to it that what is due is done at a time of which no row tells. An alarm that is earlier does: it
// finds out what is left.
func (a *durableActor) callAgain(at time.Time) {
	if a.again.IsZero() || at.Before(a.again) {
		a.again = at
		system, address := a.system, a.address
		system.clock.at(at, func() { system.wakeDue(address) })
	}
}

// goOn puts the rest of a command that is done in parts behind all who wait, and ends the turn: else what those are
// answered, and the part itself, would be held until the last part.
func (a *durableActor) goOn(q *ask) {
	a.handle.post(q)
	a.ops = max(a.ops, a.system.options.TurnOps)
}

// errPanic is a command whose decision panicked.
var errPanic = errors.New("panic")

// decideGuarded lets a panic cost its command and nothing else.
func (a *durableActor) decideGuarded(step channel.Step, cmd any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			a.system.stats.panics.Add(1)
			if a.system.panicLog.AllowN(step.At, 1) {
				a.system.options.Logger.Error("a command panicked", "actor", a.address, "command", fmt.Sprintf("%T", cmd),
					"panic", r, "stack", string(debug.Stack()))
			}
			a.renew()
			err = errPanic
		}
	}()
	if f := a.system.options.Intercept; f != nil {
		f(a.address, cmd)
	}
	if panicPrefix != "" && strings.HasPrefix(a.address.Name, panicPrefix) {
		panic("bait")
	}
	return a.decide(step, cmd, a.fx)
}

// wake opens the actor's rows, if it sleeps.
func (a *durableActor) wake() error {
	if a.rows != nil {
		return nil
	}
	create := a.system.kinds[a.address.Kind]
	if create == nil {
		return fmt.Errorf("wake %s: there is no kind of actor called %q", a.address, a.address.Kind)
	}
	rows, err := a.system.options.Store.Rows(a.address)
	if err != nil {
		return fmt.Errorf("wake %s: %w", a.address, err)
	}
	a.rows = rows
	a.machine = create(a.address, rows)
	a.durability = a.system.options.Durability(a.address)
	a.system.stats.wakes.Add(1)
	return nil
}

// refuse turns an error into what the asker is told, and tells it, through the gate, if it is a client.
func (a *durableActor) refuse(q *ask, err error) error {
	var refused *channel.Error
	switch {
	case errors.As(err, &refused):
	case errors.Is(err, persistence.ErrReadOnly):
		refused = channel.ErrReadOnly
	default:
		refused = channel.ErrInternal
		if !errors.Is(err, errPanic) {
			a.system.stats.faults.Add(1)
			a.system.options.Logger.Error("a command failed", "actor", a.address, "command", fmt.Sprintf("%T", q.cmd), "error", err)
		}
	}
	a.system.stats.refused(refused)
	if errors.Is(refused, channel.ErrScheduleCapacityReached) {
		a.system.stats.full.Add(1)
	}
	if rest, ok := q.cmd.(*channel.ShowRest); ok {
		rest.Sink.Close(channel.CloseInternal) // it would never know what it was not told
	}
	subscribe, _ := q.cmd.(*channel.Subscribe)
	if subscribe != nil {
		a.release(subscribe.Spend)
	} else if update, ok := q.cmd.(*channel.UpdateUMD); ok {
		a.release(update.Spend)
	}
	if q.sink == nil || subscribe != nil && faulted(refused) { // then the connection tries again
		return refused
	}
	m := &channel.Message{Kind: channel.KindError, Channel: refusedName(q.name, a.address.Name, refused), Err: refused, Ref: q.ref}
	a.gate.hold(output{delivery: channel.Delivery{To: q.sink, Message: m, Bulk: true}})
	return refused
}

// refusedName is the channel of a refusal: as the client named it, but for ErrAlreadySubscribed its own name, as in
// the answer that said that it is subscribed. hotsock-js keeps its channels by that, and would make a second one of
// an alias; to leave that would end the subscription of the first.
func refusedName(sent, own string, err *channel.Error) string {
	if errors.Is(err, channel.ErrAlreadySubscribed) {
		return own
	}
	return sent
}

// release gives a single-use token back that was reserved for a command which has failed.
func (a *durableActor) release(spend *claims.Spend) {
	if spend != nil {
		a.system.options.Ledger.Release(*spend)
	}
}

// endTurn hands what the turn wrote to the store, and seals what it said behind that.
func (a *durableActor) endTurn() {
	if a.ops == 0 {
		return
	}
	a.ops = 0
	if a.fx != nil {
		giveBack(a.fx)
		a.fx = nil
	}
	if a.rows != nil {
		a.handle.needed.Store(!a.idle() || a.tails != nil)
		if a.tenant {
			a.noteOccupied()
		}
		if a.done == nil {
			a.done = a.handle.committed
		}
		a.noteKept()
		durability := a.durability
		if a.sync {
			durability, a.sync = persistence.Sync, false
		}
		if a.rows.Commit(durability, a.done) {
			a.turn++
			a.system.stats.turns.Add(1)
		}
	}
	if ackBeforeCommit {
		a.gate.seal(0)
		return
	}
	a.gate.seal(a.turn)
}

// leave says one thing to the world.
func (a *durableActor) leave(o *output) {
	if o.delivery.Message != nil {
		a.system.stats.deliveries.Add(uint64(deliver(&o.delivery)))
		if a.tails != nil {
			a.tails.hear(&o.delivery, a.system.clock.now())
		}
	}
	if q := o.done; q != nil {
		if o.err == nil && q.ref != "" && q.sink != nil && !naturallyAnswered(q.cmd) {
			a.system.stats.deliveries.Add(uint64(q.acknowledge(o.result, o.seq)))
		}
		if q.reply != nil {
			q.reply(o.result, o.err)
		}
		if q.sink != nil && !q.unasked {
			q.sink.Complete(1)
		}
		if q.trace != nil {
			a.system.router.tracer.end(a.address, q, o.err)
		}
	}
}

// sleep ends the incarnation if nothing needs it: no subscriber, nothing said that waits, nothing written
// that is not on disk, nobody in the mailbox. It leaves only rows on disk.
func (a *durableActor) sleep() bool {
	unused := a.system.clock.now().UnixNano() - a.handle.lastUse.Load()
	if unused < int64(a.system.options.IdleAfter) || !a.gate.open() || a.handle.durable.Load() != a.turn {
		return false
	}
	if a.rows != nil && !a.idle() || a.tails != nil {
		return false
	}
	if a.rows != nil && a.unsealed() && !a.sealing {
		// It writes, and will be asked again. If it could not write, it then sleeps all the same.
		a.run(&ask{cmd: seal{}})
		a.sealing = true
		return false
	}
	if !a.handle.retire() {
		return false
	}
	if a.rows != nil {
		a.forgetKept()
		a.rows.Close()
		a.system.stats.sleeps.Add(1)
	}
	a.system.directory.remove(a.address, a.handle)
	return true
}
