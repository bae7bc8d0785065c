"""The peak of this process's memory, from the kernel (proc(5)); imports nothing, for an import would count itself.

`ru_maxrss` would not do: it survives `exec`, so that a child begins with the peak of its parent.
"""


def peak(process: int | str = "self") -> int:
    """Most bytes of a process that were resident at once (VmHWM)."""
    with open(f"/proc/{process}/status") as status:  # noqa: PTH123 - pathlib would be part of what is measured
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def from_here() -> int:
    """Let the peak count from now on; the bytes that are resident now."""
    with open("/proc/self/clear_refs", "w") as command:  # noqa: PTH123 - as above
        command.write("5")
    return peak()
