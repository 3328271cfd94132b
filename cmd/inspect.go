package cmd

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"dormouse/claims"
)

type tokenInspectCmd struct {
	devKeyFlags
	Token    string `arg:"" help:"The token, or - for standard input."`
	Audience string `help:"What aud must contain."`
	Issuer   string `help:"What iss must be."`
	JSON     bool   `help:"Print one JSON object."`
}

// An inspection is what can be told of a token.
type inspection struct {
	Header  json.RawMessage `json:"header"`
	Claims  json.RawMessage `json:"claims"`
	Expires string          `json:"expires,omitempty"`
	Checked bool            `json:"checked"`           // there was a key
	Good    []string        `json:"goodFor,omitempty"` // scopes
	Refused string          `json:"refused,omitempty"` // why it is good for nothing
	Reason  string          `json:"reason,omitempty"`  // in one word
	problem error           // Refused as an error, for the exit code
}

// Run prints what the token says even if it is refused: that is when people look. It fails if a key was
// there and did not accept the token.
func (c *tokenInspectCmd) Run(p *program) error {
	token := c.Token
	if token == "-" {
		text, err := io.ReadAll(io.LimitReader(p.in, 1<<20))
		if err != nil {
			return err
		}
		token = string(text)
	}
	in, err := inspect(strings.TrimSpace(token), time.Now())
	if err != nil {
		return err
	}
	key, err := c.verifyKey()
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.Key == "":
	case err != nil:
		return err
	default:
		if err := in.check(strings.TrimSpace(token), key, claims.Options{Audience: c.Audience, Issuer: c.Issuer}, time.Now()); err != nil {
			return err
		}
	}
	if c.JSON {
		if err := printJSON(p.out, in); err != nil {
			return err
		}
		return in.problem
	}
	pr := newPrinter(p.out, p.env)
	pr.line("%s  %s", pr.bold("header "), in.Header)
	pr.line("%s  %s", pr.bold("claims "), pretty(in.Claims))
	if in.Expires != "" {
		pr.line("%s  %s", pr.bold("expires"), in.Expires)
	}
	switch {
	case !in.Checked:
		pr.line("%s  not checked: there is no key; give --key", pr.bold("verdict"))
	case in.problem != nil:
		pr.line("%s  refused: %s", pr.bold("verdict"), in.Refused)
	default:
		pr.line("%s  good for %s", pr.bold("verdict"), strings.Join(in.Good, ", "))
	}
	return in.problem
}

// inspect takes a token apart without believing it.
func inspect(token string, now time.Time) (*inspection, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("this is no token: it has %d parts, not 3", len(parts))
	}
	in := &inspection{}
	for i, to := range []*json.RawMessage{&in.Header, &in.Claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || !json.Valid(text) {
			return nil, fmt.Errorf("this is no token: part %d is no JSON in base64", i+1)
		}
		*to = text
	}
	var times struct {
		Exp json.Number `json:"exp"`
	}
	if json.Unmarshal(in.Claims, &times) == nil {
		if seconds, err := times.Exp.Float64(); err == nil {
			exp := time.Unix(int64(seconds), 0)
			in.Expires = exp.UTC().Format(time.RFC3339) + ", " + relative(exp.Sub(now))
		}
	}
	return in, nil
}

func relative(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " ago"
	}
	return "in " + d.Round(time.Second).String()
}

// check asks the server's own verifier, for every use there is.
func (in *inspection) check(token string, key claims.Key, o claims.Options, now time.Time) error {
	o.Keys = []claims.Key{key}
	v, err := claims.NewVerifier(o)
	if err != nil {
		return err
	}
	in.Checked = true
	for _, use := range []claims.Scope{claims.ScopeConnect, claims.ScopeSubscribe, claims.ScopeUMD, claims.ScopePublish, claims.ScopeRead} {
		_, err := v.Verify(token, use, now)
		switch {
		case err == nil:
			in.Good = append(in.Good, string(use))
		case in.problem == nil || claims.ReasonOf(in.problem) == claims.ReasonScope:
			in.problem = err
		}
	}
	if len(in.Good) > 0 {
		in.problem = nil
		return nil
	}
	in.Refused, in.Reason = in.problem.Error(), string(claims.ReasonOf(in.problem))
	return nil
}

// refusedFor returns why a token is good for nothing, nil if it is for something.
func refusedFor(token string, key claims.Key, now time.Time) error {
	var in inspection
	if err := in.check(token, key, claims.Options{}, now); err != nil {
		return err
	}
	if in.problem == nil {
		return nil
	}
	var refused *claims.Error
	if errors.As(in.problem, &refused) {
		return errors.New(refused.Detail)
	}
	return in.problem
}

// verifyKey finds the key that the flags name. A private key stands for its public half.
//
// Errors: one that is fs.ErrNotExist if none is named and there is no development key.
func (f devKeyFlags) verifyKey() (claims.Key, error) {
	if f.Key == "" {
		keys, err := readDevKeys(f.Data)
		if err != nil {
			return claims.Key{}, err
		}
		return keys.tokenKey().claimsKey()
	}
	text, err := parseSecret(f.Key, "").read(false)
	if err != nil {
		return claims.Key{}, fmt.Errorf("--key: %w", err)
	}
	alg := f.Alg
	if method, key, err := parseSigningKey(text, alg); err == nil {
		alg = method.Alg()
		if text, err = publicMaterial(key); err != nil {
			return claims.Key{}, err
		}
	} else if alg == "" {
		return claims.Key{}, usagef("--key is a public key: say which algorithm it is for, with --alg")
	}
	return claims.ParseKey(alg, f.Kid, text)
}

// pretty indents JSON, so that its lines stand under the first one.
func pretty(text json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "         ", "  ") != nil {
		return string(text)
	}
	return b.String()
}
