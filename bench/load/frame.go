package load

import (
	"encoding/binary"
	"errors"
)

// Opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// maxFrame bounds what a server may claim to send: a harness that runs out of memory measures nothing.
const maxFrame = 16 << 20

var (
	errMasked   = errors.New("load: the server masked a frame")
	errReserved = errors.New("load: the server set reserved bits")
	errTooLong  = errors.New("load: the server sent a frame over 16 MiB")
)

// appendFrame appends a masked client frame.
func appendFrame(dst []byte, opcode byte, mask uint32, payload []byte) []byte {
	dst = append(dst, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n <= 0xFFFF:
		dst = append(dst, 0x80|126, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = binary.LittleEndian.AppendUint32(dst, mask)
	start := len(dst)
	dst = append(dst, payload...)
	masked := dst[start:]
	wide := uint64(mask)<<32 | uint64(mask)
	for len(masked) >= 8 {
		binary.LittleEndian.PutUint64(masked, binary.LittleEndian.Uint64(masked)^wide)
		masked = masked[8:]
	}
	for i := range masked {
		masked[i] ^= byte(mask >> (8 * (i % 4)))
	}
	return dst
}

// A frame is one that lies whole in a buffer.
type frame struct {
	opcode  byte
	fin     bool
	payload []byte // in the buffer it was parsed from
	size    int    // with its header
}

// parseFrame reads the server frame at the beginning of b. ok is false while b holds only a part of it.
func parseFrame(b []byte) (f frame, ok bool, err error) {
	if len(b) < 2 {
		return f, false, nil
	}
	head, length := b[0], int(b[1])
	switch {
	case length&0x80 != 0:
		return f, false, errMasked
	case head&0x70 != 0:
		return f, false, errReserved
	}
	at := 2
	switch length {
	case 126:
		if len(b) < 4 {
			return f, false, nil
		}
		length, at = int(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return f, false, nil
		}
		wide := binary.BigEndian.Uint64(b[2:])
		if wide > maxFrame {
			return f, false, errTooLong
		}
		length, at = int(wide), 10
	}
	if len(b) < at+length {
		return f, false, nil
	}
	return frame{head & 0x0F, head&0x80 != 0, b[at : at+length], at + length}, true, nil
}
