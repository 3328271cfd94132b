// Package claims knows who may do what: it verifies tokens and resolves what they allow.
package claims
