package actors

import (
	"fmt"

	"dormouse/actors/channel"
	"dormouse/persistence"
)

// KindChannel is the kind of actor in which Hotsock's and Pusher's clients meet.
const KindChannel = "channel"

// A channelMachine decides a channel's turns: a channel.Channel, and the roster to begin again with.
type channelMachine struct {
	app, name string
	rows      *persistence.Rows
	options   channel.Options
	channel   *channel.Channel
	before    channel.Mark
}

// due is the clock's command to an actor: what you wanted to do later is due.
type due struct{}

// seal is the actor's command to itself before it sleeps: put into rows what only memory holds.
type seal struct{}

// trimReplay asks a channel to let go of what it keeps for those who may come back: what is too old, or all.
type trimReplay struct{ all bool }

func newChannelMachine(a Address, rows *persistence.Rows, o channel.Options) *channelMachine {
	return &channelMachine{app: a.App, name: a.Name, rows: rows, options: o, channel: channel.New(a.App, a.Name, rows, o)}
}

func (m *channelMachine) mark() { m.before = m.channel.Mark() }

func (m *channelMachine) renew() {
	m.channel = channel.Restore(m.app, m.name, m.rows, m.options, m.before)
}

func (m *channelMachine) idle() bool { return m.channel.Idle() }

func (m *channelMachine) unsealed() bool { return m.channel.Unsealed() }

func (m *channelMachine) kept() int { return m.channel.ReplaySize() }

func (m *channelMachine) counts() Counts {
	return Counts{Subscriptions: m.channel.Subscriptions(), Members: m.channel.Members()}
}

func (m *channelMachine) decide(step channel.Step, cmd any, fx *channel.Effects) error {
	switch cmd := cmd.(type) {
	case *channel.Publish:
		return m.channel.Publish(step, cmd, fx)
	case *channel.SetStorage:
		return m.channel.SetStorage(step, cmd, fx)
	case *channel.WriteStorage:
		return m.channel.WriteStorage(step, cmd, fx)
	case *channel.GetStorage:
		return m.channel.GetStorage(step, cmd, fx)
	case *channel.Subscribe:
		return m.channel.Subscribe(step, cmd, fx)
	case *channel.ShowRest:
		return m.channel.ShowRest(step, cmd, fx)
	case *channel.Unsubscribe:
		return m.channel.Unsubscribe(step, cmd, fx)
	case *channel.UpdateUMD:
		return m.channel.UpdateUMD(step, cmd, fx)
	case *channel.React:
		return m.channel.React(step, cmd, fx)
	case *channel.ListReactions:
		return m.channel.ListReactions(step, cmd, fx)
	case *channel.ListStorage:
		return m.channel.ListStorage(step, cmd, fx)
	case *channel.ListMessages:
		return m.channel.ListMessages(step, cmd, fx)
	case *channel.GetInfo:
		return m.channel.GetInfo(step, cmd, fx)
	case *channel.GetCached:
		return m.channel.GetCached(step, cmd, fx)
	case *channel.DeleteMessage:
		return m.channel.DeleteMessage(step, cmd, fx)
	case *channel.Delete:
		return m.channel.Delete(step, cmd, fx)
	case *channel.Schedule:
		return m.channel.Schedule(step, cmd, fx)
	case *channel.GetSchedule:
		return m.channel.GetSchedule(step, cmd, fx)
	case *channel.CancelSchedule:
		return m.channel.CancelSchedule(step, cmd, fx)
	case *channel.ListSchedules:
		return m.channel.ListSchedules(step, cmd, fx)
	case due:
		return m.channel.Due(step, fx)
	case seal:
		return m.channel.Seal(step, fx)
	case trimReplay:
		m.channel.TrimReplay(step.At, cmd.all)
		return nil
	}
	return fmt.Errorf("a channel cannot do %T", cmd)
}

func channelAddress(app, name string) Address {
	return Address{App: app, Kind: KindChannel, Name: name}
}
