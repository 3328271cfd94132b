package acceptance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// errNotUpgraded: a raw handshake was refused.
var errNotUpgraded = errors.New("not upgraded")

// handshake upgrades a raw connection, and returns what reads from it.
func handshake(conn net.Conn, host, path string) (*bufio.Reader, error) {
	request := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return nil, err
	}
	r := bufio.NewReader(conn)
	status, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	if !strings.Contains(status, " 101 ") {
		return nil, fmt.Errorf("%w: %s", errNotUpgraded, strings.TrimSpace(status))
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			return r, nil
		}
	}
}
