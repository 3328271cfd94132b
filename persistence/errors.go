package persistence

import "errors"

// What callers branch on, with errors.Is. Every other error is a fault of the disk or of Pebble,
// wrapped on its way up.
var (
	// ErrReadOnly refuses new writes because the disk is nearly full. Nothing was applied; reads go
	// on, and so do writes as soon as there is room again, without a restart.
	ErrReadOnly = errors.New("storage is read-only: the disk is nearly full")
	// ErrCorrupt: what is on disk contradicts itself: a hole in an actor's numbers, a bad checksum, an
	// entry that does not decode. The actor concerned is named, and cannot be woken.
	ErrCorrupt = errors.New("storage is corrupt")
	// ErrInUse: another process, or another Store of this one, has the data folder open.
	ErrInUse = errors.New("data folder is in use")
	// ErrNewerFormat: the data was written by a newer version of this program.
	ErrNewerFormat = errors.New("data folder has a newer format")
	// ErrNotDataFolder: the folder holds something that is not ours, or half a restore.
	ErrNotDataFolder = errors.New("not a data folder")
	// ErrNoFolder: the folder does not exist and cannot be made.
	ErrNoFolder = errors.New("data folder cannot be made")
	// ErrInvalid: an argument that no state could make acceptable: a write without a key, an address
	// without an app. Nothing was applied.
	ErrInvalid = errors.New("invalid argument")
	// ErrClosed: the store has been closed or has failed.
	ErrClosed = errors.New("store is closed")
)
