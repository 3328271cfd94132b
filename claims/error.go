package claims

import (
	"errors"
	"fmt"
)

// Reason says why a token was refused. Edges branch on it; [Error.Detail] is for people.
type Reason string

// Every reason, in the order in which they are looked for.
const (
	// ReasonMalformed: not a compact, signed JWT of a size and header that we read.
	ReasonMalformed Reason = "malformed"
	// ReasonAlgorithm: the header's alg is unknown, or no key is fixed to it.
	ReasonAlgorithm Reason = "algorithm"
	// ReasonKey: keys of that algorithm exist, but none answers to the token's kid.
	ReasonKey Reason = "key"
	// ReasonSignature: no candidate key made this signature.
	ReasonSignature Reason = "signature"
	// ReasonClaims: the payload is no strict JSON object, a claim or directive has a wrong type or
	// value, or a required claim is missing.
	ReasonClaims Reason = "claims"
	// ReasonExpired: exp has come.
	ReasonExpired Reason = "expired"
	// ReasonNotYet: nbf has not come. The same token may be accepted later.
	ReasonNotYet Reason = "not yet valid"
	// ReasonAudience: aud does not name the configured audience.
	ReasonAudience Reason = "audience"
	// ReasonIssuer: iss is not the configured issuer.
	ReasonIssuer Reason = "issuer"
	// ReasonScope: authentic, but not made for this use.
	ReasonScope Reason = "scope"
	// ReasonBinding: authentic, but made for another connection or user.
	ReasonBinding Reason = "binding"
	// ReasonSpent: authentic, but its single use is over. Only callers of a [Ledger] give it.
	ReasonSpent Reason = "spent"
	// ReasonRevoked: authentic, but taken back. Only callers that keep [Revocation] give it.
	ReasonRevoked Reason = "revoked"
)

// Forbidden reports whether the token is genuine and in date but not good for this use, here or
// now: HTTP 403. All other reasons are 401.
func (r Reason) Forbidden() bool {
	return r == ReasonScope || r == ReasonBinding || r == ReasonSpent || r == ReasonRevoked
}

// Error is the refusal of a token. It never contains the token or any part of it that was not
// verified, so that it may be logged and sent.
type Error struct {
	Reason Reason
	Detail string // a readable sentence without full stop, for the developer who made the token
}

// Error returns the detail after the reason.
func (e *Error) Error() string { return "token refused (" + string(e.Reason) + "): " + e.Detail }

// Is reports whether target is the sentinel that the reason stands for: ErrSpent for ReasonSpent.
func (e *Error) Is(target error) bool { return target == ErrSpent && e.Reason == ReasonSpent }

// ReasonOf returns the reason in err's chain, "" if err is no refusal of a token. A bare ErrSpent,
// as a Ledger returns it, counts as ReasonSpent.
func ReasonOf(err error) Reason {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Reason
	case errors.Is(err, ErrSpent):
		return ReasonSpent
	}
	return ""
}

// refuse makes the one kind of error that verification returns.
func refuse(r Reason, format string, args ...any) *Error {
	return &Error{Reason: r, Detail: fmt.Sprintf(format, args...)}
}
