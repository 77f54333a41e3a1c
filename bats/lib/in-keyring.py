#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command in a session keyring of its own.

usage: in-keyring.py NAME COMMAND [ARG...]
"""
import ctypes
import os
import sys

KEYCTL_JOIN_SESSION_KEYRING = 1
KEYCTL_SETPERM = 5
POSSESSOR_ALL = 0x3F000000
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}[os.uname().machine]

libc = ctypes.CDLL(None, use_errno=True)
key = libc.syscall(SYS_KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, sys.argv[1].encode())
if key < 0 or libc.syscall(SYS_KEYCTL, KEYCTL_SETPERM, key, POSSESSOR_ALL) < 0:
    sys.exit("in-keyring.py: " + os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[2], sys.argv[2:])
