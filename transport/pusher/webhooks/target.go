package webhooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/transport/emit"
	"dormouse/transport/sigv4"
)

// matches says whether a webhook's filter lets a channel pass.
func matches(w *claims.Webhook, channel string) bool {
	return strings.HasPrefix(channel, w.ChannelNameStartsWith) && strings.HasSuffix(channel, w.ChannelNameEndsWith)
}

// label tells webhooks apart in logs. The rest of a URL may be as good as a secret.
func label(w *claims.Webhook) string {
	if w.URL == "" {
		return "lambda:" + w.Lambda.Function
	}
	if u, err := url.Parse(w.URL); err == nil {
		return u.Host
	}
	return "?" // no app has such a URL
}

// A sender makes the requests.
type sender struct {
	client  *emit.Client
	version string
	account func() (*sigv4.Account, error) // the server's own, found at the first function that needs it
}

func newSender(o *Options) *sender {
	return &sender{
		client: emit.NewClient(emit.ClientOptions{
			Timeout: o.Timeout, AllowPrivate: !o.DenyPrivate, PrivateHint: "the server denies them to webhooks", Dial: o.dial,
		}),
		version: o.Version,
		account: sync.OnceValues(sigv4.OpenAccount),
	}
}

// send makes one attempt, which ends with ctx.
func (s *sender) send(ctx context.Context, p *parcel) outcome {
	body := p.body()
	headers := p.headers(body, s.version)
	var err error
	if p.hook.URL != "" {
		err = s.post(ctx, p.hook.URL, body, headers)
	} else {
		err = s.invoke(ctx, p.hook.Lambda, invocation(body, headers))
	}
	x := outcome{err: err}
	if r := (*courier.Refusal)(nil); errors.As(err, &r) {
		x.picky, x.after = r.Picky, r.After
	}
	return x
}

func (s *sender) post(ctx context.Context, to string, body []byte, headers []header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's URL cannot be used") // err has it
	}
	for _, h := range headers {
		if strings.EqualFold(h.name, "Host") {
			req.Host = h.value
			continue
		}
		req.Header.Set(h.name, h.value)
	}
	return s.client.Send(req, nil)
}

// regions are names that can stand in a host's; there is none with anything else.
var regions = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// invoke hands a payload to a function. It has it when the function has returned, or with Async when it is queued.
//
// Source: AWS Lambda API, Invoke.
func (s *sender) invoke(ctx context.Context, to *claims.LambdaTarget, payload []byte) error {
	credentials, base, err := s.access(ctx, to)
	if err != nil {
		return err
	}
	// SDKs escape the colons of ARNs too.
	path := "/2015-03-31/functions/" + strings.ReplaceAll(url.PathEscape(to.Function), ":", "%3A") + "/invocations"
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("the function's endpoint is no http or https address")
	}
	at := u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/") + path
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(payload))
	if err != nil {
		return errors.New("the function's endpoint or name cannot be used")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Amz-Invocation-Type", "RequestResponse")
	if to.Async {
		req.Header.Set("X-Amz-Invocation-Type", "Event")
	}
	if err := sigv4.Sign(ctx, req, payload, credentials, "lambda", to.Region, time.Now()); err != nil {
		return fmt.Errorf("sign for AWS: %w", err)
	}
	return s.client.Send(req, func(resp *http.Response) error {
		if kind := resp.Header.Get("X-Amz-Function-Error"); kind != "" {
			return fmt.Errorf("the function has failed: %.60s", kind)
		}
		return nil
	})
}

// access says with which credentials a function is invoked, and where: those of the webhook, else the server's own.
func (s *sender) access(ctx context.Context, to *claims.LambdaTarget) (c sigv4.Credentials, base string, err error) {
	c = sigv4.Credentials{Key: sigv4.Key{ID: to.AccessKeyID, Secret: to.SecretAccessKey}, Token: to.SessionToken}
	base = to.Endpoint
	own := c.ID == "" || c.Secret == ""
	if own || base == "" {
		account, err := s.account()
		if err != nil {
			return c, "", fmt.Errorf("configuration of AWS: %w", err)
		}
		if base == "" {
			base = account.Endpoint(ctx, "Lambda")
		}
		if own {
			if c, err = account.Credentials(ctx); err != nil {
				return c, "", fmt.Errorf("credentials of AWS: %w", err)
			}
		}
	}
	if base != "" {
		return c, base, nil
	}
	if !regions.MatchString(to.Region) {
		return c, "", fmt.Errorf("%q is no region of AWS", to.Region)
	}
	base = "https://lambda." + to.Region + ".amazonaws.com"
	if strings.HasPrefix(to.Region, "cn-") {
		base += ".cn"
	}
	return c, base, nil
}
