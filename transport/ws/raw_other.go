//go:build !unix

package ws

import (
	"errors"
	"net"
	"syscall"
)

// rawConn is nil: on this system every socket is read and written as TLS ones are.
func rawConn(net.Conn) syscall.RawConn { return nil }

func tryRead(uintptr, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }

func tryWrite(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
