package acceptance

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// How a connection may end.
const (
	stays = -1 // it must not
	cut   = 0  // without a close frame
)

// A frameAttack is what a client with a good token writes after its handshake.
type frameAttack struct {
	name  string
	bytes func() string
	ends  []int // close codes, one of which must come, or stays
	hangs bool  // it then closes its side
}

func sends(parts ...string) func() string { return func() string { return strings.Join(parts, "") } }

func wire(f wireFrame) string { return f.String() }

// closing is a close frame.
func closing(code uint16, reason string) string {
	return wire(wireFrame{opcode: opClose, payload: string(binary.BigEndian.AppendUint16(nil, code)) + reason})
}

const pingCommand = `{"event":"hotsock.ping"}`

var protocolError = []int{1002, cut}
var tooBig = []int{1002, 1009, 1011, cut}

var frameAttacks = []frameAttack{
	{name: "a length of 2^63", bytes: sends(wire(wireFrame{opcode: opText, length: 1 << 63, wide: true})), ends: tooBig},
	{name: "a length of 2^64-1", bytes: sends(wire(wireFrame{opcode: opText, length: 1<<64 - 1, wide: true})), ends: tooBig},
	{name: "a length of 2^63-1", bytes: sends(wire(wireFrame{opcode: opText, length: 1<<63 - 1, wide: true})), ends: tooBig},
	{name: "a length of 2^63 in an unmasked frame", bytes: sends(wire(wireFrame{opcode: opBinary, length: 1 << 63, wide: true, unmasked: true})), ends: tooBig},
	{name: "a length of 2^63 in a fragment", bytes: sends(wire(wireFrame{opcode: opText, length: 1 << 63, wide: true, more: true})), ends: tooBig},
	{name: "a length of 4 GiB", bytes: sends(wire(wireFrame{opcode: opText, length: 4 << 30, wide: true})), ends: tooBig},
	{name: "a length of 16 MiB", bytes: sends(wire(wireFrame{opcode: opText, length: 16 << 20})), ends: []int{1009, cut}},
	{name: "a message of 2 MiB in fragments", bytes: inFragments(64, 32<<10), ends: []int{1009, cut}},
	{name: "a claimed frame that never comes", bytes: sends(wire(wireFrame{opcode: opText, length: 300 << 10})), ends: []int{cut, 1002, 1011}, hangs: true},
	{name: "an unmasked text", bytes: sends(wire(wireFrame{opcode: opText, payload: pingCommand, unmasked: true})), ends: protocolError},
	{name: "an unmasked ping", bytes: sends(wire(wireFrame{opcode: opPing, unmasked: true})), ends: protocolError},
	{name: "RSV1", bytes: sends(wire(wireFrame{opcode: opText, payload: pingCommand, rsv: 0x40})), ends: protocolError},
	{name: "RSV2", bytes: sends(wire(wireFrame{opcode: opText, payload: pingCommand, rsv: 0x20})), ends: protocolError},
	{name: "RSV3", bytes: sends(wire(wireFrame{opcode: opText, payload: pingCommand, rsv: 0x10})), ends: protocolError},
	{name: "RSV1 on a ping", bytes: sends(wire(wireFrame{opcode: opPing, rsv: 0x40})), ends: protocolError},
	{name: "opcode 3", bytes: sends(wire(wireFrame{opcode: 3, payload: "x"})), ends: protocolError},
	{name: "opcode 11", bytes: sends(wire(wireFrame{opcode: 11})), ends: protocolError},
	{name: "opcode 15", bytes: sends(wire(wireFrame{opcode: 15, payload: "x"})), ends: protocolError},
	{name: "a ping of 126 bytes", bytes: sends(wire(wireFrame{opcode: opPing, payload: strings.Repeat("p", 126)})), ends: protocolError},
	{name: "a ping in fragments", bytes: sends(wire(wireFrame{opcode: opPing, payload: "p", more: true})), ends: protocolError},
	{name: "a close of one byte", bytes: sends(wire(wireFrame{opcode: opClose, payload: "\x03"})), ends: protocolError},
	{name: "a close with code 999", bytes: sends(closing(999, "")), ends: protocolError},
	{name: "a close with code 1005", bytes: sends(closing(1005, "")), ends: protocolError},
	{name: "a close with code 65535", bytes: sends(closing(65535, "")), ends: protocolError},
	{name: "a close whose reason is no UTF-8", bytes: sends(closing(1000, "\xff\xfe")), ends: []int{1007, 1002, cut}},
	{name: "a close in fragments", bytes: sends(wire(wireFrame{opcode: opClose, payload: "\x03\xe8", more: true})), ends: protocolError},
	{name: "frames after a close", bytes: sends(closing(1000, ""), textFrame(pingCommand), textFrame(pingCommand)), ends: []int{1000, cut}},
	{name: "a continuation of nothing", bytes: sends(wire(wireFrame{opcode: opContinuation, payload: pingCommand})), ends: protocolError},
	{name: "a text within a text", bytes: sends(wire(wireFrame{opcode: opText, payload: "{", more: true}), textFrame(pingCommand)), ends: protocolError},
	{name: "fragments of nothing without end", bytes: endlessFragments, ends: []int{1008, 1009, 1002, cut}},
	{name: "a text that is no UTF-8", bytes: sends(textFrame("{\"event\":\"\xff\"}")), ends: []int{1007, cut}},
	{name: "a text with half a character", bytes: sends(textFrame("\"\xf0\x9f\x90")), ends: []int{1007, cut}},
	{name: "a text with a surrogate", bytes: sends(textFrame("\"\xed\xa0\x80\"")), ends: []int{1007, cut}},
	{name: "binary", bytes: sends(wire(wireFrame{opcode: opBinary, payload: pingCommand})), ends: []int{1003}},
	{name: "garbage", bytes: sends(strings.Repeat("\xde\xad\xbe\xef", 4096)), ends: []int{1002, 1003, 1007, 1009, 1011, cut}},
	{name: "zeros", bytes: sends(strings.Repeat("\x00", 4096)), ends: protocolError},
	{name: "HTTP after the handshake", bytes: sends("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ends: protocolError},
	{name: "an empty text", bytes: sends(textFrame("")), ends: []int{stays}},
	{name: "a text of brackets", bytes: sends(textFrame(strings.Repeat("[", 100_000))), ends: []int{stays}},
	{name: "a text of nested objects", bytes: sends(textFrame(strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000))), ends: []int{stays}},
	{name: "data of brackets", bytes: sends(textFrame(`{"event":"m","channel":"c","data":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + `}`)), ends: []int{stays}},
	{name: "duplicate members", bytes: sends(textFrame(`{"event":"hotsock.ping","event":"m"}`)), ends: []int{stays}},
	{name: "a lone surrogate in a name", bytes: sends(textFrame(`{"event":"\ud800","channel":"c"}`)), ends: []int{stays}},
	{name: "NUL in every name", bytes: sends(textFrame(`{"event":"\u0000","channel":"\u0000","key":"\u0000"}`)), ends: []int{stays}},
	{name: "a number of a megadigit", bytes: sends(textFrame(`{"event":"m","channel":"c","data":1e` + strings.Repeat("9", 200_000) + `}`)), ends: []int{stays}},
	{name: "a thousand pings", bytes: sends(strings.Repeat(wire(wireFrame{opcode: opPing, payload: "p"}), 1000)), ends: []int{stays}},
	{name: "a thousand pongs", bytes: sends(strings.Repeat(wire(wireFrame{opcode: opPong, payload: "p"}), 1000)), ends: []int{stays}},
	{name: "a command in fragments of one byte, with pings between", bytes: byteByByte, ends: []int{stays}},
	{name: "a length wider than it need be", bytes: sends(wire(wireFrame{opcode: opText, payload: pingCommand, wide: true})), ends: []int{stays, 1002, cut}},
}

// inFragments is a message of n fragments.
func inFragments(n, size int) func() string {
	return func() string {
		fragment := strings.Repeat("x", size)
		s := wire(wireFrame{opcode: opText, payload: fragment, more: true})
		return s + strings.Repeat(wire(wireFrame{opcode: opContinuation, payload: fragment, more: true}), n-1)
	}
}

func endlessFragments() string {
	return wire(wireFrame{opcode: opText, more: true}) + strings.Repeat(wire(wireFrame{opcode: opContinuation, more: true}), 200_000)
}

func byteByByte() string {
	var b strings.Builder
	opcode := byte(opText)
	for i := range len(pingCommand) {
		b.WriteString(wire(wireFrame{opcode: opcode, payload: pingCommand[i : i+1], more: i < len(pingCommand)-1}))
		b.WriteString(wire(wireFrame{opcode: opPing}))
		opcode = opContinuation
	}
	return b.String()
}

func TestHostileFrames(t *testing.T) {
	s := besiege(t, nil)
	for i, a := range frameAttacks {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			token := hs256.sign(string(connectToken(`{"channels":{"c":{"subscribe":true}}}`)))
			conn := dialRaw(t, s.server.addr)
			if _, err := io.WriteString(conn, upgradeRequest(s.server.addr, "/v1?token="+token)); err != nil {
				t.Fatal(err)
			}
			if err := conn.upgraded(); err != nil {
				t.Fatal(err)
			}
			// It may be cut before all is written.
			_, _ = io.WriteString(conn, a.bytes())
			if a.hangs {
				_ = conn.Conn.(*net.TCPConn).CloseWrite()
			}
			if slices.Contains(a.ends, stays) {
				_, _ = io.WriteString(conn, wire(wireFrame{opcode: opPing, payload: "are you there?"}))
			}
			end, err := conn.ending()
			if err != nil {
				t.Errorf("%v, want an end of %v", err, a.ends)
			} else if !slices.Contains(a.ends, end) {
				t.Errorf("it ends with %d, want one of %v", end, a.ends)
			}
			s.holds(t, i+1)
		})
	}
}

// ending reads until the connection is closed, and returns the code; or until "are you there?" is answered.
func (c *rawConn) ending() (int, error) {
	for {
		opcode, payload, err := c.next()
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
			return cut, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return 0, errors.New("it is still open")
		case err != nil:
			return 0, err
		case opcode == opClose && len(payload) >= 2:
			return int(binary.BigEndian.Uint16([]byte(payload))), nil
		case opcode == opPong && string(payload) == "are you there?":
			return stays, nil
		}
	}
}
