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

	"github.com/coder/websocket"
)

// What a page's client does by itself, and when.
const (
	pageLook       = 250 * time.Millisecond // how often bindings and subscriptions are compared
	pagePatience   = 5 * time.Second        // for hotsock.connected, from the open event
	pageFirstDelay = time.Second
	pageMostDelay  = 20 * time.Second
	pageJitter     = 500 * time.Millisecond // it would be random, up to a second
)

// How a channel stands, as the client believes.
type belief string

const (
	unknown       belief = ""
	pending       belief = "pending"
	subscribed    belief = "subscribed"
	unsubscribing belief = "unsubscribing"
	unsubscribed  belief = "unsubscribed"
	barred        belief = "failed"
)

// A page is a client that behaves as the protocol's own client for browsers does: it connects, comes back,
// and subscribes to what is bound, whatever happens. It checks of each frame what that client takes for
// granted. Its clock is moved by the test; its network is real.
type page struct {
	t              testing.TB
	server         *server
	clock          *handClock
	tr             *transcript
	token          func() string
	subscribeToken func(connectionID, channel string) string // nil: none
	heartbeat      time.Duration                             // 0: none
	hasty          bool                                      // it subscribes before it has read anything

	mu        sync.Mutex
	changed   chan struct{}
	conn      *websocket.Conn
	greeted   bool
	id        string
	secret    string
	uid       any
	attempts  int // since the last open event
	dials     int
	opens     int
	refusals  []*refusal
	delays    []time.Duration
	bound     []string
	beliefs   map[string]belief // by the bound name
	automatic map[string]bool   // by real name
	real      map[string]string // by alias
	members   map[string]string // by real name
	frames    []pageFrame
	quit      bool
	timers    []func() // stop those of the connection
}

// A pageFrame is what a client for browsers reads of a frame.
type pageFrame struct {
	text    string
	Event   string
	ID      *string
	Channel *string
	Key     string
	Data    json.RawMessage
	Meta    json.RawMessage
	Error   *struct{ Code, Message string }
}

func newPage(t testing.TB, s *server, c claims) *page {
	p := &page{t: t, server: s, clock: &handClock{}, tr: newTranscript(t), changed: make(chan struct{}),
		beliefs: map[string]belief{}, automatic: map[string]bool{}, real: map[string]string{}, members: map[string]string{},
		token: func() string { return hs256.sign(string(connectToken(c))) }}
	t.Cleanup(p.terminate)
	return p
}

// start connects and looks after the bindings from then on.
func (p *page) start() *page {
	p.connect()
	var look func()
	look = func() {
		p.look()
		p.clock.after(pageLook, look)
	}
	p.clock.after(pageLook, look)
	return p
}

// connect makes one attempt. Success is the open event.
func (p *page) connect() {
	p.mu.Lock()
	if p.quit || p.conn != nil {
		p.mu.Unlock()
		return
	}
	p.dials++
	p.attempts++
	p.mu.Unlock()
	conn, err := p.server.dial(context.Background(), "/v1?token="+p.token())
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		var r *refusal
		if errors.As(err, &r) {
			p.refusals = append(p.refusals, r)
		}
		p.tr.add("no open event: %v", err)
		p.again()
		return
	}
	p.tr.add("open")
	p.opens++
	p.attempts = 0
	p.conn, p.greeted = conn, false
	p.timers = append(p.timers, p.clock.after(pagePatience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.conn == conn && !p.greeted {
			p.fault("no hotsock.connected for 5 s")
			_ = conn.CloseNow()
		}
	}))
	if p.heartbeat > 0 {
		p.beat(conn)
	}
	if p.hasty {
		p.compare()
	}
	go p.read(conn)
	p.tell()
}

func (p *page) beat(conn *websocket.Conn) {
	p.timers = append(p.timers, p.clock.after(p.heartbeat*95/100, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.conn == conn {
			p.write(`{"event":"hotsock.heartbeat"}`)
			p.beat(conn)
		}
	}))
}

// again plans the next attempt: the first at once, the others ever later.
func (p *page) again() {
	if p.quit {
		return
	}
	delay := time.Duration(0)
	if p.attempts > 0 {
		delay = pageFirstDelay
		for range p.attempts - 1 {
			delay = delay * 3 / 2
		}
		delay = min(delay+pageJitter, pageMostDelay)
	}
	p.delays = append(p.delays, delay)
	p.tr.add("next attempt in %v", delay)
	p.clock.after(delay, p.connect)
	p.tell()
}

func (p *page) read(conn *websocket.Conn) {
	for {
		kind, text, err := conn.Read(context.Background())
		p.mu.Lock()
		if err != nil {
			p.closed(conn, err)
			p.mu.Unlock()
			return
		}
		p.tr.add("< %s", text)
		f := pageFrame{text: string(text)}
		if err := json.Unmarshal(text, &f); err != nil || kind != websocket.MessageText {
			p.fault("JSON.parse fails: %v: %s", err, text)
		}
		p.take(&f)
		p.frames = append(p.frames, f)
		p.tell()
		p.mu.Unlock()
	}
}

func (p *page) closed(conn *websocket.Conn, err error) {
	p.tr.add("close: %v", err)
	if p.conn != conn {
		return
	}
	for _, stop := range p.timers {
		stop()
	}
	p.conn, p.greeted, p.timers = nil, false, nil
	clear(p.automatic)
	clear(p.members)
	for name, b := range p.beliefs {
		if b != barred {
			delete(p.beliefs, name)
		}
	}
	p.again()
	p.tell()
}

// fault notes what the client for browsers would have stumbled over.
func (p *page) fault(format string, args ...any) {
	p.tr.add(format, args...)
	p.t.Errorf(format, args...)
}

// tell wakes who waits. Callers hold mu.
func (p *page) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// take does what the client does with a frame.
func (p *page) take(f *pageFrame) {
	if !p.greeted && f.Event != "hotsock.connected" {
		p.fault("before hotsock.connected comes %s", f.text)
	}
	if f.Channel != nil && f.Event != "hotsock.error" && p.real[*f.Channel] != "" {
		p.fault("an alias stands for a channel: %s", f.text)
	}
	switch f.Event {
	case "hotsock.connected":
		meta, data := p.object(f, f.Meta), p.object(f, f.Data)
		p.uid = meta["uid"]
		p.id, _ = data["connectionId"].(string)
		p.secret, _ = data["connectionSecret"].(string)
		if p.id == "" || p.secret == "" {
			p.fault("no id or secret: %s", f.text)
		}
		p.greeted = true
	case "hotsock.subscribed":
		p.joined(f)
	case "hotsock.unsubscribed":
		channel := p.channel(f)
		p.beliefs[p.boundName(channel)] = unsubscribed
		delete(p.automatic, channel)
	case "hotsock.memberAdded", "hotsock.memberRemoved":
		data := p.object(f, f.Data)
		if _, ok := data["members"].([]any); !ok {
			p.fault("no list of members: %s", f.text)
		}
		p.members[p.channel(f)] = uids(data["members"])
	case "hotsock.ping":
		p.write(`{"event":"hotsock.pong"}`)
	case "hotsock.error":
		p.failed(f)
	}
}

func (p *page) object(f *pageFrame, v json.RawMessage) map[string]any {
	var o map[string]any
	if err := json.Unmarshal(v, &o); err != nil || o == nil {
		p.fault("no object where one is read: %s", f.text)
	}
	return o
}

func (p *page) channel(f *pageFrame) string {
	if f.Channel == nil {
		p.fault("no channel: %s", f.text)
		return ""
	}
	return *f.Channel
}

func (p *page) joined(f *pageFrame) {
	channel, meta, data := p.channel(f), p.object(f, f.Meta), p.object(f, f.Data)
	if alias, ok := meta["channelAlias"].(string); ok {
		p.real[alias] = channel
	}
	if data["autoSubscribed"] == true {
		p.automatic[channel] = true
	}
	if list, ok := data["members"]; ok {
		p.members[channel] = uids(list)
	}
	p.beliefs[p.boundName(channel)] = subscribed
}

// boundName is the name under which the application knows a channel.
func (p *page) boundName(channel string) string {
	for alias, real := range p.real {
		if real == channel && slices.Contains(p.bound, alias) {
			return alias
		}
	}
	return channel
}

// failed keys its beliefs by the name that was sent, or that an answer gave to it.
func (p *page) failed(f *pageFrame) {
	if f.Error == nil || f.Error.Code == "" {
		p.fault("an error without a code: %s", f.text)
		return
	}
	if f.Channel == nil {
		return
	}
	switch f.Error.Code {
	case "NOT_SUBSCRIBED":
		p.beliefs[*f.Channel] = unsubscribed
	case "ALREADY_SUBSCRIBED":
		p.beliefs[p.boundName(*f.Channel)] = subscribed
	case "SUBSCRIBE_PERMISSION_DENIED", "INVALID_SUBSCRIBE_TOKEN":
		p.beliefs[*f.Channel] = barred
	}
}

func uids(list any) string {
	var all []string
	members, _ := list.([]any)
	for _, m := range members {
		of, _ := m.(map[string]any)
		all = append(all, fmt.Sprint(of["uid"]))
	}
	return strings.Join(all, " ")
}

// look compares what is bound with what is subscribed, as happens every 250 ms.
func (p *page) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.compare()
}

func (p *page) compare() {
	if p.conn == nil {
		return
	}
	for name, b := range p.beliefs {
		channel := name
		if p.real[name] != "" {
			channel = p.real[name]
		}
		if b == subscribed && !slices.Contains(p.bound, name) && !p.automatic[channel] {
			p.beliefs[name] = unsubscribing
			p.write(fmt.Sprintf(`{"event":"hotsock.unsubscribe","channel":%s}`, text(channel)))
		}
	}
	for _, name := range p.bound {
		if b := p.beliefs[name]; b != unknown && b != unsubscribed && b != unsubscribing {
			continue
		}
		if p.subscribeToken == nil {
			p.write(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%s}`, text(name)))
		} else if p.greeted {
			p.write(fmt.Sprintf(`{"event":"hotsock.subscribe","channel":%s,"data":{"token":%s}}`, text(name), text(p.subscribeToken(p.id, name))))
		} else {
			continue
		}
		p.beliefs[name] = pending
	}
}

func (p *page) write(frame string) {
	p.tr.add("> %s", frame)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = p.conn.Write(ctx, websocket.MessageText, []byte(frame)) // reading tells how it ended
}

// What an application asks of its client.

func (p *page) bind(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bound = append(p.bound, name)
	if p.beliefs[name] == barred {
		delete(p.beliefs, name)
	}
}

func (p *page) unbind(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bound = slices.DeleteFunc(p.bound, func(b string) bool { return b == name })
}

func (p *page) send(frame string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.write(frame)
}

// hangUp is what suspend does; the close event brings the client back unless quit is set.
func (p *page) hangUp(quit bool) {
	p.mu.Lock()
	p.quit = quit
	conn := p.conn
	p.mu.Unlock()
	if conn != nil {
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}
}

func (p *page) terminate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quit = true
	if p.conn != nil {
		_ = p.conn.CloseNow()
	}
}

// until waits for something that the network brings.
func (p *page) until(what string, holds func() bool) {
	p.t.Helper()
	late := time.After(patience)
	for {
		p.mu.Lock()
		ok, changed := holds(), p.changed
		p.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			p.t.Fatalf("never %s", what)
		}
	}
}

func (p *page) untilGreeted() {
	p.t.Helper()
	p.until("connected", func() bool { return p.greeted })
}

func (p *page) untilBelief(name string, b belief) {
	p.t.Helper()
	p.until(name+" is "+string(b), func() bool { return p.beliefs[name] == b })
}

// answered waits until everything has been answered that was sent: the connection's pong, and each
// channel's, come after what came before.
func (p *page) answered() {
	p.t.Helper()
	p.mu.Lock()
	before := p.count("hotsock.pong")
	p.write(`{"event":"hotsock.ping"}`)
	p.mu.Unlock()
	p.until("a pong", func() bool { return p.count("hotsock.pong") > before })
}

// count counts frames of an event. Callers hold mu.
func (p *page) count(event string) (n int) {
	for _, f := range p.frames {
		if f.Event == event {
			n++
		}
	}
	return n
}

// heard returns the last frame of an event, which must come.
func (p *page) heard(event string) (f pageFrame) {
	p.t.Helper()
	p.until(event, func() bool {
		for _, g := range p.frames {
			if g.Event == event {
				f = g
			}
		}
		return f.Event != ""
	})
	return f
}
