#!/usr/bin/python3
"""A Python process elevates itself by a plain syscall() and sees its own privilege level."""
import ctypes
import mmap
import platform
import struct
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


if platform.machine() == "x86_64":
    # cli; mov %cs, %eax; sti; ret: CS while no interrupt can lower
    privileged = b"\xfa\x8c\xc8\xfb\xc3"
    # mov %cs, %eax; ret
    plain = b"\x8c\xc8\xc3"
else:
    # msr daifset, #15; mrs x0, CurrentEL; msr daifclr, #15; ret
    privileged = struct.pack("<4I", 0xD5034FDF, 0xD5384240, 0xD5034FFF, 0xD65F03C0)
    # mov w0, #3; ret: user mode may not ask
    plain = struct.pack("<2I", 0x52800060, 0xD65F03C0)
memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)
memory.write(privileged)
memory.seek(64)
memory.write(plain)
address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(4096), mmap.PROT_READ | mmap.PROT_EXEC)
privileged_cs = ctypes.CFUNCTYPE(ctypes.c_int)(address)
cs = ctypes.CFUNCTYPE(ctypes.c_int)(address + 64)

assert cs() & 3 == 3, cs()
assert kel(ELEVATE, STICKY) == 0, ctypes.get_errno()
for i in range(1000):
    assert privileged_cs() & 3 == 0, hex(privileged_cs())
    sum(range(100))
assert kel(LOWER, FORGET) == 0
assert cs() & 3 == 3
