package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/coder/websocket"
)

const hotsockEvents, pusherEvents = "hotsock.", "pusher:"

// A docsClient is one WebSocket of a page.
type docsClient struct {
	d        *docsPage
	name     string
	protocol string // what its events begin with
	conn     *websocket.Conn
}

// frames plays a transcript.
func (d *docsPage) frames(text string) {
	lines := joinLines(text)
	for i, line := range lines {
		d.t.Log(line)
		name, what, _ := strings.Cut(line, " ")
		verb, rest, _ := strings.Cut(what, " ")
		if verb == "connects" {
			if key, ok := strings.CutPrefix(rest, "to "); ok {
				d.connectsTo(name, key)
				continue
			}
			shown := i+1 < len(lines) && strings.HasPrefix(lines[i+1], name+" < ") && strings.Contains(lines[i+1], "hotsock.connected")
			d.connects(name, strings.TrimPrefix(rest, "with "), shown)
			continue
		}
		c := d.clients[name]
		if c == nil {
			d.t.Fatalf("nobody is called %q in %q", name, line)
		}
		switch {
		case verb == ">":
			frame := d.replace(rest)
			if refused := i+1 < len(lines) && strings.HasPrefix(lines[i+1], name+" < ") && strings.Contains(lines[i+1], "hotsock.error"); !refused && c.protocol == hotsockEvents {
				if err := d.checker.Sent([]byte(frame)); err != nil {
					d.t.Error(err)
				}
			}
			c.send(frame)
		case verb == "<":
			d.expect(c, rest)
		case what == "leaves":
			_ = c.conn.Close(websocket.StatusNormalClosure, "") // the server's answer does not matter here
			delete(d.clients, name)
		case what == "is cut":
			_ = c.conn.CloseNow() // as a network does
			delete(d.clients, name)
		case strings.HasPrefix(what, "is closed with "):
			d.closed(c, strings.TrimPrefix(what, "is closed with "))
			delete(d.clients, name)
		default:
			d.t.Fatalf("%q is no line of a transcript", line)
		}
	}
}

// joinLines puts lines that begin with a space behind those before them.
func joinLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") && len(lines) > 0 {
			lines[len(lines)-1] += " " + strings.TrimSpace(line)
		} else if line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// connects opens a connection. Its greeting is taken here unless the page shows it.
func (d *docsPage) connects(name, token string, shown bool) {
	if token == "" {
		token = name
	}
	signed := d.vars[token]
	if signed == "" {
		d.t.Fatalf("no token is called %q", token)
	}
	target, err := socketURL("http://"+d.server.Addr(), signed)
	if err != nil {
		d.t.Fatal(err)
	}
	conn, err := dial(d.t.Context(), target)
	if err != nil {
		d.t.Fatalf("%s connects: %v", name, err)
	}
	conn.SetReadLimit(-1)
	d.clients[name] = &docsClient{d, name, hotsockEvents, conn}
	if !shown {
		for _, bound := range []string{"connectionId", "connectionSecret"} {
			delete(d.vars, bound)
		}
		d.expect(d.clients[name], `{"event":"hotsock.connected","data":{"connectionId":"$connectionId",
			"connectionSecret":"$connectionSecret","…":"…"},"…":"…"}`)
	}
}

// connectsTo opens a connection to the app with a key. The page shows its greeting.
func (d *docsPage) connectsTo(name, key string) {
	conn, err := dial(d.t.Context(), &url.URL{Scheme: "ws", Host: d.server.Addr(), Path: "/app/" + key, RawQuery: "protocol=7"})
	if err != nil {
		d.t.Fatalf("%s connects: %v", name, err)
	}
	d.clients[name] = &docsClient{d, name, pusherEvents, conn}
}

func (c *docsClient) send(frame string) {
	c.d.t.Helper()
	ctx, cancel := context.WithTimeout(c.d.t.Context(), patience)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		c.d.t.Fatalf("%s sends: %v", c.name, err)
	}
}

// expect takes the next frame, which must be the one that is shown.
func (d *docsPage) expect(c *docsClient, shown string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	_, frame, err := c.conn.Read(ctx)
	if err != nil {
		d.t.Fatalf("%s: %v\nshown  %s", c.name, err, shown)
	}
	if c.protocol == hotsockEvents {
		if err := d.checker.Told(frame); err != nil {
			d.t.Error(err)
		}
	}
	if err := d.match(shown, string(frame)); err != nil {
		d.t.Fatalf("%s gets  %s\nshown  %s\n%v", c.name, frame, shown, err)
	}
}

// closed waits for the server to close a connection with a code, and takes no frame before that.
func (d *docsPage) closed(c *docsClient, code string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	_, frame, err := c.conn.Read(ctx)
	if got := strconv.Itoa(int(websocket.CloseStatus(err))); got != code {
		d.t.Fatalf("%s is closed with %s, shown %s: %v, %s", c.name, got, code, err, frame)
	}
}

var docsName = regexp.MustCompile(`\$[A-Za-z]+`)

// replace puts in the place of each name what it stands for.
func (d *docsPage) replace(frame string) string {
	return docsName.ReplaceAllStringFunc(frame, func(name string) string {
		value, ok := d.vars[name[1:]]
		if !ok {
			d.t.Fatalf("%s stands for nothing in %s", name, frame)
		}
		return value
	})
}

// match compares JSON with JSON in which some texts stand for more than themselves.
func (d *docsPage) match(shown, got string) error {
	want, err := docsJSON(shown)
	if err != nil {
		return fmt.Errorf("what is shown: %w", err)
	}
	value, err := docsJSON(got)
	if err != nil {
		return err
	}
	return d.compare("", want, value)
}

func docsJSON(text string) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return value, err
}

func (d *docsPage) compare(at string, want, got any) error {
	differ := func() error { return fmt.Errorf("at %q: %v, shown %v", at, got, want) }
	switch want := want.(type) {
	case map[string]any:
		members, ok := got.(map[string]any)
		_, others := want["…"]
		if !ok || !others && len(members) != len(want) {
			return differ()
		}
		for name, value := range want {
			if name == "…" {
				continue
			}
			member, ok := members[name]
			if !ok {
				return fmt.Errorf("at %q: no %s", at, name)
			}
			if err := d.compare(at+"."+name, value, member); err != nil {
				return err
			}
		}
	case []any:
		items, ok := got.([]any)
		if !ok || len(items) != len(want) {
			return differ()
		}
		for i := range want {
			if err := d.compare(fmt.Sprintf("%s[%d]", at, i), want[i], items[i]); err != nil {
				return err
			}
		}
	case string:
		text, isText := got.(string)
		switch name := strings.TrimPrefix(want, "$"); {
		case want == "…":
		case name != want && d.vars[name] == "" && isText:
			d.vars[name] = text
		case name != want && text == d.vars[name]:
		case isText && isObject(want) && isObject(text):
			return d.match(want, text)
		case isText && regexp.MustCompile(`^`+pattern(want)+`$`).MatchString(text):
		default:
			return differ()
		}
	default:
		if want != got {
			return differ()
		}
	}
	return nil
}

// isObject says whether a text is a JSON object, as it is where Pusher's protocol has data.
func isObject(text string) bool { return strings.HasPrefix(text, "{") && json.Valid([]byte(text)) }
