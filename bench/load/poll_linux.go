package load

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// A poller is epoll and the socket calls around it. Reads and writes of non-blocking sockets go by
// RawSyscall: they return at once, and telling the scheduler about each would cost as much as they do.
type poller struct {
	fd     int
	events []syscall.EpollEvent
}

type event struct {
	fd                 int32
	readable, writable bool
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &poller{fd: fd}, nil
}

func (p *poller) end() { _ = syscall.Close(p.fd) }

// dial begins a connect and waits for its end.
func (p *poller) dial(addr netip.AddrPort) (int, error) {
	if !addr.Addr().Is4() {
		return 0, errors.New("not an IPv4 address")
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	fail := func(err error) (int, error) {
		_ = syscall.Close(fd)
		return 0, err
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err != nil {
		return fail(os.NewSyscallError("setsockopt", err))
	}
	// Reset rather than linger: ten thousand ports in TIME_WAIT would be missing in the next run.
	linger := syscall.Linger{Onoff: 1}
	if err := syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &linger); err != nil {
		return fail(os.NewSyscallError("setsockopt", err))
	}
	to := &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	if err := syscall.Connect(fd, to); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
		return fail(os.NewSyscallError("connect", err))
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLOUT, Fd: int32(fd)}
	if err := syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fail(os.NewSyscallError("epoll_ctl", err))
	}
	return fd, nil
}

// connected says how a connect ended, once the socket is writable.
func (p *poller) connected(fd int) error {
	code, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && code != 0 {
		err = syscall.Errno(code)
	}
	return err
}

// watch says what the socket is waited for to become. That it was reset is always told, as readable.
func (p *poller) watch(fd int, readable, writable bool) error {
	e := syscall.EpollEvent{Fd: int32(fd)}
	if readable {
		e.Events |= syscall.EPOLLIN
	}
	if writable {
		e.Events |= syscall.EPOLLOUT
	}
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_MOD, fd, &e))
}

func (p *poller) close(fd int) { _ = syscall.Close(fd) }

func (p *poller) read(fd int, b []byte) (n int, again bool, err error) {
	return transfer(syscall.SYS_READ, fd, b)
}

func (p *poller) write(fd int, b []byte) (n int, again bool, err error) {
	return transfer(syscall.SYS_WRITE, fd, b)
}

func transfer(call uintptr, fd int, b []byte) (n int, again bool, err error) {
	for {
		r, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(r), false, nil
		case syscall.EAGAIN:
			return 0, true, nil
		case syscall.EINTR:
		default:
			return 0, false, errno
		}
	}
}

const sysEpollPwait2 = 441 // the same number on every architecture

// wait fills events with what is ready, after at most timeout. It asks without waiting first: under load
// there is always something, and that call need not leave the scheduler.
func (p *poller) wait(events []event, timeout time.Duration) (int, error) {
	if len(p.events) < len(events) {
		p.events = make([]syscall.EpollEvent, len(events))
	}
	var at syscall.Timespec
	call := func(do func(trap, a1, a2, a3, a4, a5, a6 uintptr) (uintptr, uintptr, syscall.Errno)) (int, syscall.Errno) {
		r, _, errno := do(sysEpollPwait2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(events)),
			uintptr(unsafe.Pointer(&at)), 0, 0)
		return int(r), errno
	}
	n, errno := call(syscall.RawSyscall6)
	if errno == 0 && n == 0 && timeout > 0 {
		at = syscall.NsecToTimespec(int64(timeout))
		n, errno = call(syscall.Syscall6)
	}
	switch {
	case errno == syscall.EINTR:
		return 0, nil
	case errno != 0:
		return 0, os.NewSyscallError("epoll_pwait2", errno)
	}
	const ended = syscall.EPOLLERR | syscall.EPOLLHUP // reading tells which
	for i, e := range p.events[:n] {
		events[i] = event{e.Fd, e.Events&(syscall.EPOLLIN|ended) != 0, e.Events&syscall.EPOLLOUT != 0}
	}
	return n, nil
}
