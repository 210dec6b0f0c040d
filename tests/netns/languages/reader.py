# SPDX-License-Identifier: Apache-2.0
# reader.py PAGE
import hashlib
import mmap
import struct
import sys
import time

text = b"7" * 16384


def digest():
    return hashlib.sha256(text).digest()


expected = digest()
rounds = wrong = steps_back = before = 0
with open(sys.argv[1], "r+b") as file:
    page = mmap.mmap(file.fileno(), 4096)
while True:
    steady, wall = time.monotonic_ns(), time.time_ns()
    steps_back += steady < before
    before = steady
    wrong += digest() != expected
    rounds += 1
    # As the page begins (tests/netns/readers.h).
    page[0:48] = struct.pack("QQQQqq", rounds, rounds, wrong, steps_back, wall, steady)
    time.sleep(0.001)
