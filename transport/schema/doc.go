// Package schema describes the wire for machines: an OpenAPI 3.1 document of all HTTP calls, and an AsyncAPI
// 3.0 document of the WebSocket's frames and of the events for backends. What both speak of is one schema.
//
// The documents are put together from parts/, where a file has what belongs together: a few calls and the
// bodies that they alone have, the frames of one side, names. They are in the binary, and package docs serves
// them. Package schematest holds everything that tests send and get against them, so that they cannot say what
// is not so; and tests beside the tables of calls, frames, events and codes see to it that nothing is missing.
//
// In the parts, a call's x-refusals are the statuses that it may be refused with; they become responses.
package schema
