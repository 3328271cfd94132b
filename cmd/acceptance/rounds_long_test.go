//go:build long

package acceptance

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
)
