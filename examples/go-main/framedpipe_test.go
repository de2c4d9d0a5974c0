package main

import (
	"testing"

	"ipcbench/conformance"
	"ipcbench/mechanisms"
)

func TestMain(m *testing.M) { conformance.Main(m) }

// The mechanism does what every mechanism of ipcbench does.
func TestConformance(t *testing.T) { conformance.Run(t, mechanisms.Lookup(name)) }
