package persistence

import "github.com/cockroachdb/pebble/v2/vfs"

// Memory returns an empty disk in memory for [Options.FS], for tests and for servers that need to remember
// nothing. What is written to it is gone with the process.
func Memory() vfs.FS { return vfs.NewMem() }
