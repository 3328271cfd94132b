package pusher

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"dormouse/actors/channel"
)

// A Form is how a refusal is told.
type Form uint8

// The forms of refusals.
const (
	FormError        Form = iota // a pusher:error frame; the connection stays
	FormSubscription             // a pusher:subscription_error frame; the connection stays
	FormClose                    // a pusher:error frame, and the connection is closed with its code and text
	FormSilentClose              // the connection is closed with the code and text
	FormHTTP                     // the status and body of an answer
)

// A Refusal is one row of what this protocol says no with. Texts and codes are byte for byte what SDKs and their
// users know, misspelt words included.
type Refusal struct {
	Name string // the Code of the *channel.Error that stands for it inside the server
	Form Form
	Type string // of FormSubscription
	Code int    // on the wire: a close code, a code, a status; 0: null
	Text string // with a %s for the name or limit that is in it, if one is
}

// A refusal is a place in Refusals.
type refusal int

const (
	refuseClosing refusal = iota
	refuseUnknownKey
	refuseDisabled
	refuseOrigin
	refuseVersionText
	refuseVersion
	refuseQuota
	refuseLookup
	refuseClosed
	refuseNoPong
	refuseNoUser
	refuseSignin
	refuseSigninID
	refuseTerminated
	refuseAbuse
	refuseSlow

	refuseMessage
	refuseEvent
	refuseClientKind
	refuseNotMember
	refuseClientOff
	refuseClientName
	refuseClientSize
	refuseClientRate
	refuseWatchlist
	refuseFault

	refuseAuth
	refuseChannelData
	refuseChannelName
	refuseChannelLength
	refuseMembers
	refuseMemberSize
	refuseChannels
	refuseSubscribeFault

	refuseData
	refuseLongChannel
	refuseManyChannels
	refuseEventName
	refuseBatchSize
	refuseUserCount
	refuseNotPresence
	refuseStorageKey
	refuseStore
	refuseSecret
	refuseTimestamp
	refuseDisabledApp
	refuseUnknownApp
	refuseNoEntry
	refuseMethod
	refusePayload
	refuseEntrySize
	refuseBody
	refuseRate
	refuseServer
	refuseNoLookup
	refuseBusy
)

// faultText is misspelt, as it is in the server whose users know it; in two parts, so that nobody corrects it.
const faultText = "A server error has " + "occur" + "ed."

// Refusals is every refusal of this protocol.
//
// Source: Pusher docs, WebSocket protocol, "Error codes" and "Subscription errors", and HTTP API; and the texts of
// the server whose users expect them.
var Refusals = [...]Refusal{
	refuseClosing:     {"PUSHER_CLOSING", FormClose, "", 4200, "Server is closing. Please reconnect shortly."},
	refuseUnknownKey:  {"PUSHER_UNKNOWN_KEY", FormClose, "", 4001, "App key %s does not exist."},
	refuseDisabled:    {"PUSHER_APP_DISABLED", FormClose, "", 4003, "The app is not enabled."},
	refuseOrigin:      {"PUSHER_ORIGIN_DENIED", FormClose, "", 4009, "Origin not allowed"},
	refuseVersionText: {"PUSHER_BAD_VERSION", FormClose, "", 4006, "Invalid version string format"},
	refuseVersion:     {"PUSHER_UNSUPPORTED_VERSION", FormClose, "", 4007, "Unsupported protocol version"},
	refuseQuota:       {"PUSHER_QUOTA_REACHED", FormClose, "", 4100, "The current concurrent connections quota has been reached."},
	refuseLookup:      {"PUSHER_LOOKUP_FAILED", FormClose, "", 4100, "App lookup failed. Please try again."},
	refuseClosed:      {"PUSHER_CLOSED", FormClose, "", 4200, "Server closed. Please reconnect shortly."},
	refuseNoPong:      {"PUSHER_NO_PONG", FormSilentClose, "", 4201, "Pong reply not received"},
	refuseNoUser:      {"PUSHER_USER_TIMEOUT", FormClose, "", 4009, "Connection not authorized within timeout."},
	refuseSignin:      {"PUSHER_SIGNIN_DENIED", FormClose, "", 4009, "Connection not authorized."},
	refuseSigninID:    {"PUSHER_SIGNIN_WITHOUT_ID", FormClose, "", 4009, `The returned user data must contain the "id" field.`},
	refuseTerminated:  {"PUSHER_TERMINATED", FormClose, "", 4009, "You got disconnected by the app."},
	refuseAbuse:       {"PUSHER_ABUSE", FormClose, "", 4100, "Too many invalid messages."},
	refuseSlow:        {"PUSHER_SLOW", FormSilentClose, "", 4100, "Slow consumer"},

	refuseMessage:    {"PUSHER_INVALID_MESSAGE", FormError, "", 0, "Invalid message format"},
	refuseEvent:      {"PUSHER_UNSUPPORTED_EVENT", FormError, "", 0, "Unsupported event received"},
	refuseClientKind: {"PUSHER_CLIENT_EVENT_DENIED", FormError, "", 0, "Client event rejected - only supported on private and presence channels"},
	refuseNotMember:  {"PUSHER_NOT_SUBSCRIBED", FormError, "", 4009, "The client is not a member of the specified channel."},
	refuseClientOff:  {"PUSHER_CLIENT_EVENTS_OFF", FormError, "", 4301, "The app does not have client messaging enabled."},
	refuseClientName: {"PUSHER_CLIENT_EVENT_NAME", FormError, "", 4301, "Event name is too long. Maximum allowed size is %s."},
	refuseClientSize: {"PUSHER_CLIENT_EVENT_SIZE", FormError, "", 4301, "The event data should be less than %s KB."},
	refuseClientRate: {"PUSHER_CLIENT_EVENT_RATE", FormError, "", 4301, "The rate limit for sending client events exceeded the quota."},
	refuseWatchlist:  {"PUSHER_WATCHLIST_TOO_LONG", FormError, "", 4302, "Watchlist limit exceeded."},
	refuseFault:      {"PUSHER_FAULT", FormError, "", 4302, faultText},

	refuseAuth:           {"PUSHER_UNAUTHORIZED", FormSubscription, "AuthError", 401, "The connection is unauthorized."},
	refuseChannelData:    {"PUSHER_CHANNEL_DATA", FormSubscription, "AuthError", 4009, "Invalid channel_data."},
	refuseChannelName:    {"PUSHER_CHANNEL_NAME", FormSubscription, "InvalidChannel", 4009, "The channel name is not allowed. Read channel conventions: https://pusher.com/docs/channels/using_channels/channels/#channel-naming-conventions"},
	refuseChannelLength:  {"PUSHER_CHANNEL_LENGTH", FormSubscription, "LimitReached", 4009, "The channel name is longer than the allowed %s characters."},
	refuseMembers:        {"PUSHER_MEMBERS", FormSubscription, "LimitReached", 4100, "The maximum members per presence channel limit was reached"},
	refuseMemberSize:     {"PUSHER_MEMBER_SIZE", FormSubscription, "LimitReached", 4301, "The maximum size for a channel member is %s KB."},
	refuseChannels:       {"PUSHER_CHANNELS", FormSubscription, "LimitReached", 4100, "The maximum of %s channels per connection was reached"},
	refuseSubscribeFault: {"PUSHER_SUBSCRIBE_FAULT", FormSubscription, "ServerError", 4302, faultText},

	refuseData:         {"PUSHER_INCORRECT_DATA", FormHTTP, "", 400, "The received data is incorrect"},
	refuseLongChannel:  {"PUSHER_LONG_CHANNEL", FormHTTP, "", 400, "The channel name is longer than the allowed %s characters."},
	refuseManyChannels: {"PUSHER_MANY_CHANNELS", FormHTTP, "", 400, "Cannot broadcast to more than %s channels at once"},
	refuseEventName:    {"PUSHER_EVENT_NAME", FormHTTP, "", 400, "Event name is too long. Maximum allowed size is %s."},
	refuseBatchSize:    {"PUSHER_BATCH_SIZE", FormHTTP, "", 400, "Cannot batch-send more than %s messages at once"},
	refuseUserCount:    {"PUSHER_USER_COUNT", FormHTTP, "", 400, "user_count is only available for presence channels"},
	refuseNotPresence:  {"PUSHER_NOT_PRESENCE", FormHTTP, "", 400, "The channel must be a presence channel."},
	refuseStorageKey:   {"PUSHER_STORAGE_KEY", FormHTTP, "", 400, "The storage key is not allowed: %s."},
	refuseStore:        {"PUSHER_STORE", FormHTTP, "", 400, "store is how many seconds the entry is kept, 1 to %s, or -1: for ever."},
	refuseSecret:       {"PUSHER_SECRET", FormHTTP, "", 401, "The secret authentication failed"},
	refuseTimestamp:    {"PUSHER_TIMESTAMP", FormHTTP, "", 401, "Timestamp expired: not within %ss of server time."},
	refuseDisabledApp:  {"PUSHER_DISABLED_APP", FormHTTP, "", 403, "The app is not enabled."},
	refuseUnknownApp:   {"PUSHER_UNKNOWN_APP", FormHTTP, "", 404, "The app %s could not be found."},
	refuseNoEntry:      {"PUSHER_NO_ENTRY", FormHTTP, "", 404, "The channel has no entry of this key."},
	refuseMethod:       {"PUSHER_METHOD", FormHTTP, "", 405, "The method is not allowed."},
	refusePayload:      {"PUSHER_PAYLOAD_SIZE", FormHTTP, "", 413, "The event data should be less than %s KB."},
	refuseEntrySize:    {"PUSHER_ENTRY_SIZE", FormHTTP, "", 413, "The data of an entry should be at most %s bytes."},
	refuseBody:         {"PUSHER_BODY_SIZE", FormHTTP, "", 413, "The payload size is too big."},
	refuseRate:         {"PUSHER_RATE", FormHTTP, "", 429, "Too many requests."},
	refuseServer:       {"PUSHER_SERVER", FormHTTP, "", 500, faultText},
	refuseNoLookup:     {"PUSHER_NO_LOOKUP", FormHTTP, "", 503, "App lookup failed."},
	refuseBusy:         {"PUSHER_BUSY", FormHTTP, "", 503, "The server is stopping or full. Try again later."},
}

// byName is Refusals by their names.
var byName = func() map[string]refusal {
	m := make(map[string]refusal, len(Refusals))
	for i := range Refusals {
		m[Refusals[i].Name] = refusal(i)
	}
	return m
}()

// error returns the refusal as commands and messages carry it. about fills the text's %s.
func (r refusal) error(about ...any) *channel.Error {
	row := &Refusals[r]
	if len(about) == 0 {
		return &channel.Error{Code: row.Name, Message: row.Text}
	}
	return &channel.Error{Code: row.Name, Message: fmt.Sprintf(row.Text, about...)}
}

// closeOf returns how a connection ends with e, and whether it does.
func closeOf(e *channel.Error) (c channel.Close, ends bool) {
	row := &Refusals[told(e, "")]
	if row.Form != FormClose && row.Form != FormSilentClose {
		return channel.Close{}, false
	}
	return channel.Close{Code: row.Code, Reason: cut(e.Message, maxReason)}, true
}

// maxReason is what a close frame has room for, RFC 6455 section 5.5.1.
const maxReason = 123

// cut returns at most n bytes of s, without half a character at its end.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// refOfSubscribe is the Ref that a subscribe command has, since this protocol's clients have none: a refusal that
// comes back with it is told as a subscription's.
const refOfSubscribe = "subscribe"

// told returns the row by which a connection is told e: its own, or what stands for one of the engine's.
func told(e *channel.Error, ref string) refusal {
	if r, ok := byName[e.Code]; ok {
		return r
	}
	switch e.Code {
	case channel.ErrNotSubscribed.Code:
		return refuseNotMember
	case channel.ErrPresenceCapacityReached.Code:
		return refuseMembers
	case channel.ErrInvalidMessage.Code:
		return refuseMessage
	case channel.ErrRateLimited.Code:
		return refuseClientRate
	}
	if ref == refOfSubscribe {
		return refuseSubscribeFault
	}
	return refuseFault
}

// appendError appends the frame that tells e, nothing if it is a close without one. The words are e's own only if
// e is one of this package's.
func appendError(dst []byte, e *channel.Error, name, ref string) []byte {
	r := told(e, ref)
	row := &Refusals[r]
	text := row.Text
	if e.Code == row.Name {
		text = e.Message
	}
	if row.Form == FormSilentClose {
		return dst
	}
	event := `{"event":"pusher:error"`
	if row.Form == FormSubscription {
		event = `{"event":"pusher:subscription_error"`
	}
	dst = append(dst, event...)
	if name != "" {
		dst = appendString(append(dst, `,"channel":`...), name)
	}
	if row.Form == FormSubscription {
		dst = appendString(append(dst, `,"data":{"type":`...), row.Type)
		dst = appendString(append(dst, `,"error":`...), text)
		dst = appendCode(append(dst, `,"status":`...), row.Code)
		return append(dst, `}}`...)
	}
	dst = appendCode(append(dst, `,"data":{"code":`...), row.Code)
	dst = appendString(append(dst, `,"message":`...), text)
	return append(dst, `}}`...)
}

// appendClose appends the frame that tells a close, nothing if its code is none of this protocol's.
func appendClose(dst []byte, c channel.Close) []byte {
	if c.Code < 4000 || c.Code > 4299 {
		return dst
	}
	dst = appendCode(append(dst, `{"event":"pusher:error","data":{"code":`...), c.Code)
	dst = appendString(append(dst, `,"message":`...), c.Reason)
	return append(dst, `}}`...)
}

func appendCode(dst []byte, code int) []byte {
	if code == 0 {
		return append(dst, `null`...)
	}
	return strconv.AppendInt(dst, int64(code), 10)
}

// answerOf returns what an HTTP caller is told of err; fault says that it is the server's, and to be logged.
func answerOf(err error) (e *channel.Error, status int, fault bool) {
	var refused *channel.Error
	if !errors.As(err, &refused) {
		return refuseServer.error(), http.StatusInternalServerError, true
	}
	if r, ok := byName[refused.Code]; ok && Refusals[r].Form == FormHTTP {
		return refused, Refusals[r].Code, false
	}
	switch refused.Code {
	case channel.ErrUnavailable.Code, channel.ErrReadOnly.Code:
		return refuseBusy.error(), http.StatusServiceUnavailable, false
	}
	return refuseServer.error(), http.StatusInternalServerError, true
}

// number is a limit as JavaScript prints it.
func number(n float64) string { return jsontext.Float(n).String() }
