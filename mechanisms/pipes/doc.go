// Package pipes registers the mechanisms on pipes and FIFOs, one file each.
package pipes
