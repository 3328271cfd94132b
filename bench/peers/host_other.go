//go:build !linux

package peers

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

func allowedCores() ([]int, error)         { return nil, errors.ErrUnsupported }
func pinProcess([]int) error               { return errors.ErrUnsupported }
func startOn(_ []int, cmd *exec.Cmd) error { return cmd.Start() }
func killGroup(p *os.Process)              { _ = p.Kill() } // it may have ended
func cpuTime(int) (time.Duration, error)   { return 0, errors.ErrUnsupported }
func onMemory(string) bool                 { return false }
