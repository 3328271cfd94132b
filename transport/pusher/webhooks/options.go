package webhooks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Options say how webhooks are delivered. The zero value works: of every field it means the default.
type Options struct {
	// Batch puts several events of one webhook into one request: what comes within BatchFor of the first, at most 100
	// events or 256 KiB. Default: one event each.
	Batch bool
	// BatchFor is how long a batch waits for more. Default 50 ms.
	BatchFor time.Duration
	// Timeout bounds one attempt, from the look-up of the name to the end of the answer. Default 10 s.
	Timeout time.Duration
	// RetryFor is how long an event is tried after its first attempt, with pauses of 1, 2, 4 … 60 s. Then it is
	// dropped. Default 5 min.
	RetryFor time.Duration
	// DenyPrivate refuses to connect to private networks, to this machine and to what clouds tell theirs, however a
	// name leads there. Set it where people who are not the operator's own may write webhooks. Default: any address.
	DenyPrivate bool

	// Concurrency is how many requests may be on their way at once, PerWebhook how many of one webhook. Defaults 256
	// and 8. A webhook begins with one, and has half of them after each failure.
	Concurrency, PerWebhook int
	// QueueEvents and QueueBytes bound what waits for one webhook: 10,000 events, 16 MiB. TotalBytes bounds all of
	// it: 64 MiB. An event counts with its data and half a KiB. Beyond, the oldest are dropped.
	QueueEvents, QueueBytes, TotalBytes int
	// Lookups is how many apps may be looked up at once. Default 32.
	Lookups int

	// Version is the server's, for the User-Agent.
	Version  string
	Listener Listener

	dial func(ctx context.Context, network, address string) (net.Conn, error) // tests give their own
}

// EnsureDefaults fills in what is zero.
func (o *Options) EnsureDefaults() {
	setDefault(&o.BatchFor, 50*time.Millisecond)
	setDefault(&o.Timeout, 10*time.Second)
	setDefault(&o.RetryFor, 5*time.Minute)
	setDefault(&o.Concurrency, 256)
	setDefault(&o.PerWebhook, 8)
	setDefault(&o.QueueEvents, 10_000)
	setDefault(&o.QueueBytes, 16<<20)
	setDefault(&o.TotalBytes, 64<<20)
	setDefault(&o.Lookups, 32)
	o.Listener.ensureDefaults()
}

// Validate names every field that is wrong.
func (o *Options) Validate() error {
	var errs []error
	positive := func(name string, value int64) {
		if value < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", name))
		}
	}
	positive("BatchFor", int64(o.BatchFor))
	positive("Timeout", int64(o.Timeout))
	positive("RetryFor", int64(o.RetryFor))
	positive("Concurrency", int64(o.Concurrency))
	positive("PerWebhook", int64(o.PerWebhook))
	positive("QueueEvents", int64(o.QueueEvents))
	positive("QueueBytes", int64(o.QueueBytes))
	positive("TotalBytes", int64(o.TotalBytes))
	positive("Lookups", int64(o.Lookups))
	return errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
