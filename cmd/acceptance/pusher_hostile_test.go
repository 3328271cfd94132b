package acceptance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var hostileCases = []pusherCase{
	{"C6", "whatever a client sends first, and before it is greeted, harms nobody else", caseFirstFrames},
}

// firstFrames is how many clients mean harm.
const firstFrames = 1500

// caseFirstFrames has clients send frames right behind their handshake: the protocol's with members that are missing,
// doubled, of other kinds or endless, cut or garbled text, and what is no WebSocket. Which ones, the seed says.
func caseFirstFrames(t *testing.T) {
	a := newPusherApp("a", map[string]any{"enable_user_authentication": true, "enable_subscription_count": true})
	s := servePusher(t, nil, a)
	bystander := talk(t, s, a)
	bystander.subscribe("private-room")
	bystander.expect(`{"event":"pusher_internal:subscription_count","channel":"private-room","data":"{\"subscription_count\":1}"}`)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var work sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range firstFrames {
		bytes := hostileBytes(r)
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if err := attackPusher(s, a, bytes); err != nil {
				t.Errorf("%d: %v after %.300q", i, err, bytes)
			}
		})
		if i%100 == 99 {
			bystander.ping()
		}
	}
	work.Wait()
	bystander.ping()
	s.triggered(t, a, "private-room", "e", "1")
	bystander.expect(pusherEvent("private-room", "e", "1"))
	talk(t, s, a).ping()
	until(t, "those who meant harm have left", func() bool { return soketiCounts(t, s, a)["connected"] == 2 })
	if !s.running() {
		t.Error("the server has ended")
	}
}

// hostileBytes is what one of them sends.
func hostileBytes(r *rand.Rand) string {
	if r.IntN(10) == 0 {
		return frameAttacks[r.IntN(len(frameAttacks))].bytes()
	}
	var b strings.Builder
	for range 1 + r.IntN(5) {
		f := wireFrame{opcode: opText, payload: hostileText(r)}
		if r.IntN(8) == 0 {
			f.opcode = opBinary
		}
		b.WriteString(f.String())
	}
	return b.String()
}

// protocolFrames are frames of clients, as JSON values.
var protocolFrames = []string{
	`{"event":"pusher:subscribe","data":{"channel":"room"}}`,
	`{"event":"pusher:subscribe","data":{"channel":"private-room","auth":"a-key:0"}}`,
	`{"event":"pusher:subscribe","data":{"channel":"presence-room","auth":"a-key:0","channel_data":"{\"user_id\":\"1\",\"user_info\":{}}"}}`,
	`{"event":"pusher:unsubscribe","data":{"channel":"room"}}`,
	`{"event":"pusher:signin","data":{"auth":"a-key:0","user_data":"{\"id\":\"1\",\"watchlist\":[\"2\"]}"}}`,
	`{"event":"client-e","channel":"private-room","data":{"n":1}}`,
	`{"event":"pusher:ping","data":{}}`,
	`{"event":"pusher:pong","data":{}}`,
	`{"event":"pusher_internal:member_added","channel":"presence-room","data":"{}"}`,
}

// strangeValues stand where something else is expected.
var strangeValues = []string{
	"null", "true", "0", "-1", "1e999", "12345678901234567890", `""`, `"x"`, `"\u0000"`, `"\ud800"`, "\"\xff\"", "[]", "[[]]", "{}", `{"a":{}}`,
	`["room"]`, `"` + strings.Repeat("c", 201) + `"`, `"` + strings.Repeat("ü", 5000) + `"`, strings.Repeat("[", 500) + strings.Repeat("]", 500),
	`"#server-to-user-1"`, `"presence-"`, `"private-encrypted-cache-x"`, `"pusher:subscribe"`, `"client-"`, "{", "",
}

// hostileText is a frame's text.
func hostileText(r *rand.Rand) string {
	text := protocolFrames[r.IntN(len(protocolFrames))]
	for range r.IntN(4) {
		switch r.IntN(5) {
		case 0: // a value of another kind
			text = strangeValue(r, text)
		case 1: // cut
			text = text[:r.IntN(len(text)+1)]
		case 2: // some other byte
			if text != "" {
				b := []byte(text)
				b[r.IntN(len(b))] = byte(r.UintN(256))
				text = string(b)
			}
		case 3: // a member twice
			text = strings.Replace(text, "{", `{"event":"pusher:subscribe","data":null,`, 1)
		case 4: // another frame behind it
			text += protocolFrames[r.IntN(len(protocolFrames))]
		}
	}
	return text
}

// strangeValue takes one member of a JSON object, or of one in it, and gives it another value, or takes it out.
func strangeValue(r *rand.Rand, text string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil || len(members) == 0 {
		return strangeValues[r.IntN(len(strangeValues))]
	}
	var out bytes.Buffer
	chosen, i := r.IntN(len(members)), 0
	for _, name := range []string{"event", "channel", "data", "auth", "channel_data", "user_data"} {
		value, ok := members[name]
		if !ok {
			continue
		}
		if i++; i-1 == chosen {
			switch r.IntN(3) {
			case 0:
				continue
			case 1:
				value = json.RawMessage(strangeValue(r, string(value)))
			default:
				value = json.RawMessage(strangeValues[r.IntN(len(strangeValues))])
			}
		}
		fmt.Fprintf(&out, ",%q:%s", name, value)
	}
	return "{" + strings.TrimPrefix(out.String(), ",") + "}"
}

// attackPusher sends a handshake and bytes in one, hangs up its half, and reads to the end. How the server ends it is its
// own affair; that it neither greets nor ends is a fault.
func attackPusher(s *server, a *pusherApp, bytes string) error {
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return err
	}
	c := &rawConn{conn, bufio.NewReader(conn)}
	if _, err := io.WriteString(c, upgradeRequest(s.addr, "/app/"+a.key+"?protocol=7")+bytes); err != nil && !cutOff(err) {
		return err
	}
	_ = c.Conn.(*net.TCPConn).CloseWrite() // it may be closed already
	if err := c.upgraded(); err != nil {
		if cutOff(err) {
			return nil // it reset the connection before its answer was read
		}
		return err
	}
	for {
		if _, _, err := c.next(); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return errors.New("the connection is not ended")
			}
			return nil
		}
	}
}

// cutOff is true of the ends of connections that the other side did not wait to close in order.
func cutOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
