"""The memory of the process: few heaps for many threads, freed memory given back, cycles looked for seldom."""

from __future__ import annotations

import ctypes
import gc

# Of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
ARENAS = 2
LARGE_BYTES = 128 * 1024
A_PAGE_MAKES = 100_000  # things that booking one page keeps until it is booked


def keep_small() -> None:
    """Have the threads share a few heaps, and large blocks lie outside them, so that they go back when they are freed.

    By itself glibc puts ever larger blocks into the heaps. It does nothing where the C library is another.
    """
    if libc := _glibc():
        for setting, value in ((M_ARENA_MAX, ARENAS), (M_MMAP_THRESHOLD, LARGE_BYTES), (M_TRIM_THRESHOLD, LARGE_BYTES)):
            libc.mallopt(setting, value)


def give_back() -> None:
    """Return freed memory to the system; by itself the allocator keeps what lies between blocks in use."""
    if libc := _glibc():
        libc.malloc_trim(0)


def sweep_seldom() -> None:
    """Have Python look for cycles after as much as a page makes: these things lie in none, and the search is slow."""
    gc.set_threshold(A_PAGE_MAKES)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
