package main

import "context"

// budgeted are the packages whose hot paths have a budget of allocations; a test sees to it that the list is whole.
var budgeted = []string{"./actors", "./bench/budget", "./cmd", "./persistence", "./transport/hotsock", "./transport/pusher", "./transport/ws"}

// budgets runs the budgets of allocations, which are not judged under the race detector.
func budgets(ctx context.Context, r *run) (string, error) {
	args := []string{"test", "-count=1", "-p=1", "-run", "^TestBudget$"}
	if _, err := r.command(ctx, "go", append(args, budgeted...)...); err != nil {
		return "", err
	}
	return count(len(budgeted), "package"), nil
}
