package pusher

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// newSocketID returns the id of a new connection: two numbers of up to ten digits with a dot between them, which
// SDKs check. random fills p with random bytes of a cryptographic source. Whoever keeps the connections sees to it
// that no two have the same.
//
// Source: Pusher docs, WebSocket protocol, "pusher:connection_established".
func newSocketID(random func(p []byte)) string {
	const ten = 10_000_000_000
	var p [16]byte
	random(p[:])
	b := strconv.AppendUint(make([]byte, 0, 21), binary.LittleEndian.Uint64(p[:])%ten, 10)
	b = append(b, '.')
	return string(strconv.AppendUint(b, binary.LittleEndian.Uint64(p[8:])%ten, 10))
}

// maxSocketID is more than any socket id has; the rule for them names no bound.
const maxSocketID = 64

// isSocketID says whether s can be the id of a connection: digits, a dot, digits.
func isSocketID(s string) bool {
	first, second, ok := strings.Cut(s, ".")
	return ok && len(s) <= maxSocketID && isDigits(first) && isDigits(second)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
