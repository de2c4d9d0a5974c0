module ipcbench/examples/go-netrpc

go 1.22

require ipcbench/kit/go v0.0.0

replace ipcbench/kit/go => ../../kit/go
