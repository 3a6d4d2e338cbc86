"""Runs a command at a terminal of its own, its stdout in a pipe, and answers what it asks.

stdin: {"argv", "env", "steps": [[text to wait for, text to type], …]}
stdout: {"status", "signal", "stdout", "screen", "restored"}
"""
import fcntl, json, os, select, sys, termios

spec = json.load(sys.stdin)
master, slave = os.openpty()
before = termios.tcgetattr(slave)
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for descriptor, source in ((0, slave), (1, writer), (2, slave)):
        os.dup2(source, descriptor)
    for descriptor in (master, slave, reader, writer):
        os.close(descriptor)
    os.execve(spec["argv"][0], spec["argv"], spec["env"])
os.close(writer)

screen, stdout, seen = b"", b"", 0
steps = spec["steps"]
is_open = True
while is_open:
    readable, _, _ = select.select([master, reader], [], [], 60)
    if not readable:
        os.kill(pid, 9)
        break
    if master in readable:
        screen += os.read(master, 65536)
    if reader in readable:
        chunk = os.read(reader, 65536)
        stdout += chunk
        is_open = chunk != b""
    if steps and steps[0][0].encode() in screen[seen:]:
        seen = len(screen)
        os.write(master, steps.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
while select.select([master], [], [], 0)[0]:
    screen += os.read(master, 65536)
print(json.dumps({
    "status": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
    "stdout": stdout.decode(),
    "screen": screen.decode(),
    "restored": termios.tcgetattr(slave) == before,
}))
