// Package notify registers the mechanisms that carry notifications and no bytes,
// one file each.
package notify
