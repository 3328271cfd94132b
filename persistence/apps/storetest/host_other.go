//go:build !linux

package storetest

import (
	"os"
	"syscall"
)

func attributes(int, int) *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }

func lockFile(string) (unlock func(), err error) { return func() {}, nil }
