package acceptance

import (
	"io"
	"net"
	"strings"
	"testing"
)

// doorAttacks are what somebody without a token writes to the port. None may open a WebSocket.
var doorAttacks = []struct{ name, bytes string }{
	{"nothing", ""},
	{"garbage", strings.Repeat("\xde\xad\xbe\xef", 16<<10)},
	{"zeros", strings.Repeat("\x00", 64<<10)},
	{"line ends", strings.Repeat("\r\n", 32<<10)},
	{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x5a", 506)},
	{"HTTP 0.9", "GET /\r\n"},
	{"HTTP 2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
	{"a header of a megabyte", "GET /v1 HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("h", 1<<20) + "\r\n\r\n"},
	{"a hundred thousand headers", "GET /v1 HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: y\r\n", 100_000) + "\r\n"},
	{"a target of a megabyte", upgradeRequest("x", "/v1?token="+strings.Repeat("t", 1<<20))},
	{"a target of bad escapes", upgradeRequest("x", "/v1?token=%zz%00%ff&token=%&;")},
	{"two tokens", upgradeRequest("x", "/v1?token=a&token=b")},
	{"an upgrade without a key", strings.Replace(upgradeRequest("x", "/v1"), "Sec-WebSocket-Key", "X-Key", 1)},
	{"an upgrade of version 12", strings.Replace(upgradeRequest("x", "/v1"), "Version: 13", "Version: 12", 1)},
	{"an upgrade without a host", strings.Replace(upgradeRequest("x", "/v1"), "Host: x\r\n", "", 1)},
	{"an upgrade by POST", strings.Replace(upgradeRequest("x", "/v1"), "GET", "POST", 1)},
	{"half a handshake", upgradeRequest("x", "/v1")[:80]},
	{"a handshake with a body", strings.Replace(upgradeRequest("x", "/v1"), "\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello", 1)},
	{"a handshake and frames at once", upgradeRequest("x", "/v1") + wire(wireFrame{opcode: opText, length: 1 << 63, wide: true})},
	{"a frame for a handshake", wire(wireFrame{opcode: opText, length: 1 << 63, wide: true})},
	{"two lengths", "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\n{}\n"},
	{"a length and chunks", "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1"},
	{"a negative length", "POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"},
	{"a header that is folded and has NUL", "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\x00c\r\n\r\n"},
	{"a path that climbs", "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
	{"a bearer of a megabyte", "POST /publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + strings.Repeat("k", 1<<20) + "\r\n\r\n"},
}

func TestHostileDoor(t *testing.T) {
	s := besiege(t, nil)
	for i, a := range doorAttacks {
		t.Run(strings.ReplaceAll(a.name, " ", "_"), func(t *testing.T) {
			conn := dialRaw(t, s.server.addr)
			_, _ = io.WriteString(conn, a.bytes) // the server may have had enough before the end
			_ = conn.Conn.(*net.TCPConn).CloseWrite()
			answer, _ := io.ReadAll(io.LimitReader(conn.r, 1<<20)) // as much as there is
			if strings.Contains(string(answer), " 101 ") {
				t.Errorf("it opens a WebSocket: %q", answer)
			}
			if strings.Contains(string(answer), "root:") || strings.Contains(string(answer), "goroutine ") {
				t.Errorf("it tells too much: %q", answer)
			}
			s.holds(t, i+1)
		})
	}
}
