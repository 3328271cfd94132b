//go:build !long

package acceptance

import "time"

// How often things are done. The tag long raises it to what one does overnight.
const (
	killRounds      = 50
	eventKillRounds = 50
	snapshotJoins   = 1000
	resumeReturns   = 1000
	resumeRestarts  = 20

	// Channels with ten schedules each, and the seconds over which they are due.
	scheduleChannels = 20
	scheduleSeconds  = 4
	scheduleLateness = time.Duration(0) // not judged: this machine may be busy
)
