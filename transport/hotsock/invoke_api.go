package hotsock

import (
	"errors"
	"net/http"

	"dormouse/actors"
	"dormouse/actors/channel"
	"dormouse/transport/sigv4"
)

// Hotsock's backends publish by invoking an AWS Lambda function. Those that do it with an AWS SDK need only
// another address and another access key here: the call's path, headers and answers have the shape of
// Lambda's Invoke, and its payload is the body of a publish. There is one function, whatever its name.
//
// An AWS error, with its status and X-Amzn-ErrorType, says that nothing was invoked: SDKs raise it. A publish
// that is refused is the function's own error, as Lambda tells such: status 200, X-Amz-Function-Error, and
// errorType and errorMessage in the body.
//
// Source: AWS Lambda, API Reference, "Invoke"; Hotsock docs, Server API, "Publishing with Lambda".

// The kinds of invocation, in X-Amz-Invocation-Type.
const (
	invokeAndWait = "RequestResponse" // the default
	invokeEvent   = "Event"           // nobody waits for the outcome
	invokeDryRun  = "DryRun"          // credentials and JSON are looked at, nothing else happens
)

// invokeService is the service's name in credentials.
const invokeService = "lambda"

func invokeRoutes() []route {
	return []route{{
		method: http.MethodPost, path: []string{"2015-03-31", "functions", anySegment, "invocations"},
		name: "lambda invoke", serve: (*Handler).invoke,
	}}
}

// invoke serves POST /2015-03-31/functions/{name or ARN}/invocations.
func (h *Handler) invoke(c *call) error {
	from := h.origin(c, channel.TriggerServerLambda)
	from.SourceIP, from.UserAgent = "", "" // Lambda does not say
	c.w.Header().Set("X-Amzn-Requestid", from.RequestID)
	b, kind, err := h.invocation(c)
	if err != nil {
		return c.awsError(err)
	}
	if kind == invokeDryRun {
		return c.empty(http.StatusNoContent)
	}
	answer, err := h.runInvocation(c, b, from)
	c.w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	if err == nil {
		if kind == invokeEvent {
			return c.empty(http.StatusAccepted)
		}
		return c.answer(http.StatusOK, answer)
	}
	refused := h.refusal(c.r, "lambda invoke", err)
	if kind == invokeEvent {
		h.o.Logger.Warn("an event invocation was refused", "request", from.RequestID, "code", refused.Code, "reason", refused.Message)
		err = c.empty(http.StatusAccepted)
	} else {
		c.w.Header().Set("X-Amz-Function-Error", "Unhandled")
		body := appendString([]byte(`{"errorType":`), refused.Code)
		body = appendString(append(body, `,"errorMessage":`...), refused.Message)
		err = c.answer(http.StatusOK, append(body, '}'))
	}
	if c.status = statusOf[refused.Code]; c.status == 0 { // metrics count what /publish would have answered
		c.status = http.StatusInternalServerError
	}
	return err
}

// invocation finds out who calls, and reads what for.
//
// Errors: *sigv4.Error, also for what is not about signatures.
func (h *Handler) invocation(c *call) (b *body, kind string, err error) {
	pending, err := h.o.AccessKeys.Begin(c.r, invokeService, h.o.now())
	if err != nil {
		return nil, "", err
	}
	data, err := readRaw(c, h.o.MaxBody)
	if err != nil {
		return nil, "", bodyError(err)
	}
	if err := pending.Body(data); err != nil {
		return nil, "", err
	}
	switch kind = c.r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "":
		kind = invokeAndWait
	case invokeAndWait, invokeEvent, invokeDryRun:
	default:
		return nil, "", &sigv4.Error{Status: http.StatusBadRequest, Code: "InvalidParameterValueException",
			Message: "X-Amz-Invocation-Type must be RequestResponse, Event or DryRun."}
	}
	b = &body{publishForm.names, make([]value, len(publishForm.names))}
	if err := scanObject(orObject(data), b.names, b.values); err != nil {
		return nil, "", &sigv4.Error{Status: http.StatusBadRequest, Code: "InvalidRequestContentException",
			Message: "Could not parse request body into json: " + err.Error() + "."}
	}
	return b, kind, nil
}

// runInvocation publishes what a payload says.
func (h *Handler) runInvocation(c *call, b *body, from actors.Origin) ([]byte, error) {
	if err := b.check(publishForm.memberKinds); err != nil {
		return nil, err
	}
	if err := b.need(publishForm.required...); err != nil {
		return nil, err
	}
	return h.acceptPublish(c, b, from, false)
}

// bodyError says in AWS's names why a body could not be read.
func bodyError(err error) error {
	e := &sigv4.Error{Status: http.StatusBadRequest, Code: "InvalidRequestContentException", Message: err.Error()}
	if refused := refusalOf(err); refused != nil {
		e.Message = refused.Message
	}
	if errors.Is(err, errBodyTooLarge) {
		e.Status, e.Code = http.StatusRequestEntityTooLarge, "RequestTooLargeException"
	}
	return e
}

// awsError answers with an error as SDKs read it.
func (c *call) awsError(err error) error {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		return err
	}
	c.w.Header().Set("X-Amzn-Errortype", e.Code)
	body := appendString([]byte(`{"Type":"User","message":`), e.Message)
	return c.answer(e.Status, append(body, '}'))
}

// empty answers without a body.
func (c *call) empty(status int) error {
	c.status = status
	c.w.WriteHeader(status)
	return nil
}
