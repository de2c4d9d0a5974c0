// Package linktest is what tests of mechanisms have in common.
package linktest
