module ipcbench/examples/go-pipe

go 1.21

require ipcbench/kit/go v0.0.0

replace ipcbench/kit/go => ../../kit/go
