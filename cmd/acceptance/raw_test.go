package acceptance

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A rawConn is a TCP connection on which anything may be written. What the server sends is read as frames.
type rawConn struct {
	net.Conn
	r *bufio.Reader
}

// dialRaw opens one that lives no longer than the test's patience.
func dialRaw(t testing.TB, addr string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{conn, bufio.NewReader(conn)}
}

// errNotUpgraded: a raw handshake was refused.
var errNotUpgraded = errors.New("not upgraded")

// upgradeRequest is a handshake as it should be.
func upgradeRequest(host, path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
}

// upgraded reads the answer to a handshake.
func (c *rawConn) upgraded() error {
	status, err := c.r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.Contains(status, " 101 ") {
		return fmt.Errorf("%w: %s", errNotUpgraded, strings.TrimSpace(status))
	}
	for {
		line, err := c.r.ReadString('\n')
		if err != nil || line == "\r\n" {
			return err
		}
	}
}

// Opcodes of RFC 6455, section 5.2.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10
)

// next reads a frame that the server sends: never masked, never in parts.
func (c *rawConn) next() (opcode byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.r, head[:]); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1] & 0x7f)
	switch length {
	case 126:
		var n [2]byte
		if _, err := io.ReadFull(c.r, n[:]); err != nil {
			return 0, nil, err
		}
		length = uint64(binary.BigEndian.Uint16(n[:]))
	case 127:
		var n [8]byte
		if _, err := io.ReadFull(c.r, n[:]); err != nil {
			return 0, nil, err
		}
		length = binary.BigEndian.Uint64(n[:])
	}
	if length > 1<<20 {
		return 0, nil, fmt.Errorf("the server sends a frame of %d bytes", length)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(c.r, payload)
	return head[0] & 0x0f, payload, err
}

// wireFrame is a frame as its bytes; what is zero is as it should be.
type wireFrame struct {
	opcode   byte
	payload  string
	more     bool   // FIN is not set
	rsv      byte   // bits of 0x70
	unmasked bool   // as no client may send it
	length   uint64 // claimed; zero: the payload's
	wide     bool   // the length has 64 bits whatever it is
}

// textFrame is a whole text message.
func textFrame(payload string) string { return wireFrame{opcode: opText, payload: payload}.String() }

func (f wireFrame) String() string {
	first := f.opcode | f.rsv
	if !f.more {
		first |= 0x80
	}
	mask := byte(0x80)
	if f.unmasked {
		mask = 0
	}
	length := f.length
	if length == 0 {
		length = uint64(len(f.payload))
	}
	b := []byte{first}
	switch {
	case f.wide || length > 0xffff:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), length)
	case length > 125:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(length))
	default:
		b = append(b, mask|byte(length))
	}
	if f.unmasked {
		return string(b) + f.payload
	}
	key := [4]byte{0xa1, 0x52, 0x0c, 0x77}
	b = append(b, key[:]...)
	for i := range len(f.payload) {
		b = append(b, f.payload[i]^key[i%4])
	}
	return string(b)
}
