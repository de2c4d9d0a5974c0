#!/usr/bin/env python3
"""A UNIX stream socket that its two processes meet at by name, unix(7). There is
nothing to build."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../kit/python"))
import ipcbench

listener = socket.socket(socket.AF_UNIX)


def address(link):
    return f"{link.dir}/link{link.number}"


def make(link):
    listener.bind(address(link))
    listener.listen(1)


class Socket:
    def __init__(self, link):
        if link.sends:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address(link))
        else:
            self.socket, _ = listener.accept()

    def send(self, message):
        self.socket.sendall(message)

    def recv(self, size):
        return self.socket.recv(size, socket.MSG_WAITALL)

    def close(self):
        self.socket.close()


ipcbench.main("socket", "1", open=Socket, make=make)
