package acceptance

import (
	"encoding/json"
	"maps"
	"time"
)

// The forms of a token that a subscribe or a umdUpdate presents.
const (
	noToken      = "none"
	byUser       = "bound by uid"
	byConnection = "bound by connectionId"
	byBoth       = "bound by connectionId, with another uid"
	manyScopes   = "of several scopes"
)

var goodForms = []string{byUser, byConnection, byBoth, manyScopes}

// badForms are why a token that grants everything is refused.
func badForms(scope string) []string {
	other := map[string]string{"subscribe": "umd", "umd": "subscribe"}[scope]
	return []string{"scope connect", "scope " + other, "no scope", "expired", "not yet valid", "no expiry", "bound to nothing", "bound to another user",
		"bound to another connection", "another connection, this user", "signed by a stranger", "unsigned", "changed after signing",
		"with a bad expression", "single use without jti", "uid of a number", "no token at all"}
}

// token makes the token of a form, for a connection of user u.
func (c *cell) token(connectionID string) string {
	scope := map[string]string{"hotsock.subscribe": "subscribe", "hotsock.umdUpdate": "umd"}[c.command]
	payload := rules{"exp": in(5 * time.Minute), "scope": scope, "uid": "u", "channels": c.presented}
	if c.whole != unsaid {
		payload["umdUpdate"] = c.whole == yes
	}
	switch c.form {
	case byConnection:
		delete(payload, "uid")
		payload["connectionId"] = connectionID
	case byBoth:
		payload["connectionId"], payload["uid"] = connectionID, "another"
	case manyScopes:
		payload["scope"] = "unknown umd subscribe"
	case "scope connect", "scope subscribe", "scope umd":
		payload["scope"] = c.form[len("scope "):]
	case "no scope":
		delete(payload, "scope")
	case "expired":
		payload["exp"] = in(-time.Minute)
	case "not yet valid":
		payload["nbf"] = in(time.Minute)
	case "no expiry":
		delete(payload, "exp")
	case "bound to nothing":
		delete(payload, "uid")
	case "bound to another user":
		payload["uid"] = "v"
	case "bound to another connection":
		delete(payload, "uid")
		payload["connectionId"] = "AAAAAAAAAAAAAAA="
	case "another connection, this user":
		payload["connectionId"] = "AAAAAAAAAAAAAAA="
	case "with a bad expression":
		payload["channels"] = maps.Clone(c.presented)
		payload["channels"].(rules)["#regex:("] = rules{"subscribe": true}
	case "single use without jti":
		payload["singleUse"] = true
	case "uid of a number":
		payload["uid"] = 7
	case "no token at all":
		return "no.token.atall"
	}
	body := string(must(json.Marshal(payload)))
	switch c.form {
	case "signed by a stranger":
		return signer{alg: "HS256", key: func() any { return []byte("a stranger's secret, long enough for anybody") }}.sign(body)
	case "unsigned":
		return encode(`{"alg":"none","typ":"JWT"}`) + "." + encode(body) + "."
	case "changed after signing":
		signed := hs256.sign(body)
		payload["umd"] = "changed"
		head := encode(`{"alg":"HS256","typ":"JWT"}`)
		return head + "." + encode(string(must(json.Marshal(payload)))) + signed[len(signed)-44:]
	}
	return hs256.sign(body)
}

// opening makes the subscribe token by which the cell's subscription is made beforehand.
func (c *cell) opening(connectionID string) string {
	payload := rules{"exp": in(5 * time.Minute), "scope": "subscribe", "channels": c.layer, "connectionId": connectionID}
	return hs256.sign(string(must(json.Marshal(payload))))
}
