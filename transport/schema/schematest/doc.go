// Package schematest holds what goes over the wire against the documents that describe it. Tests that speak to
// a server hand it every request with its answer, every frame and every event, so that the documents cannot
// say what is not so.
//
// What the server says is held against schemas that allow nothing besides: in the documents themselves, objects
// are open, because clients must take new members. What was said to it is held against the documents as they
// are, and only if the server took it.
package schematest
