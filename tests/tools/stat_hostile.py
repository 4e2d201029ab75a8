#!/usr/bin/env python3
"""stat looks into other processes' memory: whatever a libsymbiote.so in there is made of, it ends
in time, without a crash, its JSON stays JSON, and no terminal is told anything."""
import ctypes
import json
import mmap
import os
import random
import shutil
import subprocess
import sys
import tempfile

symbiote = os.environ.get("SYMBIOTE", "symbiote")
library = os.environ.get("SYMBIOTE_LIBRARY", "/usr/local/lib/symbiote/libsymbiote.so")
if not os.path.exists(library):
    print("no libsymbiote.so")
    sys.exit(77)
good = open(library, "rb").read()
seed = int(os.environ.get("SEED") or int.from_bytes(os.urandom(4), "little"))
print("# seed", seed)
rng = random.Random(seed)


def mutate(data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 4, 40))):
        # headers, dynamic section and hash table are where it hurts
        at = rng.randrange(min(len(data), 0x2000) if rng.random() < 0.7 else len(data) - 8)
        data[at:at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", rng.randbytes(4), b"\0\0\0\x80"))
    return bytes(data)


failed = 0


def stat(what, arguments):
    global failed
    try:
        done = subprocess.run([symbiote, "stat"] + arguments, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        print("FAIL:", what, arguments, "hangs")
        failed = 1
        return b""
    if done.returncode not in (0, 1):
        print("FAIL:", what, arguments, "status", done.returncode, done.stderr)
        failed = 1
    if "--json" in arguments and done.stdout:
        json.loads(done.stdout)
    if b"\x1b" in done.stdout or b"\xc2\x9b" in done.stdout:
        print("FAIL:", what, arguments, "an escape sequence got through")
        failed = 1
    return done.stdout


def expect(right, text):
    global failed
    if not right:
        print("FAIL:", text)
        failed = 1


helpers = os.environ.get("RIG_BUILD", os.path.join(os.path.dirname(__file__), "../../build")) + "/tests/helpers/"
own = str(os.getpid())
os.environ["SYMBIOTE_LIBRARY"] = library
with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "libsymbiote.so\n\"\\\x1b[31m\x9b31m")
    for turn in range(60):
        with open(path, "wb") as f:
            f.write(mutate(good) if turn else b"short")
        with open(path, "rb") as f:
            image = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE)
        for arguments in ([own], ["--json", own], ["--json"]):
            stat(f"turn {turn}", arguments)
        image.close()
        os.unlink(path)

    # one that says what it likes
    path = os.path.join(directory, "libsymbiote.so")
    shutil.copy(helpers + "hostile_library", path)
    ctypes.CDLL(path)
    for arguments in ([own], ["--json", own], ["--json"], []):
        expect(own.encode() in stat("hostile texts", arguments), f"hostile texts: {arguments}: not {own}")
    expect(b"?]0;" in stat("hostile texts", [own]), "the texts were not looked at")

# memory that nobody ever serves
path = f"/dev/shm/libsymbiote.so.{own}"
late = subprocess.Popen([helpers + "late_memory", path], stdout=subprocess.PIPE)
if late.stdout.readline():
    for arguments in ([str(late.pid)], ["--json", str(late.pid)], ["--json"], []):
        expect(str(late.pid).encode() in stat("late memory", arguments), f"late memory: {arguments}: not {late.pid}")
    late.kill()
expect(late.wait() in (-9, 77), f"late_memory: status {late.returncode}")
if os.path.exists(path):
    os.unlink(path)
sys.exit(failed)
