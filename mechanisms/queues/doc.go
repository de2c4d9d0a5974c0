// Package queues registers the message queues of the kernel, one file each.
package queues
