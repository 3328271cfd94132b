// Package metrics tells Prometheus what the server does. It is filled by the listeners of the other
// packages: [Metrics.WS] and [Metrics.Hotsock] are such listeners, [Metrics.Storage] has a method for each
// function of the store's, and [Metrics.Engine] reads the engine's own counts at each scrape.
//
// Every name begins with dormouse_, except those of Go and the process. Labels have few values, all known
// beforehand: no channel, user, address or connection ever becomes one. What clients can choose, such as a
// close code, is "other" outside a known list.
package metrics
