// Package descriptor has the ends of links that are file descriptors: how they
// send, receive, wait, and move several messages in one call. Mechanisms on
// pipes, sockets and files build on it.
package descriptor
