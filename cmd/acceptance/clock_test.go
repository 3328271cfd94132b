package acceptance

import (
	"context"
	"time"
)

// pollEvery is how often what cannot be waited for is looked at.
const pollEvery = 10 * time.Millisecond

// pause lets time pass, until ctx is done at the latest.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
