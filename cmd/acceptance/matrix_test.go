package acceptance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dormouse/transport/hotsock"
)

const (
	matrixCells  = 2000
	batchBytes   = 5 << 10 // of a connect token's channels
	batchRegexes = 28
	batchKeys    = 90
	// matrixLife is how long the tokens live of connections that outlive them: long enough to connect.
	matrixLife = 5 * time.Second
)

// TestAuthorizationMatrix asks one server thousands of questions, every command with every kind of rights,
// and compares its answers with the oracle's; and what others see, with its answers.
func TestAuthorizationMatrix(t *testing.T) {
	g := &generator{rows: map[string]bool{}}
	g.publishing(false)
	g.publishing(true)
	g.storing(false)
	g.storing(true)
	g.calling()
	g.reacting()
	g.subscribing()
	g.unsubscribing()
	g.updating()
	g.updatingWhole()
	for _, command := range append([]string{"hotsock.heartbeat", "hotsock.ping", "hotsock.pong"}, nobodys...) {
		g.withoutRights(command)
	}
	for _, command := range hotsock.ClientEvents() {
		if !g.rows[command] {
			t.Errorf("%s is a command of clients and has no row in the matrix", command)
		}
	}
	for _, command := range nobodys {
		if slices.Contains(hotsock.ClientEvents(), command) {
			t.Errorf("%s is a command of clients; the matrix says that nobody may send it", command)
		}
	}
	if len(g.cells) < matrixCells {
		t.Errorf("%d cells, want %d", len(g.cells), matrixCells)
	}

	s := serve(t, defaults())
	batches := pack(s, g.cells)
	t.Cleanup(func() {
		for _, b := range batches {
			b.close()
		}
	})
	// What is to be asked with an expired token is prepared first and asked last.
	each := func(of func(b *batch) bool, do func(b *batch, ctx context.Context) error) {
		t.Helper()
		var work sync.WaitGroup
		errs := make(chan error, len(batches))
		slots := make(chan struct{}, 4)
		for _, b := range batches {
			if !of(b) {
				continue
			}
			work.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
				defer cancel()
				errs <- do(b, ctx)
			})
		}
		work.Wait()
		close(errs)
		for err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	old := func(b *batch) bool { return b.cells[0].expired }
	fresh := func(b *batch) bool { return !b.cells[0].expired }
	each(old, (*batch).prepare)
	expire := time.Now().Add(matrixLife)
	each(fresh, (*batch).prepare)
	each(fresh, (*batch).ask)
	_ = pause(t.Context(), time.Until(expire)+1100*time.Millisecond)
	each(old, (*batch).ask)

	wrong, count := 0, map[string]int{}
	for _, b := range batches {
		for i, c := range b.cells {
			got, want := b.answers[i], c.want()
			count[want]++
			if got == want {
				continue
			}
			if wrong++; wrong <= 20 {
				t.Errorf("%s on %s, %s, got %s, want %s\n connect token %s\n subscribe token %s\n presented: %s %s\n expired %v, userless %v",
					c.command, c.channel, c.state, got, want, show(c.connect), show(c.layer), c.form, show(c.presented), c.expired, c.userless)
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d cells differ", wrong, len(g.cells))
	}
	t.Logf("%d cells over %d connections: %v", len(g.cells), len(batches), count)
}

func show(v any) string { return string(must(json.Marshal(v))) }

// A batch is the cells that one connection asks, one after the other without waiting.
type batch struct {
	server  *server
	cells   []*cell
	socket  *socket
	ears    *ears
	id      string
	secret  string
	auditor *socket // it hears what the commands do
	audit   *ears
	answers []string
}

// pack fills batches. All cells of one have the same connection's nature.
func pack(s *server, cells []*cell) (all []*batch) {
	type nature struct{ userless, expired bool }
	open := map[nature]*batch{}
	size := map[*batch][3]int{}
	for _, c := range cells {
		text := show(c.connect)
		needs := [3]int{len(text), strings.Count(text, "#regex:"), len(c.connect)}
		n := nature{c.userless, c.expired}
		b := open[n]
		if b != nil && (size[b][0]+needs[0] > batchBytes || size[b][1]+needs[1] > batchRegexes || size[b][2]+needs[2] > batchKeys) || b == nil {
			b = &batch{server: s}
			open[n] = b
			all = append(all, b)
		}
		had := size[b]
		size[b] = [3]int{had[0] + needs[0], had[1] + needs[1], had[2] + needs[2]}
		b.cells = append(b.cells, c)
	}
	return all
}

// prepare connects, and brings every channel to the state that its cell wants.
func (b *batch) prepare(ctx context.Context) error {
	channels := rules{}
	for _, c := range b.cells {
		for key, of := range c.connect {
			channels[key] = of
		}
	}
	token := rules{"channels": channels, "exp": in(10 * time.Minute)}
	if !b.cells[0].userless {
		token["uid"] = "u"
	}
	if b.cells[0].expired {
		token["exp"] = in(matrixLife)
	}
	b.ears, b.audit = newEars(), newEars()
	var err error
	if b.socket, err = b.server.open(ctx, claims(show(token)), b.ears.hear); err != nil {
		return fmt.Errorf("the batch of %s: %w", b.cells[0].channel, err)
	}
	if b.auditor, err = b.server.open(ctx, `{"channels":{"*":{"subscribe":true,"storage":{"*":{"observe":true}}}}}`, b.audit.hear); err != nil {
		return err
	}
	greeting, err := b.ears.wait(ctx, "hotsock.connected ")
	if err != nil {
		return err
	}
	var connected struct{ ConnectionID, ConnectionSecret string }
	if err := json.Unmarshal(greeting.Data, &connected); err != nil {
		return err
	}
	b.id, b.secret = connected.ConnectionID, connected.ConnectionSecret
	for _, c := range b.cells {
		if err := b.bring(ctx, c); err != nil {
			return fmt.Errorf("%s, %s: %w", c.channel, c.state, err)
		}
	}
	return nil
}

func (b *batch) bring(ctx context.Context, c *cell) error {
	var sent error
	switch c.state {
	case joined:
		sent = b.socket.send(ctx, fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%q}`, c.channel))
	case layered, left:
		sent = b.socket.send(ctx, fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%q,"data":{"token":%q}}`, c.channel, c.opening(b.id)))
	case automatic:
		if !c.subscribed() {
			return nil // it is not joined, and nothing is said
		}
	default:
		return nil
	}
	_, err := b.ears.wait(ctx, "hotsock.subscribed "+c.channel)
	if err := errors.Join(sent, err); err != nil || c.state != left {
		return err
	}
	sent = b.socket.send(ctx, fmt.Sprintf(`{"event":"hotsock.unsubscribe","channel":%q}`, c.channel))
	_, err = b.ears.wait(ctx, "hotsock.unsubscribed "+c.channel)
	return errors.Join(sent, err)
}

// ask sends every cell's command, and takes the answers and what the auditor saw.
func (b *batch) ask(ctx context.Context) error {
	frames := make([]string, len(b.cells))
	for i, c := range b.cells {
		var err error
		if frames[i], err = b.frame(ctx, c, i); err != nil {
			return err
		}
		if err := b.auditor.send(ctx, fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%q}`, c.channel)); err != nil {
			return err
		}
	}
	for _, c := range b.cells {
		if _, err := b.audit.wait(ctx, "hotsock.subscribed "+c.channel); err != nil {
			return err
		}
	}
	b.ears.forget()
	for i, frame := range frames {
		if b.cells[i].http {
			continue
		}
		if err := b.socket.send(ctx, frame); err != nil {
			return err
		}
	}
	if err := b.socket.send(ctx, `{"event":"last","channel":"no name","ref":"last"}`); err != nil {
		return err
	}
	if _, err := b.ears.wait(ctx, "ref last"); err != nil {
		return err
	}
	b.answers = make([]string, len(b.cells))
	for i, c := range b.cells {
		answer, err := b.answer(ctx, c, i)
		if err != nil {
			return err
		}
		b.answers[i] = answer
	}
	return b.compareEffects(ctx)
}

func (b *batch) frame(ctx context.Context, c *cell, i int) (string, error) {
	f := rules{"event": c.command, "channel": c.channel, "ref": fmt.Sprint(i)}
	switch c.command {
	case "hotsock.channelStorageSet", "hotsock.channelStorageGet":
		f["key"], f["data"] = someEvent, i
		if c.together {
			delete(f, "key")
			delete(f, "data")
			f["entries"] = []rules{together(i)}
		}
	case "hotsock.subscribe", "hotsock.umdUpdate":
		if c.form != noToken {
			f["data"] = rules{"token": c.token(b.id)}
		}
		if c.state == ownUMD {
			delete(f, "channel")
		}
	case "hotsock.messageReaction":
		resp, err := b.server.publish(ctx, fmt.Sprintf(`{"channel":%q,"event":%q,"store":600,"eagerIdGeneration":true}`, c.channel, someEvent))
		if err != nil || resp.status != 202 {
			return "", fmt.Errorf("%v %w", resp, err)
		}
		var published struct{ ID string }
		if err := json.Unmarshal([]byte(resp.body), &published); err != nil {
			return "", err
		}
		f["data"] = rules{"messageId": published.ID, "reaction": someReaction, "action": "add"}
	}
	return show(f), nil
}

// answers that have no ref.
var naturally = map[string]string{
	"hotsock.subscribe": "hotsock.subscribed", "hotsock.unsubscribe": "hotsock.unsubscribed",
	"hotsock.channelStorageGet": "hotsock.channelStorageData", "hotsock.ping": "hotsock.pong",
}

func (b *batch) answer(ctx context.Context, c *cell, i int) (string, error) {
	ref, natural := fmt.Sprintf("ref %d", i), naturally[c.command]
	switch {
	case c.http:
		return b.call(ctx, c)
	case c.command == "hotsock.pong":
		if f := b.ears.heard(ref); f != nil {
			return f.Event, nil
		}
		return answerNone, nil
	case c.command == "hotsock.ping":
		natural += " "
	case natural != "":
		natural += " " + c.channel
	default:
		natural = ref
	}
	f, err := b.ears.wait(ctx, ref, natural)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s on %s: %w", c.command, c.channel, err)
	case f.Event == "hotsock.error":
		return f.Error.Code, nil
	}
	return answerOK, nil
}

// compareEffects holds if the auditor saw what was allowed and nothing else. Its own unsubscribes come last
// on each channel.
func (b *batch) compareEffects(ctx context.Context) error {
	for _, c := range b.cells {
		if err := b.auditor.send(ctx, fmt.Sprintf(`{"event":"hotsock.unsubscribe","channel":%q}`, c.channel)); err != nil {
			return err
		}
	}
	effects := map[string]string{someEvent: someEvent, "hotsock.channelStorageSet": "hotsock.channelStorageUpdated",
		"hotsock.messageReaction": "hotsock.messageReactionAdded"}
	for i, c := range b.cells {
		if _, err := b.audit.wait(ctx, "hotsock.unsubscribed "+c.channel); err != nil {
			return err
		}
		effect := effects[c.command]
		if effect == "" {
			continue
		}
		if seen := b.audit.heard(effect+" "+c.channel) != nil; seen != (b.answers[i] == answerOK) {
			b.answers[i] += fmt.Sprintf(" and others see it: %v", seen)
		}
	}
	return nil
}

func (b *batch) close() {
	for _, k := range []*socket{b.socket, b.auditor} {
		if k != nil {
			k.close()
		}
	}
}

// ears keep what one connection heard, by event and channel, and by ref.
type ears struct {
	mu      sync.Mutex
	frames  map[string]*frame
	changed chan struct{} // closed with the next frame
}

func newEars() *ears { return &ears{frames: map[string]*frame{}, changed: make(chan struct{})} }

func (e *ears) hear(f *frame) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.frames[f.Event+" "+f.Channel] = f
	if f.Ref != "" {
		e.frames["ref "+f.Ref] = f
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

func (e *ears) heard(keys ...string) *frame {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range keys {
		if f := e.frames[key]; f != nil {
			return f
		}
	}
	return nil
}

func (e *ears) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.frames)
}

// wait waits for a frame under one of these keys.
func (e *ears) wait(ctx context.Context, keys ...string) (*frame, error) {
	for {
		e.mu.Lock()
		changed := e.changed
		e.mu.Unlock()
		if f := e.heard(keys...); f != nil {
			return f, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("no %q: %w", keys, ctx.Err())
		}
	}
}
