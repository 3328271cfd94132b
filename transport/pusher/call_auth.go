package pusher

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dormouse/actors/channel"
	"dormouse/claims"
)

// authVersion is the only one there ever was.
const authVersion = "1.0"

// maxParams bounds what is sorted and joined for a caller who has shown nothing yet.
const maxParams = 64

// A param is one parameter of a query, as it was written and as it was meant.
type param struct {
	rawName, rawValue string
	name, value       string
}

// params are a query's parameters. SDKs differ in what they escape: some sign and send plain text, others sign the
// plain text and send it escaped. So each has both forms, and which one was meant is what the signature says.
type params struct {
	all []param
	raw bool // the signature was that of the text as it was written
}

// readParams splits a query. A text whose escapes cannot be read stands for itself.
func readParams(query string) (*params, *channel.Error) {
	ps := &params{all: make([]param, 0, 8)}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		if len(ps.all) == maxParams {
			return nil, refuseSecret.error()
		}
		name, value, _ := strings.Cut(pair, "=")
		ps.all = append(ps.all, param{name, value, unescaped(name), unescaped(value)})
	}
	return ps, nil
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// get returns the value of the first parameter of that name, "" if there is none.
func (ps *params) get(name string) string {
	for i := range ps.all {
		switch p := &ps.all[i]; {
		case ps.raw && p.rawName == name:
			return p.rawValue
		case !ps.raw && p.name == name:
			return p.value
		}
	}
	return ""
}

// check says what is wrong with a query, as far as that can be seen without the body: whose key it is, of which
// version, and from when. tolerance 0: any time.
func (ps *params) check(app *claims.App, at time.Time, tolerance time.Duration) *channel.Error {
	if ps.get("auth_key") != app.Key || ps.get("auth_version") != authVersion {
		return refuseSecret.error()
	}
	if tolerance == 0 {
		return nil
	}
	seconds, err := strconv.ParseInt(ps.get("auth_timestamp"), 10, 64)
	// The bounds are compared, and no difference made, which could overflow.
	if err != nil || seconds < at.Add(-tolerance).Unix() || seconds > at.Add(tolerance).Unix() {
		return refuseTimestamp.error(strconv.FormatInt(int64(tolerance/time.Second), 10))
	}
	return nil
}

// verify says whether a call is signed by the app: method, path as it was written, query and body. The query and
// the path are each tried as plain text and as written. It notes which form of the query it was.
//
// Source: Pusher docs, HTTP API, "Generating authentication signatures".
func (ps *params) verify(app *claims.App, method, path string, body []byte) *channel.Error {
	sent, given := ps.find("body_md5")
	if given || len(body) > 0 {
		if sum := md5.Sum(body); sent != hex.EncodeToString(sum[:]) {
			return refuseSecret.error()
		}
	}
	paths := []string{path}
	if plain, err := url.PathUnescape(path); err == nil && plain != path {
		paths = append(paths, plain)
	}
	signature := ps.get("auth_signature")
	tried := ""
	for _, raw := range []bool{false, true} {
		query := ps.joined(raw)
		if raw && query == tried {
			break
		}
		tried = query
		for _, p := range paths {
			if signed(app, signature, method, "\n", p, "\n", query) {
				ps.raw = raw
				return nil
			}
		}
	}
	return refuseSecret.error()
}

func (ps *params) find(name string) (value string, ok bool) {
	i := slices.IndexFunc(ps.all, func(p param) bool { return p.name == name })
	if i < 0 {
		return "", false
	}
	return ps.all[i].value, true
}

// joined is the query as it is signed: all parameters but the signature, sorted by name.
func (ps *params) joined(raw bool) string {
	pairs := make([][2]string, 0, len(ps.all))
	size := 0
	for _, p := range ps.all {
		pair := [2]string{p.name, p.value}
		if raw {
			pair = [2]string{p.rawName, p.rawValue}
		}
		if pair[0] == "auth_signature" {
			continue
		}
		pairs = append(pairs, pair)
		size += len(pair[0]) + len(pair[1]) + 2
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	text := make([]byte, 0, size)
	for i, pair := range pairs {
		if i > 0 {
			text = append(text, '&')
		}
		text = append(append(append(text, pair[0]...), '='), pair[1]...)
	}
	return string(text)
}
