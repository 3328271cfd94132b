package pusher

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"dormouse/claims"
)

// A signature is the lower-case hex of the HMAC-SHA256 of a text, by an app's secret. The texts begin with the id
// of the socket, so that what was signed for one connection is worth nothing on another; and the answer of a
// backend begins with the app's key, so that it is worth nothing in another app with the same secret.
//
// Source: Pusher docs, "Authorizing users", "Authenticating users" and "HTTP API: authentication".

// channelAuthorized says whether auth lets socketID into channel. key is the app's, as it was when the connection was
// opened. hasData says that the client brought channel_data, whose text as it was received is then part of what was
// signed, even if it is empty.
func channelAuthorized(app *claims.App, key, socketID, channel, channelData string, hasData bool, auth string) bool {
	if hasData {
		return authorized(app, key, auth, socketID, ":", channel, ":", channelData)
	}
	return authorized(app, key, auth, socketID, ":", channel)
}

// userAuthorized says whether auth makes socketID the user that userData, a JSON text as it was received, is about.
func userAuthorized(app *claims.App, key, socketID, userData, auth string) bool {
	return authorized(app, key, auth, socketID, "::user::", userData)
}

// authorized says whether auth is the key, a colon and the app's signature of all parts together.
func authorized(app *claims.App, key, auth string, parts ...string) bool {
	n := len(key)
	if len(auth) <= n || auth[:n] != key || auth[n] != ':' {
		return false // keys are no secret
	}
	return signed(app, auth[n+1:], parts...)
}

// signed says whether signature is that of all parts together by the app's secret, or by the one before it while
// it is being replaced. How long it takes says nothing about the right one.
func signed(app *claims.App, signature string, parts ...string) bool {
	if signedBy(app.Secret, signature, parts) {
		return true
	}
	return app.PreviousSecret != "" && signedBy(app.PreviousSecret, signature, parts)
}

func signedBy(secret, signature string, parts []string) bool {
	want := sign(secret, parts...)
	return subtle.ConstantTimeCompare(want[:], []byte(signature)) == 1
}

// sign returns the signature of all parts together.
func sign(secret string, parts ...string) [2 * sha256.Size]byte {
	h := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		_, _ = h.Write([]byte(p)) // a hash never fails
	}
	var sum [sha256.Size]byte
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], h.Sum(sum[:0]))
	return text
}
