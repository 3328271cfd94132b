package acceptance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"dormouse/transport/schema/schematest"
)

// A response is an HTTP answer, read whole.
type response struct {
	status int
	header http.Header
	body   string
}

func (r response) String() string { return fmt.Sprintf("%d %s", r.status, strings.TrimSpace(r.body)) }

// backend keeps as many connections as there are publishers.
var backend = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// request asks and reads the answer. bearer may be empty.
func (s *server) request(ctx context.Context, method, address, bearer, body string) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := backend.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		s.asDescribed(described().Exchange(&schematest.Exchange{
			Method: method, Target: req.URL.RequestURI(), Body: []byte(body), Status: resp.StatusCode, Type: resp.Header.Get("Content-Type"), Answer: text,
		}))
	}
	return response{resp.StatusCode, resp.Header, string(text)}, err
}

func (s *server) get(ctx context.Context, address string) (response, error) {
	return s.request(ctx, http.MethodGet, address, "", "")
}

// publish is POST /publish with an API key.
func (s *server) publish(ctx context.Context, body string) (response, error) {
	return s.request(ctx, http.MethodPost, "http://"+s.addr+"/publish", apiKey, body)
}

// channels is GET /channels/… with an API key; path is escaped.
func (s *server) channels(ctx context.Context, path string) (response, error) {
	return s.request(ctx, http.MethodGet, "http://"+s.addr+"/channels/"+path, apiKey, "")
}

// asConnection is POST /connection/{verb} with the id and secret of a living connection.
func (s *server) asConnection(ctx context.Context, c *client, verb, body string) (response, error) {
	query := url.Values{"connectionId": {c.id}, "connectionSecret": {c.secret}}
	return s.request(ctx, http.MethodPost, "http://"+s.addr+"/connection/"+verb+"?"+query.Encode(), "", body)
}
