package load

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
)

const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgradeRequest is an upgrade of target, such as "/?token=x", and the Sec-WebSocket-Accept that answers it.
func upgradeRequest(host, target string) (request []byte, accept string) {
	var nonce [16]byte
	rand.Read(nonce[:])
	key := base64.StdEncoding.EncodeToString(nonce[:])
	sum := sha1.Sum([]byte(key + acceptGUID))
	request = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", target, host, key)
	return request, base64.StdEncoding.EncodeToString(sum[:])
}

// maxHead bounds the head of an HTTP answer, or what of an error page is quoted.
const maxHead = 8 << 10

// parseUpgrade reads the answer to an upgrade at the beginning of b: its size, zero while it is not whole.
func parseUpgrade(b []byte, accept string) (size int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > maxHead {
			return 0, fmt.Errorf("load: an HTTP head over %d bytes", maxHead)
		}
		return 0, nil
	}
	lines := bytes.Split(b[:end], []byte("\r\n"))
	if !bytes.HasPrefix(lines[0], []byte("HTTP/1.1 101 ")) {
		return 0, fmt.Errorf("load: the upgrade was refused: %s %s", lines[0], bytes.TrimSpace(b[end:min(len(b), end+300)]))
	}
	for _, line := range lines[1:] {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Sec-WebSocket-Accept")) && string(bytes.TrimSpace(value)) == accept {
			return end + 4, nil
		}
	}
	return 0, fmt.Errorf("load: the upgrade was answered without the right Sec-WebSocket-Accept: %q", b[:end])
}
