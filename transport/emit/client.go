package emit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"dormouse/actors/courier"
)

const (
	// maxAnswer is how much of an answer is read, so that its connection can be used again.
	maxAnswer = 64 << 10
	// maxAnswerHeader bounds an answer's headers, which net/http holds in memory.
	maxAnswerHeader = 16 << 10
	// maxRetryAfter is the longest wait that a receiver may ask for.
	maxRetryAfter = time.Hour
)

// ClientOptions say what a [Client] may do. Timeout is required.
type ClientOptions struct {
	// Timeout bounds a look-up of a name with the connection after it, and a TLS handshake. A request's own
	// bound is its context.
	Timeout time.Duration
	// AllowPrivate allows addresses of private networks; PrivateHint is what an error says to do where they
	// are not allowed.
	AllowPrivate bool
	PrivateHint  string
	// Dial makes connections in the place of the network, and of AllowPrivate. nil: the network is used.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	resolver *net.Resolver // tests give their own
}

// A Client makes requests to addresses that somebody else has chosen: it follows no redirect, uses no proxy of the
// environment, reads a bounded part of an answer, and refuses private networks unless told otherwise.
type Client struct{ http http.Client }

// NewClient returns a client. It connects when there is something to send.
func NewClient(o ClientOptions) *Client {
	dial := o.Dial
	if dial == nil {
		dialer := &net.Dialer{Timeout: o.Timeout, Resolver: o.resolver}
		if !o.AllowPrivate {
			dialer.Control = guard(o.PrivateHint)
		}
		dial = dialer.DialContext
	}
	return &Client{http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // one would make the connections that the guard refuses
			DialContext:            dial,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    o.Timeout,
			MaxIdleConns:           1024,
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxAnswerHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Send makes a request, until its context ends. Any status from 200 to 299 is a yes, unless judge, which may be nil,
// finds an error in such an answer's status and headers.
//
// Errors: what judge returns; *courier.Refusal for any other status; else that there was no answer, in words
// without the URL.
func (c *Client) Send(req *http.Request, judge func(*http.Response) error) error {
	resp, err := c.http.Do(req)
	if err != nil {
		return shorten(err)
	}
	defer resp.Body.Close()
	// What the status said stands, however the rest of the answer ends.
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	switch {
	case resp.StatusCode < 200 || resp.StatusCode >= 300:
		return refused(resp)
	case judge != nil:
		return judge(resp)
	}
	return nil
}

// refused turns an answer that is no yes into what follows from it.
func refused(resp *http.Response) error {
	r := &courier.Refusal{Reason: fmt.Sprintf("status %d", resp.StatusCode)}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		r.Picky = true // it has read the event, and does not want this one
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		r.After = retryAfter(resp.Header.Get("Retry-After"))
	default:
		if resp.StatusCode >= 300 && resp.StatusCode < 400 {
			r.Reason += ": redirects are not followed; configure the address that answers"
		}
	}
	return r
}

// retryAfter reads seconds, or a date.
func retryAfter(text string) time.Duration {
	var wait time.Duration
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		wait = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// shorten leaves the URL out of an error: it may be as good as a secret.
func shorten(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}
