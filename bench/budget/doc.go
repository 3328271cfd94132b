// Package budget is for tests of the server: what one operation on a hot path may allocate, as Go benchmarks and as
// tests that fail when it is more.
//
// A package that owns a hot path has a table of [Path] in its tests, and two functions over it:
//
//	func BenchmarkBudget(b *testing.B) { budget.Benchmark(b, paths) }
//
//	func TestBudget(t *testing.T) { budget.Hold(t, paths) }
//
// What counts is the whole process: everything that an operation sets off on other goroutines too, up to the moment
// at which its step returns. So a step waits until all of that has happened, and is gone alone: what operations that
// come together share with each other is left out, and a figure is the most that one costs.
//
// The tests of the server import this package, and it imports nothing of the server's. The bench runs the benchmarks
// by their name, [dormouse/bench/report] shows them.
package budget
