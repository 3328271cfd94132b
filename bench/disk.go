package main

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// syncTime is the median time of one small write at the end of a file in dir, with its sync to disk. No
// durable answer can come sooner.
func syncTime(dir string) (time.Duration, error) {
	const writes = 100
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	took := make([]time.Duration, writes)
	for i := range took {
		began := time.Now()
		if _, err := f.Write(make([]byte, 512)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[writes/2], nil
}
