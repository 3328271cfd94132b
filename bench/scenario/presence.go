package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var (
	cpuPerTold = Metric{ID: "cpu_us_per_told", Label: "CPU a member told that somebody came or went", Unit: "µs"}
	toldRate   = Metric{ID: "told_per_s", Label: "members told", Unit: "/s", More: true}
	changeRate = Metric{ID: "changes_per_s", Label: "comings and goings", Unit: "/s", More: true}
)

var presenceScenario = Scenario{
	Name:  "presence",
	About: "On a channel with many members, eight more come and go: each does its next step when all members have been told of its last one.",
	Cases: func(size Size) []Case {
		deltas := map[string]any{"presence.deltas.default": true}
		cases := []Case{
			presenceCase("100 members, told the whole list", 100, nil, ours),
			presenceCase("100 members, told the change", 100, deltas, tellers),
		}
		if size.Full {
			cases = append(cases, presenceCase("1,000 members, told the change", 1000, deltas, tellers))
		}
		return cases
	},
}

func presenceCase(name string, members int, settings map[string]any, who []string) Case {
	return Case{
		Name:     name,
		Peers:    who,
		Settings: settings,
		Metrics:  slices.Concat([]Metric{cpuPerTold, toldRate, changeRate}, quantiles("told", "told"), []Metric{serverBusy, loadBusy, othersBusy}),
		Run:      func(ctx context.Context, s *Stand) error { return (&churn{stand: s}).run(ctx, members) },
	}
}

const (
	visitors      = 8
	visitorPrefix = "visitor."
)

// churn is a closed loop of visitors beside members that stay.
type churn struct {
	stand   *Stand
	dialect peers.Presence
	members []*member
	come    []*visitor
	told    *load.Latency
	changes int // within the window
	stopped bool
}

// A visitor comes and goes.
type visitor struct {
	churn  *churn
	client *client
	steps  int // comings and goings so far; it is there while they are odd
	at     int64
	left   int // members that have not been told of the last step
}

// A member stays, and counts what it is told of each visitor.
type member struct {
	churn *churn
	told  [visitors]int
	list  int // members by the last list; -1: there was none
}

func (r *churn) run(ctx context.Context, n int) (err error) {
	s, ok := r.stand, false
	if r.dialect, ok = r.stand.dialect.(peers.Presence); !ok {
		return fmt.Errorf("%s knows no members", s.Peer.Name)
	}
	r.told = s.Sample.latency("told")
	channel := r.dialect.PresenceChannel("churn")
	for range n {
		r.members = append(r.members, &member{churn: r, list: -1})
	}
	_, err = s.connect(ctx, count(n, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("member.%06d", i), Channel: channel, Rights: peers.Subscribe}
	}), func(i int) frameFunc { return r.members[i].frame })
	if err != nil {
		return err
	}
	// Visitors are connected, and come by themselves.
	clients, err := s.connect(ctx, count(visitors, func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("%s%06d", visitorPrefix, i), Channel: channel, Rights: peers.Visit}
	}), func(int) frameFunc { return r.visitorsFrame })
	if err != nil {
		return err
	}
	for _, c := range clients {
		v := &visitor{churn: r, client: c}
		r.come = append(r.come, v)
		v.step(load.Now())
	}
	if err := s.measure(ctx, "members told/s", func(int64) int64 { return 0 }); err != nil {
		return err
	}
	r.stopped = true
	if err := s.await(ctx, drained, "everybody told of everything", r.complete); err != nil {
		return err
	}
	s.Sample.set(cpuPerTold, s.window.cpuPer()/1e3)
	s.Sample.set(toldRate, s.window.perSecond())
	s.Sample.set(changeRate, float64(r.changes)/s.window.seconds())
	return r.check()
}

// complete says that every visitor has gone and everybody knows.
func (r *churn) complete() bool {
	return !slices.ContainsFunc(r.come, func(v *visitor) bool { return v.left > 0 })
}

// check compares the last lists with who is there. All visitors have gone.
func (r *churn) check() error {
	for i, m := range r.members {
		if m.list >= 0 && m.list != len(r.members) {
			return fmt.Errorf("member %d was last told of %d members, and %d are there", i, m.list, len(r.members))
		}
	}
	return nil
}

// step comes if the visitor is away, and goes if it is there.
func (v *visitor) step(now int64) {
	r := v.churn
	s := r.stand
	channel := v.client.who.Channel
	if v.steps%2 == 0 {
		s.scratch = s.dialect.Subscribe(s.scratch[:0], channel)
	} else {
		s.scratch = r.dialect.Unsubscribe(s.scratch[:0], channel)
	}
	v.client.conn.Send(s.scratch)
	v.steps++
	v.at, v.left = now, len(r.members)
}

// visitorsFrame counts what visitors are told while they are there.
func (r *churn) visitorsFrame(_ *client, kind peers.Kind, _ []byte, at int64) {
	if kind == peers.Membership {
		r.stand.window.add(at, 1)
	}
}

// frame takes one change: of each visitor, coming and going must alternate.
func (m *member) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	r := m.churn
	s := r.stand
	if kind != peers.Membership {
		s.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	uid, joined, members := r.dialect.Member(payload)
	if members >= 0 {
		m.list = members
	}
	number, ok := bytes.CutPrefix(uid, []byte(visitorPrefix))
	if !ok {
		return // another member, while all of them connect
	}
	i, err := strconv.Atoi(string(number))
	if err != nil || i >= len(r.come) || m.told[i]%2 == 0 != joined || m.told[i] >= r.come[i].steps {
		s.fail("%s did not expect %.200s", c.who.UID, payload)
		return
	}
	m.told[i]++
	v := r.come[i]
	s.window.took(r.told, v.at, at)
	s.window.add(at, 1)
	if v.left--; v.left > 0 {
		return
	}
	if s.window.counts(at) {
		r.changes++
	}
	if !r.stopped || v.steps%2 == 1 {
		v.step(at)
	}
}
