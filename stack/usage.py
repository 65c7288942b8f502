"""How much memory the programs of a stack take."""

from collections.abc import Mapping
from pathlib import Path


def memory_mib(roots: Mapping[str, int], proc: Path = Path("/proc")) -> dict[str, int]:
    """Return the proportional set size of each program with all its descendants, in MiB.

    Shared pages are divided among those that share them, so the sum over programs is what the
    stack really takes.

    Args:
        roots: Process id of each program; 0 for one that does not run.
        proc: The process file system.
    """
    children: dict[int, list[int]] = {}
    for folder in proc.iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    result = {}
    for name, root in roots.items():
        waiting, kib = [root] if root else [], 0
        while waiting:
            pid = waiting.pop()
            waiting += children.get(pid, [])
            kib += _pss_kib(proc / str(pid))
        result[name] = kib // 1024
    return result


def _pss_kib(folder: Path) -> int:
    try:
        lines = (folder / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
