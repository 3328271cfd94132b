package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/cockroachdb/datadriven"
)

// called prints an answer over HTTP.
func called(resp response, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	return resp.String() + "\n"
}

// get asks as a backend.
func (p *play) get(t *testing.T, path string) string {
	t.Helper()
	resp, err := p.scene.server.request(t.Context(), "GET", "http://"+p.scene.server.addr+strings.TrimSpace(path), apiKey, "")
	return called(resp, err)
}

// invoke publishes as AWS's SDK does, and prints what it is answered.
func (p *play) invoke(t *testing.T, payload string) string {
	t.Helper()
	client := lambdaClient(p.scene.server, accessKey, accessSecret, "")
	out, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(publishFunction), Payload: []byte(payload)})
	if err != nil {
		return err.Error() + "\n"
	}
	return fmt.Sprintf("%d %s%s\n", out.StatusCode, bytes.TrimSpace(out.Payload), aws.ToString(out.FunctionError))
}

// later waits until the moment that $soon last named.
func (p *play) later(t *testing.T) {
	t.Helper()
	if p.soon.IsZero() {
		t.Fatal("nothing was said of $soon")
	}
	p.scene.wait(time.Until(p.soon))
}

// told prints the bodies of the webhooks for a channel, or for a connection, that came since it was last asked. It
// waits for as many as are expected; when transcripts are rewritten, until no more come.
func (p *play) told(t *testing.T, d *datadriven.TestData, name string) string {
	t.Helper()
	id := ""
	for known, of := range p.ids {
		if of == name {
			id = known
		}
	}
	of := func(calls []hookCall) (some []hookCall) {
		for _, c := range calls {
			var data struct{ ID string }
			if err := json.Unmarshal(c.event.Data, &data); err != nil {
				t.Errorf("%s: %v", c.body, err)
			}
			if c.event.DataType == "connection" && data.ID == id || id == "" && c.event.Metadata["channel"] == name {
				some = append(some, c)
			}
		}
		return some
	}
	from := p.seen[name]
	want := from + strings.Count(d.Expected, `{"source":`)
	if rewriting() {
		p.scene.wait(2 * quiet)
		want = len(of(p.hooks.all()))
	}
	calls := of(p.hooks.wait(t, func(calls []hookCall) bool { return len(of(calls)) >= want }))
	p.seen[name] = len(calls)
	var all strings.Builder
	for _, c := range calls[from:] {
		if c.bad != "" {
			t.Errorf("%s: %s", c.body, c.bad)
		}
		fmt.Fprintf(&all, "%s\n", p.settled(c.body, ""))
	}
	return all.String()
}

// What input may name.
var (
	tokenName   = regexp.MustCompile(`"\$(\w+)"`)
	soonName    = regexp.MustCompile(`at\(\$soon( [\w/]+)?\)`)
	messageName = regexp.MustCompile(`<message (\d+)>`)
	idName      = regexp.MustCompile(`<id of (\w+)>`)
)

// written puts tokens, moments and ids in the place of their names.
func (p *play) written(t *testing.T, text string) string {
	t.Helper()
	text = tokenName.ReplaceAllStringFunc(text, func(name string) string {
		token, ok := p.scene.vars[strings.Trim(name, `"$`)]
		if !ok {
			t.Fatalf("there is no token %s", name)
		}
		return `"` + token + `"`
	})
	text = soonName.ReplaceAllStringFunc(text, func(name string) string {
		zone, err := time.LoadLocation(strings.TrimSpace(soonName.FindStringSubmatch(name)[1]))
		if err != nil {
			t.Fatal(err)
		}
		p.soon = time.Now().Add(5 * time.Second).Truncate(time.Second)
		return at(p.soon.In(zone))
	})
	text = messageName.ReplaceAllStringFunc(text, func(name string) string {
		for i, id := range p.messages {
			if name == fmt.Sprintf("<message %d>", i+1) {
				return id
			}
		}
		t.Fatalf("there is no %s yet", name)
		return ""
	})
	return idName.ReplaceAllStringFunc(text, func(name string) string {
		for id, of := range p.ids {
			if name == "<id of "+of+">" {
				return id
			}
		}
		t.Fatalf("there is no %s yet", name)
		return ""
	})
}
