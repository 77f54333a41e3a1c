#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: exchange.py A B - swap two paths by RENAME_EXCHANGE until killed, for bats/config/escape.bats."""
import ctypes
import os
import sys

AT_FDCWD, RENAME_EXCHANGE = -100, 2
libc = ctypes.CDLL(None, use_errno=True)
a, b = (os.fsencode(path) for path in sys.argv[1:3])
while libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0:
    pass
sys.exit(os.strerror(ctypes.get_errno()))
