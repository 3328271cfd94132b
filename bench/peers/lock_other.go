//go:build !linux

package peers

import "errors"

func lockFile(string) (func(), error) { return nil, errors.ErrUnsupported }
