// Package ws carries WebSocket connections (RFC 6455).
package ws
