package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Redis is a [Protocol] as Redis has it, in version 3 of its wire format, with which a subscriber may do other
// things too. What is sent are commands, one or several in a message, as [AppendCommand] begins them; what
// comes is one value a message, as it stands: an answer, or what somebody has published. The first is the
// answer to HELLO, a map.
//
// Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
type Redis struct{}

// AppendCommand appends the head of a command of so many words; [AppendWord] follows for each, its name first.
func AppendCommand(dst []byte, words int) []byte {
	return append(strconv.AppendInt(append(dst, '*'), int64(words), 10), "\r\n"...)
}

// AppendWord appends a word of a command: any bytes.
func AppendWord[T ~string | ~[]byte](dst []byte, word T) []byte {
	dst = append(strconv.AppendInt(append(dst, '$'), int64(len(word)), 10), "\r\n"...)
	return append(append(dst, word...), "\r\n"...)
}

// Begin appends HELLO.
func (*Redis) Begin(dst []byte, _ string) []byte {
	return AppendWord(AppendWord(AppendCommand(dst, 2), "HELLO"), "3")
}

// Append appends commands.
func (*Redis) Append(dst, message []byte) []byte { return append(dst, message...) }

// Read takes values.
func (*Redis) Read(c *Conn, b []byte, at int64) (size int, err error) {
	for c.state != closed {
		n, err := valueSize(b[size:])
		if err != nil || n == 0 {
			return size, err
		}
		if !c.IsOpen() {
			c.Begun()
		}
		value := b[size : size+n]
		size += n
		c.Deliver(value, at)
	}
	return size, nil
}

// Bounds of what a server may claim to send, beside maxFrame.
const (
	maxLine   = 64 << 10
	maxValues = 1 << 20 // in one, with those inside it
)

var errLine = errors.New("load: the server sent a line without end")

// valueSize is the size of the value at the beginning of b, zero while it is not whole.
func valueSize(b []byte) (size int, err error) {
	seen := 0
	for left := 1; left > 0; left-- {
		if size >= len(b) {
			return 0, nil
		}
		end := bytes.IndexByte(b[size:], '\n')
		if end < 0 {
			if len(b)-size > maxLine {
				return 0, errLine
			}
			return 0, nil
		}
		line := b[size : size+end]
		size += end + 1
		if len(line) < 2 || line[len(line)-1] != '\r' {
			return 0, fmt.Errorf("load: %.40q is no value of Redis", line)
		}
		switch kind := line[0]; kind {
		case '+', '-', ':', '_', ',', '#', '(': // the line is all
		case '$', '=', '!', '*', '>', '~', '%':
			text := line[1 : len(line)-1]
			if string(text) == "-1" { // nothing
				continue
			}
			n, ok := decimal(text)
			if !ok || n > maxFrame {
				return 0, fmt.Errorf("load: %.40q is no size, or over 16 MiB", text)
			}
			switch kind {
			case '$', '=', '!': // as many bytes
				size += n + 2
				continue
			case '%': // as many pairs
				n *= 2
			}
			if left, seen = left+n, seen+n; seen > maxValues {
				return 0, fmt.Errorf("load: the server sent over %d values in one", maxValues)
			}
		default:
			return 0, fmt.Errorf("load: %.40q is no value of Redis", line)
		}
	}
	if size > len(b) {
		return 0, nil
	}
	return size, nil
}

// decimal reads a number of up to nine digits.
func decimal(text []byte) (n int, ok bool) {
	if len(text) == 0 || len(text) > 9 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}
