package hotsock

import (
	"context"
	"errors"
	"net/http"

	"dormouse/actors/channel"
)

// A Code is one refusal, as the outside knows it: the code of a frame's or a body's error object.
type Code struct {
	Name    string
	Status  int    // of the HTTP response that carries it; frames have none
	Meaning string // for documentation, without full stop
}

// Codes is every code that clients and backends can meet, those of malformed requests first. The engine's
// names are the protocol's own: nothing is translated but the status.
//
// Source: Hotsock docs, JavaScript client, "Errors", for six of them; the others are this server's.
var Codes = []Code{
	{"INVALID_MESSAGE", 400, "not JSON, not an object, a member of the wrong type, or one that is missing"},
	{"INVALID_CHANNEL", 400, "the channel's name breaks a rule for names"},
	{"INVALID_EVENT", 400, "the event's name breaks a rule for names, or is not for publishing"},
	{"INVALID_STORAGE_KEY", 400, "the storage key breaks a rule for keys"},
	{"INVALID_STORE", 400, "the retention is no number of seconds that is allowed here"},
	{"INVALID_SCHEDULE", 400, "the schedule cannot be read, is in the past, or cannot be served"},
	{"INVALID_REACTION", 400, "the reaction, its action or its message's id is missing or breaks a rule"},
	{"UNKNOWN_EVENT", 400, "a system event that this server does not have"},
	{"BAD_REQUEST", 400, "the WebSocket handshake is malformed"},
	{"URL_TOO_LONG", 414, "the address of a connect is over the limit; the token may go into a header"},
	{"DATA_TOO_LARGE", 413, "data is over the limit"},
	{"BODY_TOO_LARGE", 413, "the request's body is over the limit"},

	{"INVALID_CONNECT_TOKEN", 401, "the connect token is missing, malformed, expired, or not ours"},
	{"CONNECT_PERMISSION_DENIED", 403, "the token is good, but not for this connect: another scope, bound to a connection, or used before"},
	{"INVALID_SUBSCRIBE_TOKEN", 403, "the subscribe token is refused"},
	{"INVALID_UMD_TOKEN", 403, "the umd token is refused"},
	{"UNAUTHORIZED", 401, "no API key or a wrong one; no such connection or a wrong secret"},
	{"ORIGIN_DENIED", 403, "pages of this origin may not connect"},

	{"SUBSCRIBE_PERMISSION_DENIED", 403, "no token grants subscribe"},
	{"PUBLISH_PERMISSION_DENIED", 403, "no token grants publish or broadcast"},
	{"STORAGE_PERMISSION_DENIED", 403, "no token grants get, or set"},
	{"REACTION_PERMISSION_DENIED", 403, "no token grants this reaction to messages of that event"},
	{"REACTION_USER_ID_REQUIRED", 403, "reactions need a uid"},
	{"SCHEDULE_PERMISSION_DENIED", 403, "no token allows a schedule, or one that far"},
	{"INFO_PERMISSION_DENIED", 403, "no token grants getInfo"},
	{"UMD_UPDATE_PERMISSION_DENIED", 403, "the umd token does not grant umdUpdate here"},
	{"NOT_SUBSCRIBED", 403, "this needs a subscription to the channel"},
	{"ALREADY_SUBSCRIBED", 409, "the connection is subscribed to the channel"},
	{"PRESENCE_CHANNEL_USER_ID_REQUIRED", 403, "presence channels need a uid"},
	{"PRESENCE_CHANNEL_CAPACITY_REACHED", 409, "the list of members would be too large"},
	{"REACTION_CAPACITY_REACHED", 409, "the message has as many reactions as it may have"},

	{"NOT_FOUND", 404, "there is nothing at this path"},
	{"SCHEDULE_CAPACITY_REACHED", 409, "as much is scheduled on the channel as may be"},
	{"SCHEDULE_NOT_FOUND", 404, "no such schedule: it never was, has run, or was cancelled"},
	{"CONNECTION_NOT_FOUND", 404, "no such live connection on this server"},
	{"STORAGE_CONFLICT", 409, "an entry is not as ifVersion or ifAbsent says; nothing was written"},
	{"STORAGE_NOT_A_NUMBER", 409, "increment of an entry that is no number, or of too many digits; nothing was written"},
	{"MESSAGE_NOT_FOUND", 404, "no such stored message, or not for this reader"},
	{"METHOD_NOT_ALLOWED", 405, "the path does not take this method"},
	{"UPGRADE_REQUIRED", 426, "the path takes WebSocket connections only"},
	{"RATE_LIMITED", 429, "too many frames or connects; slow down"},
	{"UNAVAILABLE", 503, "the server is stopping, full, or was too slow; come again"},
	{"STORAGE_READ_ONLY", 503, "the server's disk is nearly full: nothing can be written"},
	{"INTERNAL_ERROR", 500, "the server is at fault; its log says more"},
}

// statusOf is Codes by name.
var statusOf = func() map[string]int {
	m := make(map[string]int, len(Codes))
	for _, c := range Codes {
		m[c.Name] = c.Status
	}
	return m
}()

// The refusals of this package's own.
var (
	errInvalidConnectToken = &channel.Error{Code: "INVALID_CONNECT_TOKEN", Message: "The connect token is invalid."}
	errConnectDenied       = &channel.Error{Code: "CONNECT_PERMISSION_DENIED", Message: "This token does not allow to connect."}
	errURLTooLong          = &channel.Error{Code: "URL_TOO_LONG", Message: "The address is too long."}
	errBodyTooLarge        = &channel.Error{Code: "BODY_TOO_LARGE", Message: "The request's body is too large."}
	errNotFound            = &channel.Error{Code: "NOT_FOUND", Message: "There is nothing here."}
	errMethodNotAllowed    = &channel.Error{Code: "METHOD_NOT_ALLOWED", Message: "This path does not take that method."}
)

// retryAfter is how many seconds those are asked to wait who met a 429 or 503.
const retryAfter = "5"

// refusalOf returns what the outside is told of err, nil if err is a fault that it is not told of.
func refusalOf(err error) *channel.Error {
	var refused *channel.Error
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &tooLarge):
		return errBodyTooLarge.With("The request's body is over %d bytes.", tooLarge.Limit)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return channel.ErrUnavailable.With("This was not answered in time. It may have happened or not.")
	}
	return nil
}

// writeRefusal answers with an error body, {"error":{"code":"…","message":"…"}}, and returns the status.
func writeRefusal(w http.ResponseWriter, e *channel.Error) int {
	status := statusOf[e.Code]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if w.Header().Get("Retry-After") == "" {
			w.Header().Set("Retry-After", retryAfter)
		}
	}
	writeJSON(w, status, append(appendRefusal([]byte(`{"error":`), e), '}'))
	return status
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone is told nothing
}
