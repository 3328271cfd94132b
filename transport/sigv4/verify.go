package sigv4

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"

	// MaxSkew is how far a client's clock may be from ours, and how long a request that somebody has recorded
	// can be sent again.
	MaxSkew = 15 * time.Minute

	// maxSignedHeaders bounds what a stranger's request makes us sort; SDKs sign about ten.
	maxSignedHeaders = 64
	// maxRegion is longer than any region's name.
	maxRegion = 64
)

// A Pending request has said whose it is, in due time and form. Whether that is true hangs on its body.
type Pending struct {
	request   *http.Request
	service   string
	id        string
	secret    string
	region    string
	at        time.Time
	headers   []string // signed, in lower case and sorted
	signature string
}

// Begin reads a request's signature, made for a service such as "lambda", and looks at all of it that needs
// no body: its form, its key, its clock against at. Nothing is proved yet; see [Pending.Body].
//
// Only signatures in the Authorization header are taken, not those of presigned URLs. A session token may be
// there: it belongs to what is signed, and says nothing to us.
//
// Errors: *Error.
func (k *Keys) Begin(r *http.Request, service string, at time.Time) (*Pending, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, missing("Missing Authentication Token: the request has no AWS signature in an Authorization header.")
	}
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		return nil, missing("Missing Authentication Token: the Authorization header is none of %s.", algorithm)
	}
	p := &Pending{request: r, service: service}
	day, err := p.read(rest)
	if err != nil {
		return nil, err
	}
	if err := p.date(day, at); err != nil {
		return nil, err
	}
	secret, ok := k.secret(p.id)
	if !ok {
		return nil, unknown("The security token included in the request is invalid: the access key is none of this server's.")
	}
	p.secret = secret
	return p, nil
}

// read takes the header's parts, and returns the day of the credential's scope.
func (p *Pending) read(text string) (day string, err error) {
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, found := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := parts[name]; !found || twice {
			return "", incomplete("The Authorization header must be Credential=…, SignedHeaders=…, Signature=…, each once.")
		}
		parts[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[name] == "" {
			return "", incomplete("Authorization header requires '%s' parameter.", name)
		}
	}
	p.signature = parts["Signature"]
	if p.headers = strings.Split(parts["SignedHeaders"], ";"); len(p.headers) > maxSignedHeaders || !slices.IsSorted(p.headers) {
		return "", incomplete("SignedHeaders must be sorted, and at most %d.", maxSignedHeaders)
	}
	for _, name := range []string{"host", "x-amz-date"} {
		if !slices.Contains(p.headers, name) {
			return "", incomplete("'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	scope := strings.Split(parts["Credential"], "/")
	if len(scope) != 5 || scope[4] != terminator || scope[0] == "" || scope[2] == "" || len(scope[2]) > maxRegion {
		return "", incomplete("Credential must be <access key>/<YYYYMMDD>/<region>/%s/%s.", p.service, terminator)
	}
	if scope[3] != p.service {
		return "", invalid("Credential should be scoped to correct service: '%s'.", p.service)
	}
	p.id, p.region = scope[0], scope[2]
	return scope[1], nil
}

// date reads the time of the signature and holds it against the clock.
func (p *Pending) date(day string, now time.Time) error {
	dates := p.request.Header.Values("X-Amz-Date")
	if len(dates) != 1 {
		return incomplete("Authorization header requires existence of one 'X-Amz-Date' header.")
	}
	signed, err := time.Parse(timeFormat, dates[0])
	if err != nil {
		return incomplete("Date must be in ISO-8601 'basic format', YYYYMMDDThhmmssZ.")
	}
	if day != signed.Format("20060102") {
		return invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	}
	now = now.UTC()
	switch {
	case signed.Before(now.Add(-MaxSkew)):
		return invalid("Signature expired: %s is now earlier than %s (%s - 15 min.)",
			dates[0], now.Add(-MaxSkew).Format(timeFormat), now.Format(timeFormat))
	case signed.After(now.Add(MaxSkew)):
		return invalid("Signature not yet current: %s is still later than %s (%s + 15 min.)",
			dates[0], now.Add(MaxSkew).Format(timeFormat), now.Format(timeFormat))
	}
	p.at = signed
	return nil
}

// Body says whether the request, with this body, is what the owner of the key has signed. nil: it is.
//
// The body always counts: a client that claims not to have signed it is refused.
//
// Errors: *Error.
func (p *Pending) Body(body []byte) error {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	if claimed := p.request.Header.Get("X-Amz-Content-Sha256"); claimed != "" && claimed != hash {
		return invalid("The payload's SHA-256 is not what x-amz-content-sha256 says; UNSIGNED-PAYLOAD is not taken.")
	}
	for _, candidate := range paths(p.request.URL) {
		want, err := p.sign(candidate, hash)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(p.signature)) == 1 {
			return nil
		}
	}
	return invalid("The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. A proxy on the way must leave Host and path as they are.")
}

// paths are those that may have been signed: what is on the wire, and that without doubled slashes, which
// some SDKs take out before they sign.
func paths(u *url.URL) []*url.URL {
	wire := *u
	wire.Scheme, wire.Host = "", "" // what counts is the Host header, as it came
	all := []*url.URL{&wire}
	if escaped := wire.EscapedPath(); strings.Contains(escaped, "//") {
		clean := wire
		clean.RawPath = path.Clean(escaped)
		if unescaped, err := url.PathUnescape(clean.RawPath); err == nil {
			clean.Path = unescaped
			all = append(all, &clean)
		}
	}
	return all
}

// sign makes the signature that the request should have.
func (p *Pending) sign(u *url.URL, hash string) (string, error) {
	again := &http.Request{Method: p.request.Method, URL: u, Host: p.request.Host, Header: http.Header{}}
	for _, name := range p.headers {
		switch name {
		case "host", "x-amz-date": // the signer has them from elsewhere
		case "content-length":
			again.ContentLength = p.request.ContentLength
		default:
			// Names stay in lower case: the signer would leave out some that it does not sign itself, such as
			// User-Agent, which other SDKs do sign.
			again.Header[name] = slices.Clone(p.request.Header.Values(name))
		}
	}
	// A signer of one's own for each: one that is kept remembers a derived key for every region that a
	// stranger thinks of, and a secret that was replaced.
	err := v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: p.id, SecretAccessKey: p.secret},
		again, hash, p.service, p.region, p.at)
	if err != nil {
		return "", err
	}
	_, signature, _ := strings.Cut(again.Header.Get("Authorization"), "Signature=")
	return signature, nil
}
