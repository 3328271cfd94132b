package peers

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/oklog/ulid/v2"
)

// backends are the connections on which backends call servers.
var backends = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: patience}

// apiKey is the key of backends.
func (h hotsock) apiKey() string {
	mac := hmac.New(sha256.New, h.secret)
	mac.Write([]byte("backends"))
	return hex.EncodeToString(mac.Sum(nil))
}

// call does one request of a backend. The answer must have the status want.
func (h hotsock) call(ctx context.Context, s *Server, method, target string, body []byte, want int) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.Addr.String()+target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+h.apiKey())
	resp, err := backends.Do(r)
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("peers: %s %s: %s: %.300s", method, target, resp.Status, answer)
	}
	return answer, err
}

// pageSize is how many messages a page has, unless it is the last one.
const pageSize = 100

var messageHead = []byte(`{"id":"`)

// Page finds the ids without decoding anything: the generator has no time for that.
func (h hotsock) Page(ctx context.Context, s *Server, channel, after string) (p Page, err error) {
	target := "/channels/" + url.PathEscape(channel) + "/messages"
	if after != "" {
		target += "?after=" + url.QueryEscape(after)
	}
	if p.Body, err = h.call(ctx, s, http.MethodGet, target, nil, http.StatusOK); err != nil {
		return p, err
	}
	for rest := p.Body; ; {
		at := bytes.Index(rest, messageHead)
		if at < 0 || len(rest) < at+len(messageHead)+ulid.EncodedSize {
			break
		}
		rest = rest[at+len(messageHead):]
		p.IDs = append(p.IDs, string(rest[:ulid.EncodedSize]))
	}
	p.Done = len(p.IDs) < pageSize
	return p, nil
}

// batchSize is how many messages one call publishes at most.
const batchSize = 1000

var resultError = []byte(`{"error":`)

func (h hotsock) Schedule(ctx context.Context, s *Server, at time.Time, channels []string, data func(dst []byte, i int) []byte) error {
	when := at.UTC().Format("2006-01-02T15:04:05")
	for from := 0; from < len(channels); from += batchSize {
		body := []byte(`{"messages":[`)
		for i, channel := range channels[from:min(from+batchSize, len(channels))] {
			if i > 0 {
				body = append(body, ',')
			}
			body = fmt.Appendf(body, `{"channel":%q,"event":"tick","store":-1,"scheduleExpression":"at(%s)","data":`, channel, when)
			body = append(data(body, from+i), '}')
		}
		answer, err := h.call(ctx, s, http.MethodPost, "/publish/batch", append(body, `]}`...), http.StatusOK)
		if err != nil {
			return err
		}
		if bad := bytes.Index(answer, resultError); bad >= 0 {
			return fmt.Errorf("peers: a schedule was refused: %.300s", answer[bad:])
		}
	}
	return nil
}

func (hotsock) Published(id string) (time.Time, error) {
	parsed, err := ulid.ParseStrict(id)
	if err != nil {
		return time.Time{}, fmt.Errorf("peers: the id %q: %w", id, err)
	}
	return ulid.Time(parsed.Time()), nil
}

func (h hotsock) Endpoint(address string) map[string]any {
	return map[string]any{"events.webhooks": []any{map[string]any{
		"name": "bench", "url": address, "secret": "whsec_" + base64.StdEncoding.EncodeToString(h.secret),
		"types": []string{"hotsock.messagePublished"}, "allow_private": true,
	}}}
}
