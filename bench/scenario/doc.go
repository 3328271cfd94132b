// Package scenario is what the bench measures. A [Scenario] has cases; a [Case] is one kind of load with
// one shape, and is run against each of its peers in turn, each time with a fresh process: the [Stand]
// holds that process and the connections, and collects a [Sample].
//
// Every case also checks what it measures: each subscriber must get every message once and in order, and
// after the measured time the case waits until all that was sent has arrived. A server that loses
// something, refuses something or cuts a connection has no figures.
package scenario
