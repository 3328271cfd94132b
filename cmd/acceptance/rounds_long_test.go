//go:build long

package acceptance

// How often things are done overnight.
const (
	killRounds      = 1000
	eventKillRounds = 50
	snapshotJoins   = 20000
)
