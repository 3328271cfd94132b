// Package limit bounds how often each of many, known by a key, may do something.
package limit
