//go:build !race

package mechtest

const race = false
