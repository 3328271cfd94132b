// Command check is the project's test command: go run ./cmd/check, from anywhere in the checkout.
//
// It brings what the suites need (telling what it does), then runs every check in order, the cheap ones
// first: format, modules, vet, lint, the house's own rules, and go test -race ./... at the end. It goes on
// after a failed step, prints one summary with the time of each, and ends with a line such as
//
//	9 passed, 0 failed
//
// which counts steps. The exit code is 0 if all passed, else 1; 2 for a wrong command line.
//
// With -long it runs other steps instead, the suites of long.go with the build tag long: the same tests as in
// every check, for hours, or in the size that a promise names. They run one after another, without the race
// detector; what they log is printed as it comes, and the summary has each one's figures:
//
//	go run ./cmd/check -long
//	go run ./cmd/check -long -only TestSchedulesThroughAKill
//
// What it may not install it leaves out and says so. Where CI=true that is a failure: a suite that nobody
// ran proves nothing. What needs a browser is named in needs.go; a test of this package sees to it that the
// list is whole.
package main
