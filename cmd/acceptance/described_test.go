package acceptance

import (
	"strings"
	"sync"
	"testing"

	"dormouse/transport/schema"
	"dormouse/transport/schema/schematest"
)

// described holds what goes over the wire against the server's own documents. Calls by [server.request], what
// a [client] reads, what scripts send that is not refused, and webhooks pass through it.
var described = sync.OnceValue(func() *schematest.Checker {
	return must(schematest.New(schema.OpenAPI(), schema.AsyncAPI()))
})

// asDescribed fails the test for what the documents do not say. A build that was made to fail may do what it
// likes.
func (s *server) asDescribed(err error) {
	if err != nil && s.build == program {
		s.t.Errorf("not as the documents say: %v", err)
	}
}

// judge holds the frames that were sent before this answer against the documents, unless it is a refusal.
func (c *client) judge(answer []byte) {
	c.t.Helper()
	for _, frame := range c.unjudged {
		if err := described().Sent([]byte(frame)); err != nil && !strings.Contains(string(answer), `"event":"hotsock.error"`) {
			c.t.Errorf("%s: not as the documents say: %v", c.name, err)
		}
	}
	c.unjudged = nil
}

// TestServedDocuments: the server has the documents that everything is held against, and its own pages lead to
// them.
func TestServedDocuments(t *testing.T) {
	s := serve(t, defaults())
	for path, want := range map[string][]byte{"/docs/openapi.json": schema.OpenAPI(), "/docs/asyncapi.json": schema.AsyncAPI()} {
		resp, err := s.get(t.Context(), "http://"+s.addr+path)
		if err != nil || resp.status != 200 || resp.body != string(want) || resp.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v, %d %v", path, err, resp.status, resp.header)
		}
	}
	resp, err := s.get(t.Context(), "http://"+s.addr+"/docs/http")
	if err != nil || !strings.Contains(resp.body, `href="openapi.json"`) {
		t.Errorf("the page of the HTTP APIs leads nowhere: %v", err)
	}
}
