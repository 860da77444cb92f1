"""Steps that are made once: each has a stamp of what it was made from, and is made again only when that has changed.

A step's stamp (`stamp_of`) is the hash of its inputs, and under it how they looked (size and time of change): while they look the same
nothing is read, and a later start costs little.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import checkout


class Step(NamedTuple):
    """One thing that is made: from what, and how. `made` must exist for the stamp to count."""

    name: str
    inputs: Callable[[], Iterable[Path | str]]
    make: Callable[[], None]
    made: Path


def run_steps(listed: Sequence[Step], check_machine: Callable[[], None]) -> None:
    """Make what is not made of the present inputs.

    Args:
        listed: the steps in order.
        check_machine: is called once before anything is made; not where there is nothing to make.
    """
    checked = False
    for step in listed:
        if is_current(step):
            continue
        if not checked:
            check_machine()
            checked = True
        run_step(step)


def is_current(step: Step) -> bool:
    """Tell whether a step's thing is there and made of the present inputs."""
    stamp = stamp_of(step)
    if not (step.made.exists() and stamp.is_file()):
        return False
    inputs = list(step.inputs())
    kept = stamp.read_text().split()
    look = look_of(inputs)
    if kept[1:] == [look]:
        return True
    if kept[:1] != [hash_of(inputs)]:
        return False
    stamp.write_text(f"{kept[0]}\n{look}\n")  # the same contents, written again: by git, perhaps
    return True


def run_step(step: Step) -> None:
    """Make one thing, tell how long it takes, and stamp it with the inputs as they were before."""
    inputs = list(step.inputs())
    made_from = f"{hash_of(inputs)}\n{look_of(inputs)}\n"
    began = time.monotonic()
    done = threading.Event()
    teller = threading.Thread(target=tell, args=(step.name, done), daemon=True)
    print(f"==> {step.name}", flush=True)
    teller.start()
    try:
        step.make()
    finally:
        done.set()
        teller.join()
    stamp = stamp_of(step)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from)
    print(f"    done in {time.monotonic() - began:.0f} s", flush=True)


def stamp_of(step: Step) -> Path:
    """Return the file that says what a step was made from. It goes where the thing is: a home that is moved takes its stamps along."""
    folder = checkout.HOME / "stamps" if step.made.is_relative_to(checkout.HOME) else checkout.STAMPS
    return folder / (step.name.lower().replace(" ", "-").replace("(", "").replace(")", "").replace("/", "") + ".txt")


def look_of(inputs: Iterable[Path | str]) -> str:
    """Return how inputs look without reading them: a hash of names, sizes and times of change."""
    digest = hashlib.sha256()
    for part in inputs:
        seen = part.stat() if isinstance(part, Path) else None
        digest.update(f"{part} {seen.st_size} {seen.st_mtime_ns}\n".encode() if seen else f"{part}\n".encode())
    return digest.hexdigest()


def hash_of(inputs: Iterable[Path | str]) -> str:
    """Return the hash of inputs, contents and names."""
    digest = hashlib.sha256()
    for part in inputs:
        digest.update(str(part).encode() if isinstance(part, str) else part.read_bytes())
        if isinstance(part, Path):
            digest.update(str(part.relative_to(checkout.ROOT)).encode())
    return digest.hexdigest()


def tell(name: str, done: threading.Event) -> None:
    """Say every ten seconds that a long step still runs."""
    seconds = 0
    while not done.wait(10):
        seconds += 10
        print(f"    {name}: {seconds} s …", flush=True)
