package actors

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"dormouse/actors/channel"
	"dormouse/actors/courier"
	"dormouse/claims"
	"dormouse/persistence"
)

// Options are what a System needs and may be told. Store and Verifier are needed; the zero value of every
// other field means its default.
type Options struct {
	Store    *persistence.Store
	Verifier *claims.Verifier
	Ledger   claims.Ledger // of single-use tokens; nil: the store's

	// Channel is what every channel's core is told.
	Channel channel.Options
	// TuneChannel, if not nil, changes what one channel's core is told, each time that the channel wakes.
	TuneChannel func(Address, *channel.Options)
	// Events says where backend events go. Without endpoints there are none: nothing is written for them.
	Events courier.Options
	// Durability says what an actor's yes means; nil: persistence.Sync for all.
	Durability func(Address) persistence.Durability

	// IdleAfter is how long an actor that nobody needs stays in memory. Default 10 s.
	IdleAfter time.Duration
	// TurnOps and TurnBytes end a turn that the mailbox would keep going: 256 commands, 64 KiB written.
	// They bound how long an answer waits behind others', and how big a write-ahead entry is.
	TurnOps, TurnBytes int
	// MaxConnections bounds the clients of this node; beyond it they are refused with ErrUnavailable.
	// Default 1,000,000.
	MaxConnections int
	// MaxConnectionAge ends a connection after about this time, give or take the share ConnectionAgeSpread of it,
	// so that clients that came together do not leave and come back together. Default 24 h; negative: never.
	// Default 5 %; negative: exactly then.
	MaxConnectionAge    time.Duration
	ConnectionAgeSpread float64
	// KeepAlivePeriod is how often a client that asked for it gets KindKeepAlive. Default 570 s.
	KeepAlivePeriod time.Duration
	// ScheduleRate is how many schedules a second one connection may make in the long run, and ScheduleBurst
	// how many at once: each is kept until it is due, which may be years. Beyond that they are refused with
	// ErrRateLimited. Default 10 and 100.
	ScheduleRate  float64
	ScheduleBurst int
	// TokenScheduleRate and TokenScheduleBurst are the same for those who show a token with each call and have no
	// connection, for all the tokens of one uid together; without a uid, for one token. Default 10 and 1,000, as
	// many as one batch has.
	TokenScheduleRate  float64
	TokenScheduleBurst int
	// MaxTails bounds the tails of this node, and MaxChannelTails those of one channel, each of which makes it
	// encode once more; beyond them they are refused with ErrUnavailable. TailRate is how many frames a second
	// a tail gets that asked for no other, and TailQueue and TailQueueBytes how many wait for one that does not
	// read, a frame that is longer by itself; what is above that is left out, and counted. Defaults 64, 8, 100, 256,
	// 1 MiB.
	MaxTails, MaxChannelTails int
	TailRate                  float64
	TailQueue, TailQueueBytes int

	// MaxReplayBytes bounds what all channels together keep in memory for clients that may come back, see
	// channel.Options.ReplayBytes; beyond it, the channels that were used least lately let go of theirs.
	// Default 256 MiB.
	MaxReplayBytes int64
	// PageBytes ends a page of messages before the one that would make its data longer, and
	// StoragePageBytes a page of entries; a page has at least one. Default 4 MiB, which 100 values as
	// large as clients of Hotsock expect never reach; and 1 MiB.
	PageBytes, StoragePageBytes int

	// TraceShare, 0 to 1, is the share of commands of which the log tells where their time went: how long they
	// waited, took to be decided, and to be on disk. At most 1,000 a second; Stats counts the others. Default: none.
	TraceShare float64

	// Logger gets faults, panics and traces, from inside actors: it must not block. nil: slog.Default.
	Logger *slog.Logger
	// Intercept, if not nil, sees every command before its actor decides it, on the actor's goroutine. A
	// panic in it costs that command.
	Intercept func(a Address, cmd any)
}

// maxTailQueue bounds what a tail takes before a frame is in it.
const maxTailQueue = 1 << 20

// EnsureDefaults fills in what is zero.
func (o *Options) EnsureDefaults() {
	if o.Ledger == nil && o.Store != nil {
		o.Ledger = o.Store.Ledger()
	}
	if o.Durability == nil {
		o.Durability = func(Address) persistence.Durability { return persistence.Sync }
	}
	o.Channel.EnsureDefaults()
	setDefault(&o.MaxReplayBytes, 256<<20)
	setDefault(&o.IdleAfter, 10*time.Second)
	setDefault(&o.TurnOps, 256)
	setDefault(&o.TurnBytes, 64<<10)
	setDefault(&o.MaxConnections, 1_000_000)
	setDefault(&o.MaxConnectionAge, 24*time.Hour)
	setDefault(&o.ConnectionAgeSpread, .05)
	setDefault(&o.KeepAlivePeriod, 570*time.Second)
	setDefault(&o.PageBytes, 4<<20)
	setDefault(&o.StoragePageBytes, 1<<20)
	setDefault(&o.ScheduleRate, 10)
	setDefault(&o.ScheduleBurst, 100)
	setDefault(&o.TokenScheduleRate, 10)
	setDefault(&o.TokenScheduleBurst, 1000)
	setDefault(&o.MaxTails, 64)
	setDefault(&o.MaxChannelTails, 8)
	setDefault(&o.TailRate, 100)
	setDefault(&o.TailQueue, 256)
	setDefault(&o.TailQueueBytes, 1<<20)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Events.Logger == nil {
		o.Events.Logger = o.Logger
	}
	o.Events.EnsureDefaults()
}

// Validate names every field that is wrong.
func (o *Options) Validate() error {
	var errs []error
	wrong := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	wrong(o.Store == nil, "Store is missing")
	wrong(o.Verifier == nil, "Verifier is missing")
	wrong(o.IdleAfter < 0, "IdleAfter must not be negative")
	wrong(o.TurnOps < 0, "TurnOps must not be negative")
	wrong(o.TurnBytes < 0, "TurnBytes must not be negative")
	wrong(o.MaxConnections < 0, "MaxConnections must not be negative")
	wrong(!(o.ConnectionAgeSpread <= .5), "ConnectionAgeSpread must be 0.5 at most")
	wrong(o.MaxReplayBytes < 0, "MaxReplayBytes must not be negative")
	wrong(o.KeepAlivePeriod < 0, "KeepAlivePeriod must not be negative")
	wrong(!(o.ScheduleRate >= 0), "ScheduleRate must not be negative")
	wrong(o.ScheduleBurst < 0, "ScheduleBurst must not be negative")
	wrong(!(o.TokenScheduleRate >= 0), "TokenScheduleRate must not be negative")
	wrong(o.TokenScheduleBurst < 0, "TokenScheduleBurst must not be negative")
	wrong(o.MaxTails < 0, "MaxTails must not be negative")
	wrong(o.MaxChannelTails < 0, "MaxChannelTails must not be negative")
	wrong(!(o.TailRate >= 0), "TailRate must not be negative")
	wrong(o.TailQueueBytes < 0, "TailQueueBytes must not be negative")
	wrong(o.TailQueue < 0 || o.TailQueue > maxTailQueue, fmt.Sprintf("TailQueue must be from 0 to %d", maxTailQueue))
	if err := o.Events.Validate(); err != nil {
		errs = append(errs, err)
	}
	wrong(!(o.TraceShare >= 0 && o.TraceShare <= 1), "TraceShare must be from 0 to 1")
	wrong(o.PageBytes < 0, "PageBytes must not be negative")
	wrong(o.StoragePageBytes < 0, "StoragePageBytes must not be negative")
	return errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
