#!/usr/bin/env python3
"""A pipe(2) that ipcbench makes and hands over. There is nothing to build."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../kit/python"))
import ipcbench

PIPE_BUF = 4096


class Pipe:
    def __init__(self, link):
        if link.senders > 1 and link.size > PIPE_BUF:
            raise ipcbench.Unsupported(f"writes of more than {PIPE_BUF} bytes by several senders may interleave, pipe(7)")
        self.fd = link.fd

    def send(self, message):
        ipcbench.write(self.fd, message)

    def recv(self, size):
        return ipcbench.read(self.fd, size)

    def close(self):
        os.close(self.fd)


ipcbench.main("pipe", "1", open=Pipe)
