//go:build long

package acceptance

import "time"

// How often things are done overnight.
const (
	killRounds      = 1000
	eventKillRounds = 500
	snapshotJoins   = 20000
	resumeReturns   = 20000
	resumeRestarts  = 200

	// Channels with ten schedules each, and the seconds over which they are due.
	scheduleChannels = 1000
	scheduleSeconds  = 60
	// How late 99 in 100 of those may be that are due while the server is up.
	scheduleLateness = 250 * time.Millisecond
)
