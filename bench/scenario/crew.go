package scenario

import (
	"context"
	"sync"
)

// A crew is goroutines that work beside the loop, over HTTP for instance. What they have to tell waits until
// the loop's goroutine asks, so that a scenario's own state needs no lock.
type crew[T any] struct {
	told chan T
	stop context.CancelFunc
	done chan struct{}
}

// tellings is how many of a crew may wait before those who tell do.
const tellings = 1 << 14

// hire starts n goroutines. Each works until it has finished or ctx ends, and tells of every step.
func hire[T any](ctx context.Context, n int, work func(ctx context.Context, i int, tell func(T))) *crew[T] {
	ctx, stop := context.WithCancel(ctx)
	c := &crew[T]{told: make(chan T, tellings), stop: stop, done: make(chan struct{})}
	tell := func(t T) {
		select {
		case c.told <- t:
		case <-ctx.Done():
		}
	}
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { work(ctx, i, tell) })
	}
	go func() {
		running.Wait()
		close(c.done)
	}()
	return c
}

// hear takes what has been told so far.
func (c *crew[T]) hear(take func(T)) {
	for {
		select {
		case t := <-c.told:
			take(t)
		default:
			return
		}
	}
}

// finished says that everybody is done, and that all they told was heard.
func (c *crew[T]) finished() bool {
	select {
	case <-c.done:
		return len(c.told) == 0
	default:
		return false
	}
}

// dismiss ends the work and waits until it has ended.
func (c *crew[T]) dismiss() {
	c.stop()
	<-c.done
}
