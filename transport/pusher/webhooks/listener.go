package webhooks

import "time"

// A Listener is a set of functions that metrics and logs hang on; nil ones are not called. They are called from
// several goroutines at once, some with a lock held, and must neither block nor call the Dispatcher.
//
// app is an app's id, and target what tells its webhooks apart in logs: the host, or the function's name. Neither
// holds a secret, as a URL may.
type Listener struct {
	// Attempt: a request with so many events has ended after so long; err is nil if it was taken.
	Attempt func(app, target string, events int, took time.Duration, err error)
	// Lost: events will not be told to a webhook, or to none if target is "".
	Lost func(app, target string, events int, why Loss)
	// Calmed: so many events were not told since whoever had left has returned in time.
	Calmed func(app string, events int)
	// Down: a webhook has failed several times in a row, and gets one request at a time, or it takes events again.
	Down func(app, target string, down bool, reason string)
}

// Loss is why an event was dropped, and a label in metrics.
type Loss string

// Every loss.
const (
	LostRefused Loss = "refused" // every attempt failed, for Options.RetryFor
	LostFull    Loss = "full"    // the queue was full
	LostRemoved Loss = "removed" // the webhook was taken out of the app's record
	LostGone    Loss = "gone"    // the app is
)

func (l *Listener) ensureDefaults() {
	if l.Attempt == nil {
		l.Attempt = func(string, string, int, time.Duration, error) {}
	}
	if l.Lost == nil {
		l.Lost = func(string, string, int, Loss) {}
	}
	if l.Calmed == nil {
		l.Calmed = func(string, int) {}
	}
	if l.Down == nil {
		l.Down = func(string, string, bool, string) {}
	}
}

// Stats are what waits and is on its way at one moment.
type Stats struct {
	Occurrences int // not settled yet
	Queued      int // the same for each webhook that is to have it; those on their way too
	Unsorted    int // whose app is being looked up
	Held        int // of those who have left and may return
	Bytes       int // of all that waits, as Options.TotalBytes counts
	Requests    int // on their way
	Apps        int // that have something waiting
	Down        int // webhooks
}
