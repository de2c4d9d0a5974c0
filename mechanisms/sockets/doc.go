// Package sockets registers the mechanisms on sockets, one file each. What several
// share is in socket.go, connect.go, inet.go and limits.go.
package sockets
