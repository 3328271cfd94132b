package channel

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"dormouse/claims"
)

// Options are the bounds and habits of a channel. The zero value works: EnsureDefaults, which [New]
// calls, puts the default where a field is zero.
type Options struct {
	// NotifyExpiry tells observers when any entry expires. Default: only when its writer asked for it.
	NotifyExpiry bool
	// MaxData bounds one message's or entry's data, in bytes. Default 262,144.
	MaxData int
	// Presence says whether the channel has members. Default: its name says so, as Hotsock has it.
	Presence Presence
	// FirstUMD makes a member's umd that of its first subscription, while that lasts, and then of the next; nobody is
	// told when it changes. Default: it is the one that was set last, and all are told. Not together with LeaveGrace.
	FirstUMD bool
	// MaxPresenceBytes bounds a presence channel's list of members, in bytes of compact JSON: all of it
	// goes to everybody at each change. Default 102,400; negative: it has no bound, for who subscribes has one.
	MaxPresenceBytes int
	// LeaveGrace is for how long a member whose connection broke is kept: if it is back by then, nobody hears
	// that it was away. Default: not at all.
	LeaveGrace time.Duration
	// MemberDeltas tells of members without the list: who subscribes reads it once, and then what changes.
	// Default: each change has the whole list, as Hotsock's clients expect.
	MemberDeltas bool
	// Occurrences makes backend events those of the Pusher protocol (occurrences.go), and keeps a ledger of who is
	// here, so that they are true over a crash. Default: Hotsock's. Not together with LeaveGrace.
	Occurrences bool
	// LedgerGrace is for how long those who were here when a process died may come back before backends are told that
	// they have left. Default 10 s.
	LedgerGrace time.Duration
	// MaxReactions bounds how many reactions one message has, of all users together: who lists them reads
	// them all. Default 10,000.
	MaxReactions int
	// MaxReactionKinds bounds how many different ones it has: their counts are one row, written anew with
	// each of them. Default 100.
	MaxReactionKinds int
	// SnapshotEntries is how many entries one step tells a new subscription, see [Channel.ShowRest]. Default 1,000.
	SnapshotEntries int
	// DedupWindow is for how long a deduplication id lets nothing else through. Each costs two rows as
	// long. Default 5 minutes.
	DedupWindow time.Duration
	// MaxSchedules bounds the schedules that wait on one channel: each is kept with its data, and all may be
	// due at once. Default 10,000.
	MaxSchedules int

	// ReplayFor is for how long a client that asked may come back and be told what it missed. Default 5
	// minutes.
	ReplayFor time.Duration
	// ReplayEntries and ReplayBytes bound what is kept for that, on one channel: beyond them, the oldest
	// is let go of, and who comes back for that gets a snapshot. Defaults 1,000 and 1 MiB; negative: none.
	ReplayEntries, ReplayBytes int
}

// Presence says whether a channel has members.
type Presence uint8

// The zero value lets the name decide, by [claims.IsPresence].
const (
	PresenceByName Presence = iota
	PresenceAlways
	PresenceNever
)

// EnsureDefaults gives every field that is zero its default.
func (o *Options) EnsureDefaults() {
	if o.MaxData == 0 {
		o.MaxData = 256 << 10
	}
	if o.MaxPresenceBytes == 0 {
		o.MaxPresenceBytes = 100 << 10
	}
	if o.LedgerGrace == 0 {
		o.LedgerGrace = 10 * time.Second
	}
	if o.MaxReactions == 0 {
		o.MaxReactions = 10_000
	}
	if o.MaxReactionKinds == 0 {
		o.MaxReactionKinds = 100
	}
	if o.SnapshotEntries == 0 {
		o.SnapshotEntries = snapshotEntries
	}
	if o.DedupWindow == 0 {
		o.DedupWindow = 5 * time.Minute
	}
	if o.MaxSchedules == 0 {
		o.MaxSchedules = 10_000
	}
	if o.ReplayFor == 0 {
		o.ReplayFor = 5 * time.Minute
	}
	if o.ReplayEntries == 0 {
		o.ReplayEntries = 1000
	}
	if o.ReplayBytes == 0 {
		o.ReplayBytes = 1 << 20
	}
}

// Validate names every field that is out of range.
func (o *Options) Validate() error {
	var errs []error
	if o.MaxData < 0 {
		errs = append(errs, fmt.Errorf("MaxData is %d: it must not be negative", o.MaxData))
	}
	if o.Presence > PresenceNever {
		errs = append(errs, fmt.Errorf("Presence is %d: it must be 0 to %d", o.Presence, PresenceNever))
	}
	if o.LeaveGrace < 0 {
		errs = append(errs, fmt.Errorf("LeaveGrace is %v: it must not be negative", o.LeaveGrace))
	}
	if o.LeaveGrace > 0 && (o.FirstUMD || o.Occurrences) {
		errs = append(errs, errors.New("LeaveGrace cannot be together with FirstUMD or Occurrences"))
	}
	if o.LedgerGrace < 0 {
		errs = append(errs, fmt.Errorf("LedgerGrace is %v: it must not be negative", o.LedgerGrace))
	}
	if o.MaxReactions < 0 || o.MaxReactions > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("MaxReactions is %d: it must be 0 to %d", o.MaxReactions, math.MaxInt32))
	}
	if o.MaxReactionKinds < 0 {
		errs = append(errs, fmt.Errorf("MaxReactionKinds is %d: it must not be negative", o.MaxReactionKinds))
	}
	if o.SnapshotEntries < 0 {
		errs = append(errs, fmt.Errorf("SnapshotEntries is %d: it must not be negative", o.SnapshotEntries))
	}
	if o.DedupWindow < 0 {
		errs = append(errs, fmt.Errorf("DedupWindow is %v: it must not be negative", o.DedupWindow))
	}
	if o.MaxSchedules < 0 {
		errs = append(errs, fmt.Errorf("MaxSchedules is %d: it must not be negative", o.MaxSchedules))
	}
	if o.ReplayFor < 0 {
		errs = append(errs, fmt.Errorf("ReplayFor is %v: it must not be negative", o.ReplayFor))
	}
	return errors.Join(errs...)
}

// Pusher returns o with what a channel of the Pusher protocol needs of it, whatever o says of that: there, a channel
// has members if its name begins with "presence-", and who subscribes brings its own bounds.
//
// Source: Pusher docs, Channel types and Presence channels.
func Pusher(name string, o Options) Options {
	o.Presence = PresenceNever
	if strings.HasPrefix(name, "presence-") {
		o.Presence = PresenceAlways
	}
	o.FirstUMD, o.MemberDeltas, o.Occurrences = true, true, true
	o.MaxPresenceBytes, o.MaxData, o.LeaveGrace = -1, math.MaxInt, 0
	return o
}

// storeForever is the retention of what does not expire.
const storeForever = -1

// deadline returns when what is stored at a time expires, in unix ms; 0: never.
func deadline(at time.Time, store int64) (int64, error) {
	switch {
	case store == storeForever:
		return 0, nil
	case store < 1 || store > claims.MaxStore:
		return 0, ErrInvalidStore
	}
	return at.UnixMilli() + store*1000, nil
}

func (o *Options) checkData(data []byte) error {
	if len(data) > o.MaxData {
		return ErrDataTooLarge.With("The data is %d bytes; at most %d are allowed.", len(data), o.MaxData)
	}
	return nil
}
