package ws

import (
	"encoding/binary"
	"unicode/utf8"
)

// Opcodes, RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// maxHeader is the longest header of a frame that a server sends: unmasked, with a 64-bit length.
const maxHeader = 10

// maxReason is what a close frame's reason may take: 125 bytes of a control frame less the code.
const maxReason = 123

// appendHeader appends the header of a final, unmasked frame with n bytes of payload.
func appendHeader(dst []byte, op byte, n int) []byte {
	dst = append(dst, 0x80|op)
	switch {
	case n <= 125:
		return append(dst, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
}

// headerSize is how many bytes appendHeader appends.
func headerSize(n int) int {
	switch {
	case n <= 125:
		return 2
	case n <= 0xFFFF:
		return 4
	default:
		return maxHeader
	}
}

// normal is the body that most close frames have.
var normal = binary.BigEndian.AppendUint16(nil, CloseNormal)

// closePayload is the body of a close frame. 1005 becomes an empty one, and any other code that must not
// be sent (RFC 6455 section 7.4) becomes 1011; a long reason is cut between characters.
func closePayload(code int, reason string) []byte {
	if code == CloseNoStatus {
		return nil
	}
	if code == CloseNormal && reason == "" {
		return normal
	}
	if !sendable(code) {
		code = CloseInternal
	}
	if len(reason) > maxReason {
		end := maxReason
		for end > 0 && !utf8.RuneStart(reason[end]) {
			end--
		}
		reason = reason[:end]
	}
	p := make([]byte, 2, 2+len(reason))
	binary.BigEndian.PutUint16(p, uint16(code))
	return append(p, reason...)
}

// sendable says whether a close frame may carry the code: RFC 6455 section 7.4 and IANA's registry.
func sendable(code int) bool {
	switch code {
	case 1004, CloseNoStatus, CloseAbnormal, 1015:
		return false
	}
	return code >= 1000 && code <= 1014 || code >= 3000 && code <= 4999
}
