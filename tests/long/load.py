#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Load whose answers are checked: SET and GET of values of many sizes, each connection with keys of its own.

load.py FILE SEED redis|memcached PORT [CONNECTIONS]      (until there is FILE)
"""

import os
import random
import socket
import sys
import threading

stop, seed, kind, port = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
connections = int(sys.argv[5]) if len(sys.argv) > 5 else 4
operations = 0
wrong = []


class Redis:
    def __init__(self, file):
        self.file = file

    def send(self, *words):
        self.file.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        self.file.flush()
        return self.file.readline()

    def set(self, key, value):
        return self.send(b"SET", key, value) == b"+OK\r\n"

    def get(self, key):
        head = self.send(b"GET", key)
        return head[:1] == b"$" and head != b"$-1\r\n" and self.file.read(int(head[1:]) + 2)[:-2]


class Memcached:
    def __init__(self, file):
        self.file = file

    def set(self, key, value):
        self.file.write(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
        self.file.flush()
        return self.file.readline() == b"STORED\r\n"

    def get(self, key):
        self.file.write(b"get %s\r\n" % key)
        self.file.flush()
        head = self.file.readline().split()
        if head[:1] != [b"VALUE"]:
            return False
        value = self.file.read(int(head[3]) + 2)[:-2]
        return self.file.readline() == b"END\r\n" and value


def work(number):
    global operations
    rng = random.Random(seed * 1000 + number)
    client = (Redis if kind == "redis" else Memcached)(
        socket.create_connection(("127.0.0.1", port)).makefile("rwb"))
    kept = {}
    try:
        while not os.path.exists(stop) and not wrong:
            key = b"check:%d:%d" % (number, rng.randrange(50))
            if key not in kept or rng.random() < 0.4:
                kept[key] = rng.randbytes(rng.choice((1, 10, 100, 1000, 5000, 30000, 200000)))
                if not client.set(key, kept[key]):
                    wrong.append(f"SET {key} was refused")
            elif client.get(key) != kept[key]:
                wrong.append(f"GET {key} gave another value")
            operations += 1
    except (OSError, ValueError) as error:
        wrong.append(f"connection {number}: {error}")


threads = [threading.Thread(target=work, args=(i,)) for i in range(connections)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{kind}: {operations} operations checked, {len(wrong)} wrong", *wrong, sep="\n")
sys.exit(bool(wrong))
