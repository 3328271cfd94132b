package scenario

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"dormouse/bench/load"
	"dormouse/bench/peers"
)

var cpuPerLobby = Metric{ID: "cpu_ms_per_lobby_s", Label: "CPU a lobby and second", Unit: "ms"}

var lobbyScenario = Scenario{
	Name: "lobby",
	About: "In each lobby of a game, eight players send 200 bytes 20 times a second and hear each other. In the mixed cases each also " +
		"sets a key of its own every second, and somebody comes or goes every two seconds.",
	Cases: func(size Size) []Case {
		cases := []Case{
			lobbyCase("10 lobbies, messages only", lobbies{count: 10}, talkers),
			lobbyCase("10 lobbies, mixed", lobbies{count: 10, mixed: true}, ours),
		}
		if size.Full {
			cases = append(cases,
				lobbyCase("20 lobbies, messages only", lobbies{count: 20}, talkers),
				lobbyCase("20 lobbies, mixed", lobbies{count: 20, mixed: true}, ours))
		}
		return cases
	},
}

func lobbyCase(name string, shape lobbies, who []string) Case {
	about := slices.Concat([]Metric{cpuPerLobby, cpuPerMillion, deliveryRate}, quantiles("delivery", "delivered"))
	if shape.mixed {
		about = slices.Concat(about, quantiles("entry", "set and observed"), quantiles("ack", "set and acknowledged"), quantiles("told", "told who came or went"))
	}
	return Case{
		Name: name, Peers: who, Metrics: append(about, serverBusy, loadBusy, othersBusy),
		Run: func(ctx context.Context, s *Stand) error {
			run := shape
			return run.run(ctx, s)
		},
	}
}

const (
	players        = 8
	playerHertz    = 20
	messagesPerSet = 20
	secondsPerStep = 2 // of a visitor
	recent         = 256
)

// lobbies are an open loop: everything has a time at which it is due, and latencies begin there.
type lobbies struct {
	count int
	mixed bool

	stand                       *Stand
	presence                    peers.Presence // nil: not mixed
	players                     []*player
	visitors                    []*lobbyVisitor
	delivery, entry, ack, tells *load.Latency
}

// A player talks and hears. Its payloads are numbered by [lobbyNumber].
type player struct {
	lobbies  *lobbies
	lobby    int
	index    int // in its lobby
	client   *client
	messages line
	entries  line
	acked    int
	visits   int // steps of the lobby's visitor that it was told of
	heard    [players]sequence
	observed [players]sequence
	stamp    stamp
}

// A line is what one player has sent of one sort, and when the last of it was due.
type line struct {
	sent int
	at   [recent]int64
}

func (l *line) add(at int64) (n int) {
	n = l.sent
	l.at[n%recent] = at
	l.sent++
	return n
}

type lobbyVisitor struct {
	client *client
	steps  line // odd ones came
}

// lobbyNumber numbers the payload n of a player: of entries it is odd.
func lobbyNumber(n, index int, entry bool) int {
	n = 2 * (n*players + index)
	if entry {
		n++
	}
	return n
}

func (r *lobbies) run(ctx context.Context, s *Stand) error {
	r.stand, r.delivery = s, s.Sample.latency("delivery")
	name := func(i int) string { return fmt.Sprintf("lobby.%06d", i) }
	rights := peers.Subscribe | peers.Publish
	if r.mixed {
		var ok bool
		if r.presence, ok = s.dialect.(peers.Presence); !ok {
			return fmt.Errorf("%s knows no members", s.Peer.Name)
		}
		plain := name
		name = func(i int) string { return r.presence.PresenceChannel(plain(i)) }
		rights |= peers.Set
		r.entry, r.ack, r.tells = s.Sample.latency("entry"), s.Sample.latency("ack"), s.Sample.latency("told")
	}
	for i := range r.count * players {
		r.players = append(r.players, &player{lobbies: r, lobby: i / players, index: i % players})
	}
	clients, err := s.connect(ctx, count(len(r.players), func(i int) peers.Client {
		return peers.Client{UID: fmt.Sprintf("player.%06d", i), Channel: name(i / players), Rights: rights}
	}), func(i int) frameFunc { return r.players[i].frame })
	if err != nil {
		return err
	}
	for i, p := range r.players {
		p.client = clients[i]
	}
	if r.mixed {
		clients, err := s.connect(ctx, count(r.count, func(i int) peers.Client {
			return peers.Client{UID: fmt.Sprintf("%s%06d", visitorPrefix, i), Channel: name(i), Rights: peers.Visit}
		}), func(int) frameFunc {
			return func(_ *client, _ peers.Kind, _ []byte, at int64) { s.window.add(at, 1) }
		})
		if err != nil {
			return err
		}
		for _, c := range clients {
			r.visitors = append(r.visitors, &lobbyVisitor{client: c})
		}
	}
	return r.measure(ctx)
}

func (r *lobbies) measure(ctx context.Context) error {
	s := r.stand
	talk := load.NewPace(load.Now(), float64(len(r.players)*playerHertz))
	visit := load.NewPace(load.Now(), float64(r.count)/secondsPerStep)
	talked, visited := 0, 0
	err := s.measure(ctx, "deliveries/s", func(now int64) int64 {
		for at, ok := talk.Due(now); ok; at, ok = talk.Due(now) {
			r.players[talked%len(r.players)].talk(at)
			talked++
		}
		if !r.mixed {
			return talk.Next()
		}
		for at, ok := visit.Due(now); ok; at, ok = visit.Due(now) {
			r.visitors[visited%r.count].step(r, at)
			visited++
		}
		return min(talk.Next(), visit.Next())
	})
	if err != nil {
		return err
	}
	if err := s.await(ctx, drained, "everything delivered", r.complete); err != nil {
		return err
	}
	s.Sample.set(cpuPerLobby, s.window.cpu.Seconds()*1e3/s.window.seconds()/float64(r.count))
	s.Sample.set(cpuPerMillion, s.window.cpuPer()/1e3)
	s.Sample.set(deliveryRate, s.window.perSecond())
	return nil
}

// talk sends what is due: a message, and now and then an entry.
func (p *player) talk(at int64) {
	n := p.messages.add(at)
	p.client.publish(lobbyNumber(n, p.index, false))
	if p.lobbies.mixed && (n+p.index*messagesPerSet/players)%messagesPerSet == 0 {
		n := p.entries.add(at)
		p.client.set(p.client.who.Channel, fmt.Sprintf("player.%d", p.index), lobbyNumber(n, p.index, true))
	}
}

func (v *lobbyVisitor) step(r *lobbies, at int64) {
	s, channel := r.stand, v.client.who.Channel
	if v.steps.add(at)%2 == 0 {
		s.scratch = s.dialect.Subscribe(s.scratch[:0], channel)
	} else {
		s.scratch = r.presence.Unsubscribe(s.scratch[:0], channel)
	}
	v.client.conn.Send(s.scratch)
}

// complete says that everybody has heard everything of their lobby.
func (r *lobbies) complete() bool {
	for _, p := range r.players {
		if p.acked < p.entries.sent || r.mixed && p.visits < r.visitors[p.lobby].steps.sent {
			return false
		}
		for i, other := range p.others() {
			if i != p.index && p.heard[i].next < other.messages.sent || p.observed[i].next < other.entries.sent {
				return false
			}
		}
	}
	return true
}

// others are all players of the lobby, p too.
func (p *player) others() []*player {
	return p.lobbies.players[p.lobby*players:][:players]
}

func (p *player) frame(c *client, kind peers.Kind, payload []byte, at int64) {
	r := p.lobbies
	s := r.stand
	switch kind {
	case peers.Ack:
		s.window.took(r.ack, p.entries.at[p.acked%recent], at)
		p.acked++
	case peers.Membership:
		p.told(c, payload, at)
	default:
		n, ok := p.stamp.read(payload)
		if !ok {
			s.fail("%s did not expect %s", c.who.UID, payload)
			return
		}
		p.hear(c, n, at)
	}
}

// hear takes a message or an entry. Some servers give clients back what they say themselves: that is no fault,
// and no delivery.
func (p *player) hear(c *client, number int, at int64) {
	r := p.lobbies
	s := r.stand
	entry, from := number%2 == 1, p.others()[number/2%players]
	sent, seen, latency := &from.messages, &p.heard[from.index], r.delivery
	if entry {
		sent, seen, latency = &from.entries, &p.observed[from.index], r.entry
	}
	n := number / 2 / players
	if err := seen.take(n); err != nil {
		s.fail("%s, of player %d: %w", c.who.UID, from.index, err)
		return
	}
	if !entry && from == p {
		return
	}
	if sent.sent-n > recent {
		s.fail("%s is %d messages of player %d behind", c.who.UID, sent.sent-n, from.index)
		return
	}
	s.window.took(latency, sent.at[n%recent], at)
	s.window.add(at, 1)
}

// told takes what the lobby's visitor did: coming and going must alternate.
func (p *player) told(c *client, payload []byte, at int64) {
	r := p.lobbies
	uid, joined, _ := r.presence.Member(payload)
	if !bytes.HasPrefix(uid, []byte(visitorPrefix)) {
		return // another player, while all of them connect
	}
	steps := &r.visitors[p.lobby].steps
	if joined != (p.visits%2 == 0) || p.visits >= steps.sent {
		r.stand.fail("%s did not expect %s", c.who.UID, payload)
		return
	}
	r.stand.window.took(r.tells, steps.at[p.visits%recent], at)
	r.stand.window.add(at, 1)
	p.visits++
}
