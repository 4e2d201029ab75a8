#!/usr/bin/python3
"""A Python process elevates itself by a plain syscall() and sees its own CS."""
import ctypes
import mmap
import sys

try:
    with open("/sys/module/kelevate/parameters/nr") as f:
        nr = int(f.read())
except FileNotFoundError:
    print("the module is not loaded")
    sys.exit(77)

ELEVATE, LOWER, STICKY, FORGET = 1, 2, 1, 1
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def kel(op, flags):
    return libc.syscall(ctypes.c_long(nr), ctypes.c_long(op), ctypes.c_long(flags), None)


memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
# cli; mov %cs, %eax; sti; ret: CS while no interrupt can lower
memory.write(b"\xfa\x8c\xc8\xfb\xc3")
# mov %cs, %eax; ret
memory.seek(64)
memory.write(b"\x8c\xc8\xc3")
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
privileged_cs = ctypes.CFUNCTYPE(ctypes.c_int)(address)
cs = ctypes.CFUNCTYPE(ctypes.c_int)(address + 64)

assert cs() & 3 == 3, cs()
assert kel(ELEVATE, STICKY) == 0, ctypes.get_errno()
for i in range(1000):
    assert privileged_cs() & 3 == 0, hex(privileged_cs())
    sum(range(100))
assert kel(LOWER, FORGET) == 0
assert cs() & 3 == 3
