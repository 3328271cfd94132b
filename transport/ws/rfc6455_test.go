package ws

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What each sequence of raw frames must lead to. After the frames the peer ends the connection with 1000 if
// the server has not, so that a code of 1000 means "accepted".
func TestRFC6455(t *testing.T) {
	const limit = 4096
	long := strings.Repeat("x", limit)
	unmasked := func(b []byte) []byte { // drops the mask of an empty frame
		return append([]byte{b[0], b[1] &^ 0x80}, b[6:]...)
	}
	cases := []struct {
		name     string
		send     []byte
		code     int
		messages []string
	}{
		{"5.6 text", text("hello"), 1000, []string{"hello"}},
		{"5.6 empty text", text(""), 1000, []string{""}},
		{"5.6 text of 125 bytes", text(long[:125]), 1000, []string{long[:125]}},
		{"5.6 text of 126 bytes", text(long[:126]), 1000, []string{long[:126]}},
		{"5.6 text of 127 bytes", text(long[:127]), 1000, []string{long[:127]}},
		{"5.6 text at the limit", text(long), 1000, []string{long}},
		{"5.6 text over the limit", text(long + "x"), 1009, nil},
		{"5.6 text far over the limit", maskedFrame(0x81, 1<<30, ""), 1009, nil},
		{"5.6 two texts at once", join(text("a"), text("b")), 1000, []string{"a", "b"}},
		{"5.6 binary", frame(0x82, "x"), 1003, nil},
		{"5.6 empty binary", frame(0x82, ""), 1003, nil},
		{"5.6 text after binary", join(frame(0x82, "x"), text("a")), 1003, nil},

		{"5.1 unmasked text", []byte{0x81, 1, 'x'}, 1002, nil},
		{"5.1 unmasked empty text", unmasked(text("")), 1002, nil},
		{"5.1 unmasked ping", []byte{0x89, 0}, 1002, nil},
		{"5.1 unmasked close", []byte{0x88, 0}, 1002, nil},
		{"5.1 unmasked, after a good one", join(text("a"), []byte{0x81, 0}), 1002, []string{"a"}},

		{"5.2 RSV1", frame(0xC1, "x"), 1002, nil},
		{"5.2 RSV2", frame(0xA1, "x"), 1002, nil},
		{"5.2 RSV3", frame(0x91, "x"), 1002, nil},
		{"5.2 all reserved bits", frame(0xF1, "x"), 1002, nil},
		{"5.2 RSV1 on a ping", frame(0xC9, ""), 1002, nil},
		{"5.2 RSV2 on a ping", frame(0xA9, ""), 1002, nil},
		{"5.2 RSV3 on a close", frame(0x98, ""), 1002, nil},
		{"5.2 RSV1 on a continuation", join(frame(0x01, "a"), frame(0xC0, "b")), 1002, nil},
		{"5.2 opcode 3", frame(0x83, ""), 1002, nil},
		{"5.2 opcode 4", frame(0x84, "x"), 1002, nil},
		{"5.2 opcode 5", frame(0x85, ""), 1002, nil},
		{"5.2 opcode 6", frame(0x86, ""), 1002, nil},
		{"5.2 opcode 7", frame(0x87, "x"), 1002, nil},
		{"5.2 opcode 3, not final", frame(0x03, ""), 1002, nil},
		{"5.2 opcode B", frame(0x8B, ""), 1002, nil},
		{"5.2 opcode C", frame(0x8C, "x"), 1002, nil},
		{"5.2 opcode D", frame(0x8D, ""), 1002, nil},
		{"5.2 opcode E", frame(0x8E, ""), 1002, nil},
		{"5.2 opcode F", frame(0x8F, "x"), 1002, nil},
		{"5.2 length with its top bit", rawLength(0x81, 1<<63), 1002, nil},
		{"5.2 length of all ones", rawLength(0x81, ^uint64(0)), 1002, nil},
		{"5.2 length 2^63-1", rawLength(0x81, 1<<63-1), 1009, nil},
		{"5.2 top bit on binary", rawLength(0x82, 1<<63), 1002, nil},
		{"5.2 top bit on a continuation", join(frame(0x01, "a"), rawLength(0x80, 1<<63)), 1002, nil},
		{"5.2 top bit, after a good one", join(text("a"), rawLength(0x81, 1<<63)), 1002, []string{"a"}},
		{"5.2 longer length field than needed", []byte{0x81, 0xFE, 0, 1, 0, 0, 0, 0, 'x'}, 1000, []string{"x"}},

		{"5.4 two fragments", join(frame(0x01, "a"), frame(0x80, "b")), 1000, []string{"ab"}},
		{"5.4 three fragments", join(frame(0x01, "a"), frame(0x00, "b"), frame(0x80, "c")), 1000, []string{"abc"}},
		{"5.4 empty first fragment", join(frame(0x01, ""), frame(0x80, "b")), 1000, []string{"b"}},
		{"5.4 empty last fragment", join(frame(0x01, "a"), frame(0x80, "")), 1000, []string{"a"}},
		{"5.4 nothing but empty fragments", join(frame(0x01, ""), frame(0x00, ""), frame(0x80, "")), 1000, []string{""}},
		{"5.4 two fragmented messages", join(frame(0x01, "a"), frame(0x80, "b"), frame(0x01, "c"), frame(0x80, "d")), 1000, []string{"ab", "cd"}},
		{"5.4 ping between fragments", join(frame(0x01, "a"), frame(0x89, "p"), frame(0x80, "b")), 1000, []string{"ab"}},
		{"5.4 pong between fragments", join(frame(0x01, "a"), frame(0x8A, ""), frame(0x80, "b")), 1000, []string{"ab"}},
		{"5.4 close between fragments", join(frame(0x01, "a"), closing(1001, "")), 1001, nil},
		{"5.4 continuation of nothing", frame(0x80, "x"), 1002, nil},
		{"5.4 continuation of nothing, not final", frame(0x00, "x"), 1002, nil},
		{"5.4 continuation after the end", join(frame(0x01, "a"), frame(0x80, "b"), frame(0x80, "c")), 1002, []string{"ab"}},
		{"5.4 continuation after a whole text", join(text("a"), frame(0x80, "b")), 1002, []string{"a"}},
		{"5.4 text inside a message", join(frame(0x01, "a"), text("b")), 1002, nil},
		{"5.4 fragment inside a message", join(frame(0x01, "a"), frame(0x01, "b")), 1002, nil},
		{"5.4 binary inside a message", join(frame(0x01, "a"), frame(0x82, "b")), 1002, nil},
		{"5.4 fragments at the limit", join(frame(0x01, long[:4000]), frame(0x80, long[:96])), 1000, []string{long}},
		{"5.4 fragments over the limit", join(frame(0x01, long), frame(0x80, "x")), 1009, nil},
		{"5.4 claimed over the limit together", join(frame(0x01, long), maskedFrame(0x00, limit, "")), 1009, nil},
		{"5.4 as many fragments as allowed", fragments(8), 1000, []string{""}},
		{"5.4 more fragments than allowed", fragments(9), 1008, nil},

		{"5.5 ping", frame(0x89, ""), 1000, nil},
		{"5.5 ping of 125 bytes", frame(0x89, long[:125]), 1000, nil},
		{"5.5 ping of 126 bytes", frame(0x89, long[:126]), 1002, nil},
		{"5.5 ping with a 64-bit length", maskedFrame(0x89, 1<<20, ""), 1002, nil},
		{"5.5 pong of 126 bytes", frame(0x8A, long[:126]), 1002, nil},
		{"5.5 close of 126 bytes", frame(0x88, "\x03\xe8"+long[:124]), 1002, nil},
		{"5.5 fragmented ping", frame(0x09, "x"), 1002, nil},
		{"5.5 fragmented pong", frame(0x0A, ""), 1002, nil},
		{"5.5 fragmented close", frame(0x08, ""), 1002, nil},
		{"5.5 unasked pong", frame(0x8A, "x"), 1000, nil},
		{"5.5 ping after a close", join(closing(1000, ""), frame(0x89, "")), 1000, nil},
		{"5.5 text after a close", join(closing(1000, ""), text("a")), 1000, nil},
		{"5.5 bad frame after a close", join(closing(1000, ""), frame(0xF1, "")), 1000, nil},

		{"5.5.1 close without a code", frame(0x88, ""), 1000, nil},
		{"5.5.1 close of one byte", frame(0x88, "x"), 1002, nil},
		{"5.5.1 close with a reason", closing(1000, "bye"), 1000, nil},
		{"5.5.1 close with a reason of 123 bytes", closing(1000, long[:123]), 1000, nil},
		{"5.5.1 reason that is not UTF-8", closing(1000, "\xff"), 1007, nil},
		{"5.5.1 reason cut inside a character", closing(1000, "\xe2\x82"), 1007, nil},

		{"8.1 two-byte character", text("é"), 1000, []string{"é"}},
		{"8.1 three-byte character", text("€"), 1000, []string{"€"}},
		{"8.1 four-byte character", text("😀"), 1000, []string{"😀"}},
		{"8.1 NUL", text("\x00"), 1000, []string{"\x00"}},
		{"8.1 U+FFFF", text("\uffff"), 1000, []string{"\uffff"}},
		{"8.1 U+10FFFF", text("\U0010ffff"), 1000, []string{"\U0010ffff"}},
		{"8.1 over U+10FFFF", text("\xf4\x90\x80\x80"), 1007, nil},
		{"8.1 lone continuation byte", text("\x80"), 1007, nil},
		{"8.1 byte FF", text("a\xff"), 1007, nil},
		{"8.1 surrogate", text("\xed\xa0\x80"), 1007, nil},
		{"8.1 overlong slash", text("\xc0\xaf"), 1007, nil},
		{"8.1 overlong NUL", text("\xe0\x80\x80"), 1007, nil},
		{"8.1 cut character", text("\xe2\x82"), 1007, nil},
		{"8.1 character split over fragments", join(frame(0x01, "\xe2"), frame(0x80, "\x82\xac")), 1000, []string{"€"}},
		{"8.1 cut character in fragments", join(frame(0x01, "a"), frame(0x80, "\xe2\x82")), 1007, nil},
		{"8.1 bad, after a good one", join(text("a"), text("\xff")), 1007, []string{"a"}},
	}
	for code, want := range map[int]int{
		0: 1002, 1: 1002, 999: 1002, 1000: 1000, 1001: 1001, 1002: 1002, 1003: 1003, 1004: 1002, 1005: 1002,
		1006: 1002, 1007: 1007, 1008: 1008, 1009: 1009, 1010: 1010, 1011: 1011, 1012: 1012, 1013: 1013,
		1015: 1002, 1016: 1002, 1100: 1002, 2000: 1002, 2999: 1002, 3000: 3000, 3999: 3999, 4000: 4000,
		4999: 4999, 5000: 1002, 65535: 1002,
	} {
		cases = append(cases, struct {
			name     string
			send     []byte
			code     int
			messages []string
		}{"7.4 close code " + strconv.Itoa(code), closing(code, ""), want, nil})
	}
	if len(cases) < 60 {
		t.Fatalf("%d cases", len(cases))
	}
	r := start(t, Options{MaxMessage: limit, MaxFragments: 8})
	for _, pieces := range []string{"whole", "byte by byte"} {
		for _, tc := range cases {
			if pieces != "whole" && len(tc.send) > 300 {
				continue
			}
			t.Run(pieces+"/"+tc.name, func(t *testing.T) {
				p, rec := r.dial(t)
				all := join(tc.send, closing(1000, ""))
				if pieces == "whole" {
					_, _ = p.Write(all)
				} else {
					for i := range all {
						_, _ = p.Write(all[i : i+1])
					}
				}
				if got := p.closeCode(); got != tc.code {
					t.Errorf("the peer saw %d, want %d", got, tc.code)
				}
				want := tc.code
				if strings.HasSuffix(tc.name, "close without a code") {
					want = CloseNoStatus // the Handler hears what the peer said
				}
				if got := rec.closed(t); got != want {
					t.Errorf("the handler was told %d, want %d", got, want)
				}
				if got := rec.got(); !slices.Equal(got, tc.messages) {
					t.Errorf("messages %q, want %q", got, tc.messages)
				}
			})
		}
	}
}

// rawLength is the header of a frame that claims any 64-bit length, and its mask.
func rawLength(first byte, n uint64) []byte {
	b := []byte{first, 0xFF}
	for i := 56; i >= 0; i -= 8 {
		b = append(b, byte(n>>i))
	}
	return append(b, maskKey[:]...)
}

// fragments is a message of n empty frames.
func fragments(n int) []byte {
	b := frame(0x01, "")
	for range n - 2 {
		b = append(b, frame(0x00, "")...)
	}
	return append(b, frame(0x80, "")...)
}
