package channel

import "fmt"

// An Error is a refusal: it answers one command, and the connection lives on. Code is the name that the
// Hotsock protocol uses on the wire; other protocols translate it by a table of their own.
type Error struct {
	Code    string
	Message string // one sentence for a person
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Is reports equal codes, so that errors.Is(err, ErrInvalidChannel) holds whatever the sentence says.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns the same refusal with another sentence, formatted as by fmt.Sprintf.
func (e *Error) With(format string, args ...any) *Error {
	return &Error{Code: e.Code, Message: fmt.Sprintf(format, args...)}
}

// Every refusal of the engine.
var (
	ErrAlreadySubscribed       = &Error{"ALREADY_SUBSCRIBED", "Already subscribed to this channel."}
	ErrNotSubscribed           = &Error{"NOT_SUBSCRIBED", "Not subscribed to this channel."}
	ErrSubscribeDenied         = &Error{"SUBSCRIBE_PERMISSION_DENIED", "Not allowed to subscribe to this channel."}
	ErrInvalidSubscribeToken   = &Error{"INVALID_SUBSCRIBE_TOKEN", "The subscribe token is invalid."}
	ErrPresenceUIDRequired     = &Error{"PRESENCE_CHANNEL_USER_ID_REQUIRED", "Presence channels require a uid."}
	ErrPresenceCapacityReached = &Error{"PRESENCE_CHANNEL_CAPACITY_REACHED", "The presence channel is full."}
	ErrInvalidMessage          = &Error{"INVALID_MESSAGE", "The message is invalid."}
	ErrInvalidChannel          = &Error{"INVALID_CHANNEL", "The channel name is invalid."}
	ErrInvalidEvent            = &Error{"INVALID_EVENT", "The event name is invalid."}
	ErrInvalidStorageKey       = &Error{"INVALID_STORAGE_KEY", "The storage key is invalid."}
	ErrInvalidStore            = &Error{"INVALID_STORE", "The retention is invalid."}
	ErrUnknownEvent            = &Error{"UNKNOWN_EVENT", "Unknown system event."}
	ErrDataTooLarge            = &Error{"DATA_TOO_LARGE", "The data is too large."}
	ErrPublishDenied           = &Error{"PUBLISH_PERMISSION_DENIED", "Not allowed to publish this event."}
	ErrScheduleDenied          = &Error{"SCHEDULE_PERMISSION_DENIED", "Not allowed to schedule that far."}
	ErrInvalidSchedule         = &Error{"INVALID_SCHEDULE", "The schedule is invalid."}
	ErrScheduleNotFound        = &Error{"SCHEDULE_NOT_FOUND", "No such schedule: it has run, or was cancelled."}
	ErrScheduleCapacityReached = &Error{"SCHEDULE_CAPACITY_REACHED", "The channel has no room for more schedules."}
	ErrStorageDenied           = &Error{"STORAGE_PERMISSION_DENIED", "Not allowed to use this key."}
	ErrInvalidUMDToken         = &Error{"INVALID_UMD_TOKEN", "The umd token is invalid."}
	ErrUMDUpdateDenied         = &Error{"UMD_UPDATE_PERMISSION_DENIED", "Not allowed to change this umd."}
	ErrReactionDenied          = &Error{"REACTION_PERMISSION_DENIED", "Not allowed to react like this to this message."}
	ErrReactionUIDRequired     = &Error{"REACTION_USER_ID_REQUIRED", "Reactions require a uid."}
	ErrReactionCapacityReached = &Error{"REACTION_CAPACITY_REACHED", "The message has as many reactions as it may have."}
	ErrInvalidReaction         = &Error{"INVALID_REACTION", "The reaction is invalid."}
	ErrStorageConflict         = &Error{"STORAGE_CONFLICT", "The entry is not as the condition says."}
	ErrStorageNotNumber        = &Error{"STORAGE_NOT_A_NUMBER", "The entry cannot be incremented."}
	ErrMessageNotFound         = &Error{"MESSAGE_NOT_FOUND", "No such message."}
	ErrConnectionNotFound      = &Error{"CONNECTION_NOT_FOUND", "No such connection."}
	ErrUnauthorized            = &Error{"UNAUTHORIZED", "The credentials are missing or wrong."}
	ErrInfoDenied              = &Error{"INFO_PERMISSION_DENIED", "Not allowed to read this channel's information."}
	ErrRateLimited             = &Error{"RATE_LIMITED", "Slow down."}
	ErrUnavailable             = &Error{"UNAVAILABLE", "The server is stopping or full. Try again later."}
	ErrReadOnly                = &Error{"STORAGE_READ_ONLY", "The server's disk is nearly full: nothing can be written until space is freed."}
	ErrInternal                = &Error{"INTERNAL_ERROR", "Something went wrong. Try again."}
)
