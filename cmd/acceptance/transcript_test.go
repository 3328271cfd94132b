package acceptance

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts plays the conversations in testdata, each with a server of its own, and compares every byte
// that comes back.
//
//	token NAME        claims, whose exp is put in a minute from now; in what is sent, $NAME is the signed token
//	connect A NAME    opens the connection A with that token
//	say               sends the input, each line as "A > frame"
//	publish           posts the input to /publish, as a backend
//	leave A           closes the connection A
//
// All but token print what each connection is then told, "A < frame", A's before B's. What differs from one
// run to the next is written as it is found: <id of A> and <secret of A> of connections, <message 1>, and
// <second> for a moment. Nothing else is replaced.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := &play{scene: newScene(t, serve(t, defaults()))}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return p.run(t, d)
		})
		p.silence(t)
	})
}

// A play is one conversation.
type play struct {
	scene    *scene
	names    []string // of the connections that are open, sorted
	messages []string // ids, in the order in which they were first seen
}

func (p *play) run(t *testing.T, d *datadriven.TestData) string {
	s, out := p.scene, ""
	name := func(i int) string {
		if i >= len(d.CmdArgs) {
			d.Fatalf(t, "%s wants more names", d.Cmd)
		}
		return d.CmdArgs[i].Key
	}
	switch d.Cmd {
	case "token":
		s.vars[name(0)] = hs256.sign(inAMinute(t, d.Input))
		return "ok"
	case "connect":
		conn, err := s.server.dial(t.Context(), "/v1?token="+s.vars[name(1)])
		if err != nil {
			return err.Error()
		}
		s.clients[name(0)] = newClient(s.t, s.tr, name(0), conn)
		p.names = append(p.names, name(0))
		slices.Sort(p.names)
	case "say":
		for line := range strings.Lines(d.Input) {
			who, frame, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " > ")
			if !ok || s.clients[who] == nil {
				d.Fatalf(t, "%q is no line of a transcript", line)
			}
			s.clients[who].send(p.signed(frame))
		}
	case "publish":
		resp, err := s.server.publish(t.Context(), d.Input)
		if err != nil {
			return err.Error()
		}
		out = resp.String() + "\n"
	case "leave":
		s.clients[name(0)].cut()
		p.names = slices.DeleteFunc(p.names, func(other string) bool { return other == name(0) })
	default:
		d.Fatalf(t, "there is no command %q", d.Cmd)
	}
	return out + p.heard(d.Expected)
}

// inAMinute puts a new exp in the place of the one in claims.
func inAMinute(t *testing.T, text string) string {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatalf("no JSON: %s", text)
	}
	return exp.ReplaceAllString(text, fmt.Sprintf(`"exp": %d`, in(patience*3)))
}

var (
	exp       = regexp.MustCompile(`"exp": ?\d+`)
	tokenName = regexp.MustCompile(`"\$(\w+)"`)
)

// signed puts tokens in the place of their names.
func (p *play) signed(frame string) string {
	return tokenName.ReplaceAllStringFunc(frame, func(name string) string {
		return `"` + p.scene.vars[strings.Trim(name, `"$`)] + `"`
	})
}

// heard returns what the connections are told. It waits for as many frames of each as are expected, and for
// silence where none is; what comes too late for that is found by the next command, or at the end. When
// transcripts are rewritten it waits for silence each time.
func (p *play) heard(expected string) string {
	var all strings.Builder
	for i, name := range p.names {
		want, wait := strings.Count("\n"+expected, "\n"+name+" < "), quiet
		if !rewriting() && (i > 0 || strings.Contains(expected, " < ")) {
			wait = 0
		}
		for n := 0; ; n++ {
			patiently := wait
			if n < want {
				patiently = patience
			}
			frame, err := p.scene.clients[name].next(patiently)
			if errors.Is(err, errSilence) {
				break
			}
			if err != nil {
				fmt.Fprintf(&all, "%s ends: %v\n", name, err)
				break
			}
			fmt.Fprintf(&all, "%s < %s\n", name, p.settled(frame, name))
		}
	}
	return all.String()
}

func rewriting() bool {
	f := flag.Lookup("rewrite")
	return f != nil && f.Value.String() == "true"
}

// silence holds if nobody is told more than was looked at.
func (p *play) silence(t *testing.T) {
	t.Helper()
	for _, name := range p.names {
		if frame, err := p.scene.clients[name].next(quiet); !errors.Is(err, errSilence) {
			t.Errorf("%s is told more: %s %v", name, frame, err)
		}
	}
}

// What differs from one run to the next.
var (
	connectionID = regexp.MustCompile(`"connectionId":"[\w-]{15}="`)
	secretMember = regexp.MustCompile(`"connectionSecret":"[0-9A-Za-z]{20}"`)
	expiresAt    = regexp.MustCompile(`"connectionExpiresAt":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`)
	messageID    = regexp.MustCompile(`"(id|messageId)":"([0-7][0-9A-HJKMNP-TV-Z]{25})"`)
)

func (p *play) settled(frame []byte, name string) []byte {
	frame = connectionID.ReplaceAll(frame, []byte(`"connectionId":"<id of `+name+`>"`))
	frame = secretMember.ReplaceAll(frame, []byte(`"connectionSecret":"<secret of `+name+`>"`))
	frame = expiresAt.ReplaceAll(frame, []byte(`"connectionExpiresAt":"<second>"`))
	return messageID.ReplaceAllFunc(frame, func(member []byte) []byte {
		parts := messageID.FindSubmatch(member)
		i := slices.Index(p.messages, string(parts[2]))
		if i < 0 {
			i = len(p.messages)
			p.messages = append(p.messages, string(parts[2]))
		}
		return fmt.Appendf(nil, `"%s":"<message %d>"`, parts[1], i+1)
	})
}
