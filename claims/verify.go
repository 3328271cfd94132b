package claims

import (
	"errors"
	"fmt"
	"regexp"
	"sync/atomic"
	"time"
)

// Options say which tokens a Verifier accepts. The zero value works: no audience, no issuer, no
// leeway, default limits, and no keys yet, so that every token is refused until SetKeys.
type Options struct {
	// Keys are tried in this order, see SetKeys. Default none.
	Keys []Key
	// Audience, if not empty, must be the token's aud, or one of its elements. Empty ignores aud.
	Audience string
	// Issuer, if not empty, must equal the token's iss. Empty ignores iss.
	Issuer string
	// Leeway is how far the issuer's clock may be off: exp counts that much later, nbf that much
	// earlier. 0 to 10 minutes, default 0.
	Leeway time.Duration
	// MaxLifetime refuses tokens whose exp is further ahead than this, as those are worth stealing.
	// 0, the default, sets no bound.
	MaxLifetime time.Duration
	// Limits bound what one token may cost. Zero fields mean their defaults.
	Limits Limits
}

const maxLeeway = 10 * time.Minute

// EnsureDefaults replaces zero fields by their defaults.
func (o *Options) EnsureDefaults() { o.Limits.EnsureDefaults() }

// Validate returns nil or one error that names every wrong field. It expects that EnsureDefaults ran.
func (o *Options) Validate() error {
	_, errKeys := newKeyring(o.Keys)
	errs := []error{errKeys}
	if o.Leeway < 0 || o.Leeway > maxLeeway {
		errs = append(errs, fmt.Errorf("option Leeway is %s, must be 0 to %s", o.Leeway, maxLeeway))
	}
	if o.MaxLifetime < 0 {
		errs = append(errs, fmt.Errorf("MaxLifetime is %s, must not be negative", o.MaxLifetime))
	}
	return errors.Join(append(errs, o.Limits.Validate())...)
}

// Verifier accepts and refuses tokens. It is safe for concurrent use, asks no clock and touches no
// disk or network.
type Verifier struct {
	options  Options // Keys unused: see keys
	keys     atomic.Pointer[keyring]
	regexes  *cache[*regexp.Regexp]
	channels *cache[*channelSet]
}

// Bytes of claims whose compiled form a Verifier keeps. Compiled, it takes up to some ten times as
// much, an expression with Unicode classes more.
const (
	regexCacheSize   = 64 << 10
	channelCacheSize = 512 << 10
)

// NewVerifier returns a Verifier for o, of which it keeps a copy with defaults ensured.
//
// Errors: those of Options.Validate.
func NewVerifier(o Options) (*Verifier, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("token options: %w", err)
	}
	v := &Verifier{
		options:  o,
		regexes:  newCache[*regexp.Regexp](regexCacheSize),
		channels: newCache[*channelSet](channelCacheSize),
	}
	return v, v.SetKeys(o.Keys)
}

// SetKeys replaces all keys at once; verifications under way finish with the old ones. keys may be
// empty. A key without id is a candidate for every token of its algorithm, one with an id only for
// tokens with that kid, which it is tried for first.
//
// Errors name the keys that ParseKey, LoadJWKS or ParseJWKS did not make; then the old ones stay.
func (v *Verifier) SetKeys(keys []Key) error {
	r, err := newKeyring(keys)
	if err != nil {
		return err
	}
	v.keys.Store(&r)
	return nil
}

// Verify returns what token says, if it may be used for use at the time at.
//
// It looks in this order, and the first fault is the answer: form, algorithm, key and signature; exp
// and nbf; aud; iss; scope; the type and value of every claim and directive; and what can be said of
// the binding without knowing the connection. That last is: a token with connectionId neither
// connects nor stands for an API key, and a subscribe or umd token has connectionId or uid. The rest
// of the binding is for [Claims.Bind], and single use for a [Ledger]; callers must ask both.
//
// Only the header is parsed before the signature was found good.
//
// Errors: *Error, always.
// Source: Hotsock docs, Claims and Signing Keys; RFC 7519, RFC 8725.
func (v *Verifier) Verify(token string, use Scope, at time.Time) (*Claims, error) {
	p, err := v.authenticate(token)
	if err != nil {
		return nil, err
	}
	if err := v.inForce(p, at); err != nil {
		return nil, err
	}
	c, fault := v.claims(p, use)
	if fault != nil {
		return nil, fault
	}
	if err := c.suits(use); err != nil {
		return nil, err
	}
	return c, nil
}

// authenticate returns the payload of a token that one of the keys signed.
func (v *Verifier) authenticate(token string) (*payload, error) {
	l := v.options.Limits
	if len(token) > l.TokenSize {
		return nil, refuse(ReasonMalformed, "the token has more than %d bytes", l.TokenSize)
	}
	p, err := split(token)
	if err != nil {
		return nil, refuse(ReasonMalformed, "the token %v", err)
	}
	h, err := parseHeader(p.header, l)
	if err != nil {
		return nil, refuse(ReasonMalformed, "%v", err)
	}
	if method(h.alg) == nil {
		return nil, refuse(ReasonAlgorithm, "the token's algorithm is unknown here")
	}
	signature, err := decodeSegment(p.signature)
	if err != nil {
		return nil, refuse(ReasonMalformed, "the signature is not base64url")
	}
	if err := v.keys.Load().verify(h, p.signed, signature); err != nil {
		return nil, err
	}
	text, err := decodeSegment(p.payload)
	if err != nil {
		return nil, refuse(ReasonMalformed, "the payload is not base64url")
	}
	if err := scan(text, l.Depth, l.Elements); err != nil {
		return nil, refuse(ReasonClaims, "the payload %v", err)
	}
	return parsePayload(trim(text)), nil
}

// suits checks what the binding rule says of a use without knowing the connection.
func (c *Claims) suits(use Scope) error {
	switch use {
	case ScopeConnect, ScopePublish, ScopeRead:
		if c.HasConnectionID {
			return refuse(ReasonBinding, "connectionId is present, so the token is for an existing connection only")
		}
	default:
		if !c.HasConnectionID && c.UID == "" {
			return refuse(ReasonBinding, "the token needs connectionId or uid")
		}
	}
	return nil
}
