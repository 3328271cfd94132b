package peers

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// A mask is the kernel's set of processors.
type mask [16]uint64

func maskOf(cores []int) (m mask) {
	for _, c := range cores {
		m[c/64] |= 1 << (c % 64)
	}
	return m
}

func setAffinity(tid int, m mask) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(tid), unsafe.Sizeof(m), uintptr(unsafe.Pointer(&m)))
	if errno != 0 {
		return os.NewSyscallError("sched_setaffinity", errno)
	}
	return nil
}

func getAffinity(tid int) (m mask, err error) {
	_, _, errno := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, uintptr(tid), unsafe.Sizeof(m), uintptr(unsafe.Pointer(&m)))
	if errno != 0 {
		return m, os.NewSyscallError("sched_getaffinity", errno)
	}
	return m, nil
}

func allowedCores() (cores []int, err error) {
	m, err := getAffinity(os.Getpid())
	for c := range len(m) * 64 {
		if m[c/64]&(1<<(c%64)) != 0 {
			cores = append(cores, c)
		}
	}
	return cores, err
}

func pinProcess(cores []int) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := setAffinity(tid, maskOf(cores)); err != nil {
			return err
		}
	}
	return nil
}

// startOn starts cmd on these processors. A child has its parent thread's, so that the child never runs
// anywhere else, not even while it reads how many processors there are.
func startOn(cores []int, cmd *exec.Cmd) (err error) {
	// Nothing outlives the harness; and what it starts is one group, that a terminal does not interrupt.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if len(cores) == 0 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := getAffinity(0)
	if err != nil {
		return err
	}
	if err := setAffinity(0, maskOf(cores)); err != nil {
		return err
	}
	defer func() {
		if back := setAffinity(0, before); err == nil {
			err = back
		}
	}()
	return cmd.Start()
}

// killGroup kills a process that startOn started, with its children. It may have ended.
func killGroup(p *os.Process) {
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	_ = p.Kill()
}

// cpuTime is what a process has used, in user and kernel, of all its threads, to the nanosecond:
// /proc/<pid>/stat counts in hundredths of a second. The clock's number is that of clock_getcpuclockid(3).
func cpuTime(pid int) (time.Duration, error) {
	const schedClock = 2
	var at syscall.Timespec
	clock := int32(^pid)<<3 | schedClock
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&at)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("processor time of %d: %w", pid, errno)
	}
	return time.Duration(at.Nano()), nil
}

// onMemory reports that a folder is not on a disk, where nothing is ever durable.
func onMemory(dir string) bool {
	const tmpfs = 0x01021994
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && int64(fs.Type) == tmpfs
}
