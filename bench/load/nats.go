package load

import (
	"bytes"
	"fmt"
	"strconv"
)

// NATS is a [Protocol] as a NATS server has it. What is sent is a line and, below it, what it carries:
//
//	SUB subject            subscribe; a PONG comes once that is done
//	PUB subject⏎payload    publish
//	REQ subject⏎payload    publish, and have the answer sent to Inbox
//
// The protocol adds what only it knows: sizes, numbers of subscriptions, the Inbox. What comes is as it
// stands on the wire, without the end of its line: the server's INFO as the first, MSG and HMSG with
// their payloads, PONG, -ERR. A PING is answered.
//
// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
type NATS struct {
	Inbox string // a subject that is no other client's; "": nothing is asked

	subscriptions int64
}

// Begin appends CONNECT, without a wish to hear what it publishes itself, and subscribes to the inbox.
func (n *NATS) Begin(dst []byte, _ string) []byte {
	dst = append(dst, `CONNECT {"verbose":false,"pedantic":false,"echo":false,"headers":true,"no_responders":true,"lang":"go","version":"1"}`+"\r\n"...)
	if n.Inbox != "" {
		dst = n.subscribe(append(dst, "SUB "...), n.Inbox)
	}
	return dst
}

// subscribe appends the rest of a SUB.
func (n *NATS) subscribe(dst []byte, subject string) []byte {
	n.subscriptions++
	dst = append(append(dst, subject...), ' ')
	return append(strconv.AppendInt(dst, n.subscriptions, 10), "\r\n"...)
}

// Append appends a command; one of another kind as it stands.
func (n *NATS) Append(dst, message []byte) []byte {
	line, payload, _ := bytes.Cut(message, newline)
	verb, subject, _ := bytes.Cut(line, space)
	switch string(verb) {
	case "SUB":
		return append(n.subscribe(append(dst, "SUB "...), string(subject)), "PING\r\n"...)
	case "PUB", "REQ":
		dst = append(append(append(dst, "PUB "...), subject...), ' ')
		if verb[0] == 'R' {
			dst = append(append(dst, n.Inbox...), ' ')
		}
		dst = append(strconv.AppendInt(dst, int64(len(payload)), 10), "\r\n"...)
		dst = append(dst, payload...)
	default:
		dst = append(dst, line...)
	}
	return append(dst, "\r\n"...)
}

var newline, space, pong = []byte("\n"), []byte(" "), []byte("PONG")

// Read takes lines, and payloads below them.
func (n *NATS) Read(c *Conn, b []byte, at int64) (size int, err error) {
	for c.state != closed {
		end := bytes.IndexByte(b[size:], '\n')
		if end < 0 {
			if len(b)-size > maxLine {
				err = errLine
			}
			return size, err
		}
		line := bytes.TrimSuffix(b[size:size+end], []byte("\r"))
		next := size + end + 1
		switch {
		case bytes.HasPrefix(line, []byte("MSG ")), bytes.HasPrefix(line, []byte("HMSG ")):
			carries, ok := decimal(line[bytes.LastIndexByte(line, ' ')+1:])
			if !ok || carries > maxFrame {
				return size, fmt.Errorf("load: %.100q has no size, or one over 16 MiB", line)
			}
			if next += carries + 2; next > len(b) {
				return size, nil
			}
			line = b[size : next-2]
		case string(line) == "PING":
			c.queue(n.Append(c.out, pong))
			line = nil
		case string(line) == "+OK":
			line = nil
		case bytes.HasPrefix(line, []byte("INFO ")):
			if c.IsOpen() {
				line = nil
			} else {
				c.Begun()
			}
		}
		size = next
		if line != nil {
			c.Deliver(line, at)
		}
	}
	return size, nil
}
