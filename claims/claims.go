package claims

import (
	"slices"
	"time"
)

// Scope is one use that a token can be made for.
type Scope string

// The known scopes. A token's scope claim is a space-separated set of them; unknown words in it are
// ignored.
const (
	ScopeConnect   Scope = "connect"   // open a connection
	ScopeSubscribe Scope = "subscribe" // add rights while subscribing
	ScopeUMD       Scope = "umd"       // change user metadata
	ScopePublish   Scope = "publish"   // publish over HTTP instead of an API key; ours, not Hotsock's
	ScopeRead      Scope = "read"      // read over HTTP instead of an API key; ours, not Hotsock's
)

// Claims is what a verified token says. [Verifier.Verify] is the only maker of useful values.
//
// It is read-only after that and safe for concurrent use. It keeps nothing of the token's text.
// The rights on channels are asked through [Layers].
//
// Source: Hotsock docs, Claims.
type Claims struct {
	// Scopes are the known scopes of the token, in the order of the constants.
	Scopes []Scope
	// ExpiresAt is exp. It matters at verification only: rights outlive it, they last as long as
	// the connection or subscription that the token made.
	ExpiresAt time.Time
	// NotBefore is nbf; zero if the claim is absent.
	NotBefore time.Time
	// IssuedAt is iat; zero if the claim is absent or no date. It gives and takes no rights: only a
	// [Revocation] of a user looks at it.
	IssuedAt time.Time
	// ID is jti, up to 256 bytes; non-empty whenever SingleUse is true.
	ID string
	// SingleUse asks for a Ledger, see Spend.
	SingleUse bool

	// ConnectionID binds the token to one existing connection; HasConnectionID tells an absent
	// claim from an empty one, which binds to nothing that exists.
	ConnectionID    string
	HasConnectionID bool
	// UID identifies the user, up to Limits.UID characters. Null, absent and empty are all "".
	UID string
	// HasUID says that the claim is present, null included: a subscribe token then decides the
	// uid of its subscription, else it is inherited from the connection.
	HasUID bool
	// UMD is the user metadata as compact JSON, numbers and member order as the token had them, at
	// most Limits.UMDSize bytes; nil stands for null and for an absent claim. Do not modify it.
	UMD []byte
	// HasUMD says that the claim is present, null included.
	HasUMD bool

	// UMDUpdate permits a umd update of the connection itself; scope umd.
	UMDUpdate bool
	// UMDPropagate makes that update rewrite the existing subscriptions too; needs UMDUpdate.
	UMDPropagate bool
	// KeepAlive asks the server to send keep-alive events; scope connect.
	KeepAlive bool
	// HeartbeatTimeout is how long the client may go without a heartbeat, 5 s to 600 s in whole
	// seconds; zero means that none is expected. Scope connect.
	HeartbeatTimeout time.Duration

	until    time.Time // ExpiresAt plus the verifier's leeway
	channels *channelSet
}

// Has reports whether the token was made for s.
func (c *Claims) Has(s Scope) bool { return slices.Contains(c.Scopes, s) }

// Bind checks that the token may be used on the connection with this id and uid ("" for null).
//
// It is for subscribe and umd tokens, after Verify. With a connectionId claim, that decides alone,
// and the token's uid may differ from the connection's. Without one the token needs a non-empty
// uid, equal to the connection's: it works on any connection of that user.
//
// Errors: *Error with ReasonBinding.
// Source: Hotsock docs, Claims, "connectionId" and "uid".
func (c *Claims) Bind(connectionID, uid string) error {
	switch {
	case c.HasConnectionID:
		if c.ConnectionID == "" || c.ConnectionID != connectionID {
			return refuse(ReasonBinding, "connectionId names another connection")
		}
	case c.UID == "":
		return refuse(ReasonBinding, "the token needs connectionId or uid")
	case c.UID != uid:
		return refuse(ReasonBinding, "uid names another user than the connection's")
	}
	return nil
}

// Spend returns what a Ledger has to remember once this token was used in the app with that id.
//
// Only for tokens with SingleUse. Until counts the verifier's leeway in, so that the record outlives
// every moment at which the token could be accepted again.
func (c *Claims) Spend(app string) Spend {
	return Spend{App: app, ID: c.ID, Until: c.until}
}

// AutoSubscribes returns the channels to subscribe to right after connecting, in byte order: exact
// names with autoSubscribe, minus those where subscribe resolves to an explicit false.
//
// The names are as the token has them and may break the rules of [CheckChannel]. Meant for connect
// tokens; in others autoSubscribe has no effect. The slice is the caller's.
// Source: Hotsock docs, Claims, "autoSubscribe".
func (c *Claims) AutoSubscribes() []string { return c.channels.autoSubscribes() }

// Channels returns the keys of the channels claim: exact names in byte order, then patterns from the
// most specific to the least. The slice is the caller's.
func (c *Claims) Channels() []string { return c.channels.keys() }
