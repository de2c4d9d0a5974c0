module ipcbench/kit/go

go 1.21
