package courier

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options say where events go, and how much is kept until they are there. The zero value has no endpoints,
// so that there is no courier and no event; of every other field but Occurrences it means the default.
type Options struct {
	// Endpoints get the events that they want. Their names differ.
	Endpoints []Emitter
	// Occurrences takes those of tenants; nil: they are not written down. Its name differs from the Endpoints'.
	Occurrences Keeper
	// Version is the server's, for the metadata; "": it is left out.
	Version string

	// Backlog is the number of events in the outbox beyond which Listener.Backlogged tells. None is lost by
	// that. Default 100,000.
	Backlog int
	// MaxDead bounds the dead letters; beyond it the oldest are dropped, and Listener.Dropped tells.
	// Default 10,000.
	MaxDead int
	// RetryFor is how long an event may be tried before it becomes a dead letter. Default 24 h.
	RetryFor time.Duration
	// Concurrency is how many events of one endpoint may be on their way at once. Default 16.
	Concurrency int
	// Window and WindowBytes bound what an endpoint holds of the backlog in memory: 1,024 events, 8 MiB.
	// The last event may go beyond the bytes.
	Window, WindowBytes int

	Listener Listener
	// Logger gets faults of the store; nil: slog.Default.
	Logger *slog.Logger
}

// EnsureDefaults fills in what is zero.
func (o *Options) EnsureDefaults() {
	setDefault(&o.Backlog, 100_000)
	setDefault(&o.MaxDead, 10_000)
	setDefault(&o.RetryFor, 24*time.Hour)
	setDefault(&o.Concurrency, 16)
	setDefault(&o.Window, 1024)
	setDefault(&o.WindowBytes, 8<<20)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Listener.ensureDefaults()
}

// Validate names every field that is wrong.
func (o *Options) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int
	}{{"Backlog", o.Backlog}, {"MaxDead", o.MaxDead}, {"Concurrency", o.Concurrency}, {"Window", o.Window}, {"WindowBytes", o.WindowBytes}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s must not be negative", f.name))
		}
	}
	if o.RetryFor < 0 {
		errs = append(errs, errors.New("RetryFor must not be negative"))
	}
	names := map[string]bool{}
	check := func(name string) {
		if name == "" || len(name) > maxNameSize {
			errs = append(errs, fmt.Errorf("option Endpoints: a name has 1 to %d bytes", maxNameSize))
		}
		if names[name] {
			errs = append(errs, fmt.Errorf("option Endpoints: %s is there twice", name))
		}
		names[name] = true
	}
	for _, e := range o.Endpoints {
		check(e.Name())
	}
	if o.Occurrences != nil {
		check(o.Occurrences.Name())
	}
	return errors.Join(errs...)
}

// Empty says that events go nowhere, so that no courier is needed.
func (o *Options) Empty() bool { return len(o.Endpoints) == 0 && o.Occurrences == nil }

// maxNameSize bounds the names of endpoints, which are part of keys on disk and labels of metrics.
const maxNameSize = 200

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
