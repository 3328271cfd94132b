//go:build !linux

package storetest

import (
	"errors"
	"os"
	"syscall"
)

func attributes(int, int) *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }

func freeze(*os.Process) error { return errors.ErrUnsupported }

func lockFile(string) (unlock func(), err error) { return func() {}, nil }
