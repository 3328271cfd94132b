package sigv4

import (
	"fmt"
	"net/http"
)

// An Error is why a request is not let in. Code is the name by which SDKs know it, and Message says it to
// people; neither holds a secret, nor a signature that would be right.
type Error struct {
	Status  int // of the HTTP answer
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(status int, code, format string, args ...any) *Error {
	return &Error{status, code, fmt.Sprintf(format, args...)}
}

// missing: there is no signature at all.
func missing(format string, args ...any) *Error {
	return refuse(http.StatusForbidden, "MissingAuthenticationTokenException", format, args...)
}

// incomplete: there is one, but not as it must be written.
func incomplete(format string, args ...any) *Error {
	return refuse(http.StatusBadRequest, "IncompleteSignatureException", format, args...)
}

// unknown: it is of somebody else.
func unknown(format string, args ...any) *Error {
	return refuse(http.StatusForbidden, "UnrecognizedClientException", format, args...)
}

// invalid: it is not of this request. SDKs look at the answer's Date then, and try once more if theirs is
// another.
func invalid(format string, args ...any) *Error {
	return refuse(http.StatusForbidden, "InvalidSignatureException", format, args...)
}
