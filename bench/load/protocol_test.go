package load

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// listener counts messages, and keeps none.
type listener struct{ n int }

func (*listener) Open(*Conn)                   {}
func (l *listener) Frame(*Conn, []byte, int64) { l.n++ }
func (*listener) Closed(*Conn, error)          {}

// fed is a connection that is open, and not on any socket.
func fed(p Protocol, h Handler) *Conn {
	p.Begin(nil, "127.0.0.1:1")
	return &Conn{loop: &Loop{}, handler: h, protocol: p, state: open, wasOpen: true}
}

// text is a server's frame.
func text(payload string) string {
	if len(payload) > 125 {
		panic("a longer frame than this test needs")
	}
	return string([]byte{0x81, byte(len(payload))}) + payload
}

// What each protocol makes of bytes, however they are cut into reads.
func TestMessagesAreFoundHoweverTheyAreCut(t *testing.T) {
	type messages = []string
	for name, test := range map[string]struct {
		of       func() Protocol
		comes    string
		messages []string
		answers  string // without masks
	}{
		"websocket": {
			of:       func() Protocol { return &WebSocket{} },
			comes:    text("one") + text("") + text("two\nlines") + "\x01\x03fra" + "\x89\x00" + "\x80\x05gment",
			messages: messages{"one", "", "two\nlines", "fragment"},
			answers:  "\x8a\x80mask",
		},
		"websocket with lines and pings": {
			of:       func() Protocol { return &WebSocket{Lines: true, Ping: "{}", Pong: "{}"} },
			comes:    text("one\ntwo") + text("{}") + text("\nthree\n{}\nfour\n"),
			messages: messages{"one", "two", "three", "four"},
			answers:  "\x81\x82mask{}\x81\x82mask{}",
		},
		"websocket with a greeting": {
			of: func() Protocol {
				return &WebSocket{Ping: "{}", Pong: "{}", Greeting: func(m []byte) []byte { return append([]byte("hi "), m...) }}
			},
			comes:    text("{}") + text("one") + text("two"),
			messages: messages{"one", "two"},
			answers:  "\x81\x82mask{}\x81\x86maskhi one",
		},
		"redis": {
			of:    func() Protocol { return &Redis{} },
			comes: "%1\r\n+a\r\n*1\r\n_\r\n>2\r\n$1\r\na\r\n,1.5\r\n+PONG\r\n:12\r\n$5\r\na\r\nbc\r\n$-1\r\n$0\r\n\r\n*-1\r\n*0\r\n-ERR no\r\n*3\r\n$1\r\na\r\n*2\r\n:1\r\n+b\r\n$-1\r\n",
			messages: messages{
				"%1\r\n+a\r\n*1\r\n_\r\n", ">2\r\n$1\r\na\r\n,1.5\r\n", "+PONG\r\n", ":12\r\n", "$5\r\na\r\nbc\r\n", "$-1\r\n", "$0\r\n\r\n", "*-1\r\n", "*0\r\n", "-ERR no\r\n",
				"*3\r\n$1\r\na\r\n*2\r\n:1\r\n+b\r\n$-1\r\n",
			},
		},
		"nats": {
			of: func() Protocol { return &NATS{} },
			comes: "INFO {\"again\":true}\r\nMSG a 1 5\r\n1\r\n23\r\nPING\r\n+OK\r\nHMSG a.b 12 back 12 14\r\nNATS/1.0\r\n\r\nhi\r\n" +
				"PONG\r\nMSG a 1 0\r\n\r\n-ERR 'no'\r\n",
			messages: messages{"MSG a 1 5\r\n1\r\n23", "HMSG a.b 12 back 12 14\r\nNATS/1.0\r\n\r\nhi", "PONG", "MSG a 1 0\r\n", "-ERR 'no'"},
			answers:  "PONG\r\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for step := 1; step <= len(test.comes); step++ {
				r := &recorder{}
				p := test.of()
				c := fed(p, r)
				var rest []byte
				for from := 0; from < len(test.comes); from += step {
					rest = append(rest, test.comes[from:min(from+step, len(test.comes))]...)
					n, err := p.Read(c, rest, 1)
					if err != nil {
						t.Fatalf("%d bytes at a time: %v", step, err)
					}
					rest = rest[n:]
				}
				if !slices.Equal(r.frames, test.messages) || len(rest) > 0 {
					t.Fatalf("%d bytes at a time: %q and %q left, want %q", step, r.frames, rest, test.messages)
				}
				if got := unmasked(c.out); got != test.answers {
					t.Fatalf("%d bytes at a time: answered %q, want %q", step, got, test.answers)
				}
			}
		})
	}
}

// unmasked is what a client sends with "mask" for every mask; what is no frame stays as it is.
func unmasked(out []byte) string {
	var b strings.Builder
	for len(out) > 0 && out[0]&0x80 != 0 {
		n := int(out[1] & 0x7f)
		b.Write(out[:2])
		b.WriteString("mask")
		for i := range n {
			b.WriteByte(out[6+i] ^ out[2+i%4])
		}
		out = out[6+n:]
	}
	return b.String() + string(out)
}

func TestWhatIsNoMessageEndsTheConnection(t *testing.T) {
	for _, test := range []struct {
		of    Protocol
		comes string
		says  string
	}{
		{&Redis{}, "HTTP/1.1 400 Bad Request\r\n", "no value"},
		{&Redis{}, "$17000000\r\n", "over 16 MiB"},
		{&Redis{}, "$x\r\n", "no size"},
		{&Redis{}, "*1048577\r\n", "over 1048576 values"},
		{&Redis{}, "+" + strings.Repeat("x", maxLine+1), "without end"},
		{&Redis{}, "+no carriage return\n", "no value"},
		{&NATS{}, "MSG a 1 x\r\n", "no size"},
		{&NATS{}, "HMSG a 1 99999999999\r\n", "no size"},
		{&NATS{}, strings.Repeat("x", maxLine+1), "without end"},
	} {
		if _, err := test.of.Read(fed(test.of, &listener{}), []byte(test.comes), 1); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%T, %.30q: %v, want it to say %q", test.of, test.comes, err, test.says)
		}
	}
}

// The generator's own work is on every latency that it reports.
func TestNoMessageAllocates(t *testing.T) {
	const each = 64
	payload := strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		of            Protocol
		comes, leaves string
	}{
		"websocket":       {&WebSocket{}, text(payload), payload},
		"websocket lines": {&WebSocket{Lines: true, Ping: "{}"}, text(payload), payload},
		"redis":           {&Redis{}, ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$100\r\n" + payload + "\r\n", payload},
		"nats":            {&NATS{Inbox: "in.box"}, "MSG c 1 100\r\n" + payload + "\r\n", "REQ c\n" + payload},
	} {
		h := &listener{}
		c := fed(test.of, h)
		b, message := []byte(strings.Repeat(test.comes, each)), []byte(test.leaves)
		c.out = make([]byte, 0, 512)
		n := testing.AllocsPerRun(100, func() {
			if size, err := test.of.Read(c, b, 1); err != nil || size != len(b) {
				t.Fatalf("%s: read %d of %d, %v", name, size, len(b), err)
			}
			c.out = test.of.Append(c.out[:0], message)
		})
		if n > 0 || h.n != 101*each {
			t.Errorf("%s: %g allocations in %d messages; %d came", name, n, each, h.n)
		}
	}
}

// The server's own library knows its protocol.
func TestNATSWithItsServer(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not listen")
	}
	l, addr := newLoop(t), netip.MustParseAddrPort(s.Addr().String())
	asker, answerer := &recorder{}, &recorder{}
	answerer.reply = func(message string) string {
		if line, payload, ok := strings.Cut(message, "\r\n"); ok && strings.HasPrefix(line, "MSG ask 1 ") {
			return "PUB " + strings.Fields(line)[3] + "\nsame to you, " + payload
		}
		return ""
	}
	for r, p := range map[*recorder]*NATS{asker: {Inbox: "in.1"}, answerer: {}} {
		if _, err := l.Dial(addr, p, r); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, l, "open", func() bool { return l.Pending() == 0 })
	answerer.conn.Send([]byte("SUB ask"))
	wait(t, l, "subscribed", func() bool { return len(answerer.frames) == 2 })
	if !strings.HasPrefix(answerer.frames[0], "INFO {") || answerer.frames[1] != "PONG" {
		t.Fatalf("got %q", answerer.frames)
	}
	for i := range 3 {
		asker.conn.Send(fmt.Appendf(nil, "REQ ask\n%d", i))
	}
	wait(t, l, "the answers", func() bool { return len(asker.frames) == 4 })
	for i, got := range asker.frames[1:4] {
		if want := fmt.Sprintf("MSG in.1 1 14\r\nsame to you, %d", i); got != want {
			t.Errorf("answer %d is %q, want %q", i, got, want)
		}
	}
	asker.conn.Send([]byte("REQ nobody\nhears"))
	wait(t, l, "that nobody answers", func() bool { return len(asker.frames) == 5 })
	if got := asker.frames[4]; !strings.HasPrefix(got, "HMSG in.1 1 ") || !strings.Contains(got, "NATS/1.0 503") {
		t.Errorf("where nobody answers, it says %q", got)
	}
	asker.conn.Send([]byte("NONSENSE"))
	wait(t, l, "the end", func() bool { return asker.closed > 0 })
	if last := asker.frames[len(asker.frames)-1]; !strings.HasPrefix(last, "-ERR ") {
		t.Errorf("the server's last word is %q", last)
	}
}
