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
	"time"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts plays the conversations in testdata, each with a server of its own, and compares every byte
// that comes back. Those in testdata/documented are the examples of Hotsock's documentation, with its names and
// values, page by page.
//
//	token NAME        claims, whose exp is put in a minute from now, and scheduleBefore in an hour
//	connect A NAME    opens the connection A with that token
//	say               sends the input, each line as "A > frame"
//	publish           posts the input to /publish, as a backend
//	invoke            publishes the input with AWS's SDK
//	get               asks for a path, as a backend
//	call A VERB       posts the input to /connection/VERB with the secret of A
//	later             waits for the moment that $soon named
//	events NAME       prints what backends were told of a channel, or of a connection by its name here
//	leave A           closes the connection A
//
// In what is sent, "$NAME" is the signed token, at($soon) a moment in some seconds in UTC, at($soon ZONE) the
// same elsewhere, and <message 1> and <id of A> are what was printed so.
//
// All but token print what each connection is then told, "A < frame", A's before B's. What differs from one
// run to the next is written as it is found: <id of A> and <secret of A> of connections, <message 1>, <schedule> and
// <request> for their ids, <version> of the server, and <second>, <millisecond> or <nanosecond> for a moment, by how
// exact it is. Nothing else is replaced.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Parallel()
		h := newHooks(t, nil)
		p := &play{
			scene: newScene(t, serve(t, defaults().with(lambdaSettings()).with(h.settings()))),
			hooks: h, seen: map[string]int{}, ids: map[string]string{},
		}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return p.run(t, d)
		})
		p.silence(t)
	})
}

// A play is one conversation.
type play struct {
	scene    *scene
	names    []string          // of the connections that are open, sorted
	messages []string          // ids, in the order in which they were first seen
	ids      map[string]string // of connections, with their names
	soon     time.Time         // that was named last

	hooks *hooks
	seen  map[string]int // by channel or connection: how many events were printed
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
		s.vars[name(0)] = hs256.sign(inAMinute(t, p.written(t, d.Input)))
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
			s.clients[who].send(p.written(t, frame))
		}
	case "publish":
		out = called(s.server.publish(t.Context(), p.written(t, d.Input)))
	case "invoke":
		out = p.invoke(t, p.written(t, d.Input))
	case "get":
		out = p.get(t, d.Input)
	case "call":
		out = called(s.server.asConnection(t.Context(), s.clients[name(0)], name(1), p.written(t, d.Input)))
	case "later":
		p.later(t)
	case "events":
		return p.told(t, d, name(0))
	case "leave":
		s.clients[name(0)].cut()
		p.names = slices.DeleteFunc(p.names, func(other string) bool { return other == name(0) })
	default:
		d.Fatalf(t, "there is no command %q", d.Cmd)
	}
	// What was told may have ids that are in the answer too, which is printed first.
	return string(p.settled([]byte(out), "")) + p.heard(d.Expected)
}

// inAMinute puts a new exp in the place of the one in claims, and makes scheduleBefore reach an hour.
func inAMinute(t *testing.T, text string) string {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatalf("no JSON: %s", text)
	}
	text = scheduleBefore.ReplaceAllString(text, fmt.Sprintf(`"scheduleBefore": %d`, in(time.Hour)))
	return exp.ReplaceAllString(text, fmt.Sprintf(`"exp": %d`, in(patience*3)))
}

var (
	exp            = regexp.MustCompile(`"exp": ?\d+`)
	scheduleBefore = regexp.MustCompile(`"scheduleBefore": ?\d+`)
)

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
	connectionID = regexp.MustCompile(`"[\w-]{15}="`)
	greeting     = regexp.MustCompile(`^{"event":"hotsock.connected","data":{"connectionId":"([\w-]{15}=)"`)
	messageID    = regexp.MustCompile(`"(id|messageId)":"([0-7][0-9A-HJKMNP-TV-Z]{25})"`)

	unsettled = []struct {
		found *regexp.Regexp
		as    string
	}{
		{regexp.MustCompile(`"(connectionExpiresAt|expiresAt)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"`), `"$1":"<second>"`},
		{regexp.MustCompile(`"(createdAt)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`), `"$1":"<millisecond>"`},
		{regexp.MustCompile(`"(connectedAt|disconnectedAt)":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"`), `"$1":"<nanosecond>"`},
		{regexp.MustCompile(`"(requestId)":"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"`), `"$1":"<request>"`},
		{regexp.MustCompile(`"(serverVersion)":"[^"]+"`), `"$1":"<version>"`},
		{regexp.MustCompile(`("scheduleArn":"[^"]*/)[0-7][0-9A-HJKMNP-TV-Z]{25}"`), `$1<schedule>"`},
	}
)

// settled is what was found, with names for what differs. name is who was told, "" if nobody in particular.
func (p *play) settled(found []byte, name string) []byte {
	if m := greeting.FindSubmatch(found); m != nil {
		p.ids[string(m[1])] = name
		c := p.scene.clients[name]
		c.id, c.secret = string(m[1]), string(secretMember.FindSubmatch(found)[1])
		found = secretMember.ReplaceAll(found, []byte(`"connectionSecret":"<secret of `+name+`>"`))
	}
	found = connectionID.ReplaceAllFunc(found, func(id []byte) []byte {
		if of := p.ids[strings.Trim(string(id), `"`)]; of != "" {
			return []byte(`"<id of ` + of + `>"`)
		}
		return id
	})
	for _, u := range unsettled {
		found = u.found.ReplaceAll(found, []byte(u.as))
	}
	return messageID.ReplaceAllFunc(found, func(member []byte) []byte {
		parts := messageID.FindSubmatch(member)
		i := slices.Index(p.messages, string(parts[2]))
		if i < 0 {
			i = len(p.messages)
			p.messages = append(p.messages, string(parts[2]))
		}
		return fmt.Appendf(nil, `"%s":"<message %d>"`, parts[1], i+1)
	})
}

// secretMember is the secret in a greeting.
var secretMember = regexp.MustCompile(`"connectionSecret":"([0-9A-Za-z]{20})"`)
