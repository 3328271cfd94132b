package claims

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	maxTokenID = 256 // bytes of jti: it becomes part of a key on disk

	minHeartbeat = 5 // seconds
	maxHeartbeat = 600
)

// payload holds the known claims of an authentic token, unjudged. Absent ones are nil. Names that
// differ in letter case are other claims, and like all unknown ones are ignored.
type payload struct {
	exp, nbf, iat, aud, iss, scope, jti, singleUse raw
	channels, connectionID, uid, umd               raw
	umdUpdate, umdPropagate, keepAlive, heartbeats raw
}

func parsePayload(object raw) *payload {
	p := new(payload)
	for name, value := range object.members() {
		if claim := p.claim(string(name)); claim != nil {
			*claim = value
		}
	}
	return p
}

func (p *payload) claim(name string) *raw {
	switch name {
	case "exp":
		return &p.exp
	case "nbf":
		return &p.nbf
	case "iat":
		return &p.iat
	case "aud":
		return &p.aud
	case "iss":
		return &p.iss
	case "scope":
		return &p.scope
	case "jti":
		return &p.jti
	case "singleUse":
		return &p.singleUse
	case "channels":
		return &p.channels
	case "connectionId":
		return &p.connectionID
	case "uid":
		return &p.uid
	case "umd":
		return &p.umd
	case "umdUpdate":
		return &p.umdUpdate
	case "umdPropagate":
		return &p.umdPropagate
	case "keepAlive":
		return &p.keepAlive
	case "heartbeatTimeout":
		return &p.heartbeats
	}
	return nil
}

// inForce checks exp, nbf, aud and iss, in this order.
func (v *Verifier) inForce(p *payload, at time.Time) error {
	o := &v.options
	if p.exp == nil {
		return refuse(ReasonClaims, "exp is required")
	}
	exp, ok := p.exp.date()
	if !ok {
		return refuse(ReasonClaims, "exp %v", errNotDate)
	}
	if !at.Before(exp.Add(o.Leeway)) {
		return refuse(ReasonExpired, "the token expired at %s", exp.Format(time.RFC3339))
	}
	if o.MaxLifetime > 0 && exp.Sub(at) > o.MaxLifetime {
		return refuse(ReasonClaims, "exp is further ahead than %s", o.MaxLifetime)
	}
	if p.nbf != nil {
		nbf, ok := p.nbf.date()
		if !ok {
			return refuse(ReasonClaims, "nbf %v", errNotDate)
		}
		if at.Before(nbf.Add(-o.Leeway)) {
			return refuse(ReasonNotYet, "the token is not valid before %s", nbf.Format(time.RFC3339))
		}
	}
	if o.Audience != "" && !p.hasAudience(o.Audience) {
		return refuse(ReasonAudience, "aud does not name this server's audience")
	}
	if o.Issuer != "" {
		if iss, ok := p.iss.text(); !ok || iss != o.Issuer {
			return refuse(ReasonIssuer, "iss is not this server's issuer")
		}
	}
	return nil
}

// hasAudience takes aud as a string or as an array with at least one equal string.
func (p *payload) hasAudience(audience string) bool {
	if aud, ok := p.aud.text(); ok {
		return aud == audience
	}
	if !p.aud.isArray() {
		return false
	}
	for e := range p.aud.elements() {
		if aud, ok := e.text(); ok && aud == audience {
			return true
		}
	}
	return false
}

// claims checks the scope for use, then every other claim. inForce ran before.
func (v *Verifier) claims(p *payload, use Scope) (*Claims, error) {
	scope, ok := p.scope.text()
	if !ok {
		return nil, refuse(ReasonClaims, "scope is required, a string")
	}
	c := &Claims{Scopes: scopesIn(scope)}
	if !c.Has(use) {
		return nil, refuse(ReasonScope, "the token's scope is not for this use (%s)", use)
	}
	c.ExpiresAt, _ = p.exp.date()
	c.NotBefore, _ = p.nbf.date()
	if p.iat != nil {
		c.IssuedAt, _ = p.iat.date()
	}
	c.until = c.ExpiresAt.Add(v.options.Leeway)
	for _, decode := range []func(*payload) error{c.decodeFlags, c.decodeID, c.decodeUser, c.decodeHeartbeat} {
		if err := decode(p); err != nil {
			return nil, refuse(ReasonClaims, "%v", err)
		}
	}
	l := v.options.Limits
	if n := utf8.RuneCountInString(c.UID); n > l.UID {
		return nil, refuse(ReasonClaims, "uid has %d characters, at most %d", n, l.UID)
	}
	if len(c.UMD) > l.UMDSize {
		return nil, refuse(ReasonClaims, "umd has %d bytes, at most %d", len(c.UMD), l.UMDSize)
	}
	var err error
	if c.channels, err = v.compile(p.channels); err != nil {
		return nil, refuse(ReasonClaims, "%v", err)
	}
	return c, nil
}

// compile returns the compiled channels claim, a shared one if the same text came before.
func (v *Verifier) compile(channels raw) (*channelSet, error) {
	if channels == nil {
		return nil, nil
	}
	source := string(channels)
	if known, ok := v.channels.get(source); ok {
		return known.value, nil
	}
	s, err := newCompiler(v.options.Limits, v.regexes).channels(channels)
	if err != nil {
		return nil, err
	}
	v.channels.put(source, s, 0)
	return s, nil
}

var scopes = []Scope{ScopeConnect, ScopeSubscribe, ScopeUMD, ScopePublish, ScopeRead}

// scopesIn returns the known words of a scope claim, each once, in the order of the constants.
func scopesIn(claim string) []Scope {
	words := strings.Split(claim, " ")
	var known []Scope
	for _, s := range scopes {
		if slices.Contains(words, string(s)) {
			known = append(known, s)
		}
	}
	return known
}

func (c *Claims) decodeFlags(p *payload) error {
	for _, f := range []struct {
		name  string
		claim raw
		to    *bool
	}{
		{"singleUse", p.singleUse, &c.SingleUse},
		{"umdUpdate", p.umdUpdate, &c.UMDUpdate},
		{"umdPropagate", p.umdPropagate, &c.UMDPropagate},
		{"keepAlive", p.keepAlive, &c.KeepAlive},
	} {
		if f.claim == nil {
			continue
		}
		var ok bool
		if *f.to, ok = f.claim.boolean(); !ok {
			return fmt.Errorf("%s must be true or false", f.name)
		}
	}
	c.UMDPropagate = c.UMDPropagate && c.UMDUpdate
	return nil
}

func (c *Claims) decodeID(p *payload) error {
	if p.jti != nil {
		var ok bool
		if c.ID, ok = p.jti.text(); !ok || len(c.ID) > maxTokenID {
			return fmt.Errorf("jti must be a string of at most %d bytes", maxTokenID)
		}
	}
	if c.SingleUse && c.ID == "" {
		return errors.New("singleUse needs a jti that is not empty")
	}
	return nil
}

func (c *Claims) decodeUser(p *payload) error {
	var ok bool
	if p.connectionID != nil {
		if c.ConnectionID, ok = p.connectionID.text(); !ok {
			return errors.New("connectionId must be a string")
		}
		c.HasConnectionID = true
	}
	c.HasUID = p.uid != nil
	if c.HasUID && !p.uid.isNull() {
		if c.UID, ok = p.uid.text(); !ok {
			return errors.New("uid must be a string or null")
		}
	}
	c.HasUMD = p.umd != nil
	if c.HasUMD && !p.umd.isNull() {
		umd, err := jsontext.AppendFormat(nil, []byte(p.umd), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))
		if err != nil {
			return errors.New("umd is not valid JSON")
		}
		c.UMD = slices.Clip(umd)
	}
	return nil
}

func (c *Claims) decodeHeartbeat(p *payload) error {
	if p.heartbeats == nil {
		return nil
	}
	n, ok := p.heartbeats.integer()
	if !ok || n < minHeartbeat || n > maxHeartbeat {
		return fmt.Errorf("heartbeatTimeout must be a whole number of seconds from %d to %d", minHeartbeat, maxHeartbeat)
	}
	c.HeartbeatTimeout = time.Duration(n) * time.Second
	return nil
}
