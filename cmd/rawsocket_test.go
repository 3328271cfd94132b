package cmd

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// A rawSocket is a WebSocket client that allocates nothing once it is open, so that what a test counts is the server's.
type rawSocket struct {
	net.Conn
	r *bufio.Reader
}

// dialSocket connects with a token, and reads the greeting.
func dialSocket(addr, token string) (*rawSocket, error) {
	s, err := upgrade(addr, "/v1?token="+token)
	if err != nil {
		return nil, err
	}
	if frame, err := s.read(); err != nil || !bytes.Contains(frame, []byte("hotsock.connected")) {
		return nil, fmt.Errorf("the greeting is %s, %v", frame, err)
	}
	return s, nil
}

// upgrade opens a WebSocket.
func upgrade(addr, target string) (*rawSocket, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &rawSocket{conn, bufio.NewReaderSize(conn, 4096)}
	_ = conn.SetDeadline(time.Now().Add(patience))
	s.send(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", target, addr))
	res, err := http.ReadResponse(s.r, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("connect: %s", res.Status)
	}
	return s, nil
}

// subscribe joins a channel and reads the answer.
func (s *rawSocket) subscribe(channel string) error {
	s.send(maskedText(`{"event":"hotsock.subscribe","channel":"` + channel + `"}`))
	frame, err := s.read()
	if err != nil || !bytes.Contains(frame, []byte("hotsock.subscribed")) {
		return fmt.Errorf("the answer to a subscribe is %s, %v", frame, err)
	}
	return nil
}

// send writes bytes. What is wrong then is read by whoever waits for the answer.
func (s *rawSocket) send(b []byte) { _, _ = s.Write(b) }

// read returns the payload of the next frame.
func (s *rawSocket) read() ([]byte, error) {
	n, err := s.head()
	if err != nil {
		return nil, err
	}
	payload := make([]byte, n)
	_, err = io.ReadFull(s.r, payload)
	return payload, err
}

// head reads the next frame up to its payload, of whose length it returns.
func (s *rawSocket) head() (n int, err error) {
	b, err := s.r.Peek(2)
	if err != nil {
		return 0, err
	}
	n, size := int(b[1]), 2
	if n == 126 {
		if b, err = s.r.Peek(4); err != nil {
			return 0, err
		}
		n, size = int(binary.BigEndian.Uint16(b[2:])), 4
	}
	_, err = s.r.Discard(size)
	return n, err
}

// end reads until the server has closed the connection.
func (s *rawSocket) end(deadline time.Time) {
	_ = s.SetDeadline(deadline)
	_, _ = io.Copy(io.Discard, s.r)
	_ = s.Close()
}

// maskedText is a client's text frame, masked with zeros.
func maskedText(text string) []byte {
	b := []byte{0x81}
	if n := len(text); n < 126 {
		b = append(b, 0x80|byte(n))
	} else {
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	}
	return append(append(b, 0, 0, 0, 0), text...)
}

// A crowd counts the frames that sockets get.
type crowd struct {
	t         testing.TB
	addr      string
	token     string
	got, want atomic.Int64
	reached   chan struct{}
}

// openRoom connects n sockets that are subscribed to a channel and counted.
func openRoom(t testing.TB, r *running, channel string, n int) *crowd {
	c := &crowd{t: t, addr: r.Addr(), token: r.allowed(t), reached: make(chan struct{}, 1)}
	for range n {
		s := c.dial()
		if err := s.subscribe(channel); err != nil {
			t.Fatal(err)
		}
		go c.count(s)
	}
	return c
}

// allowed signs a token that allows everything.
func (r *running) allowed(t testing.TB) string {
	claims := map[string]any{"scope": "connect", "uid": "u", "exp": time.Now().Add(time.Hour).Unix()}
	if err := addChannel(claims, "*:all"); err != nil {
		t.Fatal(err)
	}
	token, err := r.sign.sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// dial connects one more socket, which is not counted.
func (c *crowd) dial() *rawSocket {
	s, err := dialSocket(c.addr, c.token)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = s.SetDeadline(time.Time{})
	c.t.Cleanup(func() { _ = s.Close() })
	return s
}

// count counts s's frames until it is closed.
func (c *crowd) count(s *rawSocket) {
	for {
		n, err := s.head()
		if err != nil {
			return
		}
		if _, err := s.r.Discard(n); err != nil {
			return
		}
		if c.got.Add(1) >= c.want.Load() {
			select {
			case c.reached <- struct{}{}:
			default:
			}
		}
	}
}

// await waits until n more frames have come.
func (c *crowd) await(n int) {
	for want := c.want.Add(int64(n)); c.got.Load() < want; {
		<-c.reached
	}
}
