package cmd

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// interruptible returns a context that the first SIGINT or SIGTERM ends. A second one ends the process, as
// it does by default.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// sameSignal is how soon after the first a second signal is no second wish: some supervisors signal a
// process and its group, and both arrive.
const sameSignal = 500 * time.Millisecond

// listenSignals takes over the signals that a server knows. It is called before a server says that it is
// there, so that one that is stopped at once ends in order too.
func listenSignals() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 4)
	signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// untilStopped runs a server until SIGINT or SIGTERM, which drain it. A second of them ends the process at
// once: what was acknowledged is on disk, and whoever is connected is cut. SIGHUP calls reload, which may
// be nil.
func untilStopped(ctx context.Context, s *Server, signals <-chan os.Signal, reload func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var first time.Time
	for {
		select {
		case err := <-done:
			return err
		case sig := <-signals:
			switch {
			case sig == syscall.SIGHUP:
				if reload != nil {
					reload()
				}
			case ctx.Err() == nil:
				first = time.Now()
				cancel()
			case time.Since(first) > sameSignal:
				s.log.Warn("stopped at once by a second signal", "signal", sig.String())
				s.exit()
			}
		}
	}
}
