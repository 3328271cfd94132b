// Command bench measures a running server from outside, over the wire, beside the raw limit of the same
// work on the same machine in the same run.
//
//	go run ./bench                         a short tour of everything, about three minutes
//	go run ./bench -list                   what there is
//	go run ./bench -scenario set,fanout    a part of it
//	go run ./bench -peer joined,gws        beside these
//	go run ./bench -full                   long measurements, three runs, all peers: figures to quote
//	go run ./bench -scenario soak -soak 1h whether anything creeps
//	go run ./bench -compare a.json b.json  how two reports differ
//
// It builds the server, starts it with a fresh folder for each measurement, keeps it on one core and the
// load on another, and writes a table to the terminal, report.json and report.html to a folder. README.md
// says how to read them.
//
//   - [dormouse/bench/load]: connections and measures.
//   - [dormouse/bench/peers]: the servers, their processes, and how each is spoken to.
//   - [dormouse/bench/raw]: the servers that mark the raw limit.
//   - [dormouse/bench/centrifuge], [dormouse/bench/nats]: servers on libraries of others; [dormouse/bench/admin] is
//     what they tell the bench.
//   - [dormouse/bench/scenario]: what is done to them.
//   - [dormouse/bench/trend]: where a series of figures tends.
//   - [dormouse/bench/report]: what people read.
//   - [dormouse/bench/budget]: for tests of the server, what one operation may allocate.
package main
