package channel

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dormouse/actors/channel/channeltest"
	"dormouse/actors/schedule"
	"dormouse/claims"
	"dormouse/persistence"
)

// start is when every test begins.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A world is a channel and what its shell would do for it: number the steps, apply the writes, remember
// when it wants to be woken.
type world struct {
	c    *Channel
	rows channeltest.Rows
	name string
	o    Options

	at       time.Time
	stamp    time.Time // stamps are not before it, as after a crash
	seq      uint64
	random   uint64
	due      time.Time // zero: never
	restored uint64    // times that a backup was restored
	noEvents bool
	fx       Effects
	listings map[string]bool // of channels with members
	occupied map[string]bool // of channels with a ledger
	next     []*ShowRest     // what it wants to go on with
}

// listed says that a start would find members who were here.
func (w *world) listed() bool { return w.listings[w.c.hereListing()] }

// list does the writes that are listings of members.
func (w *world) list() {
	for _, x := range w.fx.Writes {
		if x.App == HereListings {
			if w.listings == nil {
				w.listings = map[string]bool{}
			}
			w.listings[x.Key] = x.Op == persistence.ListOp
		}
		if x.App == OccupiedListings {
			if w.occupied == nil {
				w.occupied = map[string]bool{}
			}
			w.occupied[x.Key] = x.Op == persistence.ListOp
		}
	}
}

func newWorld(name string, o Options) *world {
	w := &world{name: name, o: o, at: start}
	w.c = New("app", name, &w.rows, o)
	return w
}

func (w *world) step() Step {
	stamp := w.at
	if stamp.Before(w.stamp) {
		stamp = w.stamp
	}
	return Step{At: w.at, Stamp: stamp, Seq: w.seq + 1, Generation: w.restored, Entropy: func(p []byte) {
		clear(p)
		w.random = w.random*6364136223846793005 + 1442695040888963407
		binary.BigEndian.PutUint64(p[len(p)-8:], w.random)
	}}
}

// do decides one command and carries its writes out. w.fx has its effects until the next.
func do[C any](w *world, decide func(Step, C, *Effects) error, cmd C) error {
	return w.decided(func(s Step, fx *Effects) error { return decide(s, cmd, fx) })
}

// goOn does the oldest of what the channel wants to go on with, if there is any.
func (w *world) goOn() error {
	if len(w.next) == 0 {
		return w.decided(func(Step, *Effects) error { return nil })
	}
	err := do(w, w.c.ShowRest, w.next[0])
	if err == nil {
		w.next = w.next[1:]
	}
	return err
}

func (w *world) seal() error { return w.decided(w.c.Seal) }

func (w *world) expire() error { return w.decided(w.c.Due) }

func (w *world) decided(decide func(Step, *Effects) error) error {
	w.fx.Reset()
	w.fx.NoEvents = w.noEvents
	if err := decide(w.step(), &w.fx); err != nil {
		if n := len(w.fx.Writes) + len(w.fx.Deliveries) + len(w.fx.Events); n != 0 || w.fx.Result != nil || w.fx.Erase {
			return fmt.Errorf("%w, and yet it has effects", err)
		}
		return err
	}
	if len(w.fx.Writes) > 0 {
		w.seq++
		w.rows.Apply(w.fx.Writes)
		w.list()
	}
	if w.fx.Erase {
		w.seq++
		w.rows.Clear()
	}
	if next, ok := w.fx.Next.(*ShowRest); ok {
		w.next = append(w.next, next)
	}
	if due, changed := w.fx.Due(); changed {
		w.due = due
	}
	return nil
}

// restart makes the channel again from its rows and its roster.
func (w *world) restart() {
	if w.c.Idle() {
		w.at, w.stamp = w.at.Add(time.Millisecond), w.stamp.Add(time.Millisecond)
		w.c = New("app", w.name, &w.rows, w.o)
	} else {
		w.c = Restore("app", w.name, &w.rows, w.o, w.c.Mark())
	}
}

// leap lets the stamps be ahead of the clock, as after a crash.
func (w *world) leap() { w.stamp = w.at.Add(15 * time.Second) }

// whenever gives cmd its time.
func whenever(cmd *Schedule, expression string) *Schedule {
	when, err := schedule.Parse(expression, "")
	if err != nil {
		panic(err)
	}
	cmd.When, cmd.Expression = when, expression
	return cmd
}

// reader is a sink that says whose it is. Nothing is ever delivered by the core itself.
type reader struct {
	Sink
	name string
}

// grantOf returns what a token with this JSON object for the channel allows on it.
func grantOf(channel, directives string) (*claims.ChannelGrant, error) {
	secret := []byte(strings.Repeat("k", 64))
	key, err := claims.ParseKey("HS256", "", base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		return nil, err
	}
	v, err := claims.NewVerifier(claims.Options{Keys: []claims.Key{key}})
	if err != nil {
		return nil, err
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"scope":    "connect",
		"exp":      start.Add(time.Hour).Unix(),
		"channels": map[string]any{channel: rawJSON(directives)},
	}).SignedString(secret)
	if err != nil {
		return nil, err
	}
	c, err := v.Verify(token, claims.ScopeConnect, start)
	if err != nil {
		return nil, err
	}
	return claims.Layers{Connect: c}.Channel(channel), nil
}

func mustGrant(channel, directives string) *claims.ChannelGrant {
	g, err := grantOf(channel, directives)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", directives, err))
	}
	return g
}

type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// since is how a test writes a time.
func since(at time.Time) string { return at.Sub(start).String() }

func sinceMilli(ms int64) string { return since(time.UnixMilli(ms)) }
