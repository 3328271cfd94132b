//go:build !linux

package load

import (
	"errors"
	"net/netip"
	"time"
)

// poller is there so that the package builds; newPoller returns none.
type poller struct{}

type event struct {
	fd                 int32
	readable, writable bool
}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }

func (*poller) end()                                     {}
func (*poller) close(int)                                {}
func (*poller) dial(netip.AddrPort) (int, error)         { return 0, errors.ErrUnsupported }
func (*poller) connected(int) error                      { return errors.ErrUnsupported }
func (*poller) watch(int, bool, bool) error              { return errors.ErrUnsupported }
func (*poller) read(int, []byte) (int, bool, error)      { return 0, false, errors.ErrUnsupported }
func (*poller) write(int, []byte) (int, bool, error)     { return 0, false, errors.ErrUnsupported }
func (*poller) wait([]event, time.Duration) (int, error) { return 0, errors.ErrUnsupported }
