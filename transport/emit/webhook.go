package emit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"dormouse/actors/courier"
)

// DefaultTimeout bounds one request, from the look-up of the name to the end of the answer.
const DefaultTimeout = 5 * time.Second

// WebhookOptions are one webhook. URL and Secrets are required.
type WebhookOptions struct {
	// Name is as courier.Emitter's. Default: the host, and a hash of the URL.
	Name string
	// URL is where events are posted: https, or http with AllowPrivate.
	URL string
	// Secrets sign every request, one signature each.
	Secrets []Secret
	Filter
	// Format of the body. Default FormatHotsock.
	Format Format
	// AllowPrivate allows addresses of private networks, and plain HTTP.
	AllowPrivate bool
	// Timeout of one request. Default DefaultTimeout.
	Timeout time.Duration
	// Version is the server's, for the User-Agent.
	Version string

	resolver *net.Resolver // tests give their own
}

// EnsureDefaults fills in what is zero.
func (o *WebhookOptions) EnsureDefaults() {
	if o.Format == "" {
		o.Format = FormatHotsock
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if u, err := url.Parse(o.URL); o.Name == "" && err == nil {
		// The URL may be as good as a secret, and whoever has another URL is another endpoint.
		o.Name = fmt.Sprintf("%s-%x", u.Hostname(), sha256.Sum256([]byte(o.URL)))[:len(u.Hostname())+1+8]
	}
}

// Validate names everything that is wrong, in the words of the configuration's file.
func (o *WebhookOptions) Validate() error {
	var errs []error
	u, err := url.Parse(o.URL)
	switch {
	case o.URL == "":
		errs = append(errs, errors.New("url is missing: where events are posted, such as https://example.com/events"))
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		errs = append(errs, errors.New("url is no address: write https://host/path"))
	case u.User != nil:
		errs = append(errs, errors.New("url has a user: requests are signed, leave it out"))
	case u.Scheme == "http" && !o.AllowPrivate:
		errs = append(errs, errors.New("url is plain HTTP, which others on the way can read: use https, or allow_private: true within a network of your own"))
	}
	if len(o.Secrets) == 0 {
		errs = append(errs, errors.New("secret is missing: 24 bytes or more that the receiver checks signatures with"))
	}
	if !slices.Contains(Formats, o.Format) {
		errs = append(errs, fmt.Errorf("format %q is none of %v", o.Format, Formats))
	}
	if o.Timeout < 0 {
		errs = append(errs, errors.New("timeout must not be negative"))
	}
	return errors.Join(append(errs, o.Filter.Validate())...)
}

// A Webhook posts events to one URL.
type Webhook struct {
	o      WebhookOptions
	client *Client
}

var _ courier.Emitter = (*Webhook)(nil)

// NewWebhook returns a webhook. It connects when there is something to tell.
//
// Errors: what [WebhookOptions.Validate] says.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, err
	}
	client := NewClient(ClientOptions{
		Timeout: o.Timeout, AllowPrivate: o.AllowPrivate, PrivateHint: "set allow_private if it is meant", resolver: o.resolver,
	})
	return &Webhook{o: o, client: client}, nil
}

// Name implements courier.Emitter.
func (w *Webhook) Name() string { return w.o.Name }

// Wants implements courier.Emitter.
func (w *Webhook) Wants(eventType, dataType, channel string) bool {
	return w.o.Wants(eventType, dataType, channel)
}

// Close lets idle connections go.
func (w *Webhook) Close() { w.client.Close() }

// Emit implements courier.Emitter: it posts e, and any status from 200 to 299 is a yes.
func (w *Webhook) Emit(ctx context.Context, e *courier.Event) error {
	ctx, cancel := context.WithTimeout(ctx, w.o.Timeout)
	defer cancel()
	req, err := w.request(ctx, e)
	if err != nil {
		return err
	}
	return w.client.Send(req, nil)
}

func (w *Webhook) request(ctx context.Context, e *courier.Event) (*http.Request, error) {
	body := w.o.Format.append(nil, e)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.o.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	id, timestamp := e.ID.String(), strconv.FormatInt(time.Now().Unix(), 10)
	h := req.Header
	h.Set("Content-Type", w.o.Format.contentType())
	h.Set("User-Agent", "Dormouse/"+w.o.Version)
	// As Standard Webhooks spells them; they are HTTP's headers, whose case does not matter.
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", sign(w.o.Secrets, id, timestamp, body))
	if w.o.Format == FormatSNS {
		h.Set("X-Amz-Sns-Message-Type", "Notification")
		h.Set("X-Amz-Sns-Topic-Arn", noTopic)
	}
	return req, nil
}
