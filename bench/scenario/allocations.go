package scenario

// BudgetBenchmarks are the packages that have a BenchmarkBudget: what one operation on a hot path may allocate. The
// whole program's come first.
var BudgetBenchmarks = []string{"./cmd", "./actors", "./persistence", "./transport/hotsock", "./transport/pusher", "./transport/ws"}

// AllocationsName is that of the one scenario that is not measured from outside.
const AllocationsName = "allocations"

// allocationsScenario has no cases to run: they are Go benchmarks of our server's own packages.
var allocationsScenario = Scenario{
	Name: AllocationsName,
	About: "objects and bytes that one operation allocates in the server's process, beside its budget, which a test holds: " +
		"each alone, in Go benchmarks of the server's packages.",
	Cases: func(Size) []Case { return nil },
}
