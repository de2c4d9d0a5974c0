// Package all registers every mechanism of the suite. A program that plans,
// measures or lists imports it.
package all

import (
	_ "ipcbench/mechanisms/notify"
	_ "ipcbench/mechanisms/pipes"
	_ "ipcbench/mechanisms/queues"
	_ "ipcbench/mechanisms/shm"
	_ "ipcbench/mechanisms/sockets"
)
