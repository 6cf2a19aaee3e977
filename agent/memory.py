"""The memory of the process: few arenas for many threads, freed memory given back, cycles looked for seldom."""

from __future__ import annotations

import ctypes
import gc

M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 2
A_PAGE_MAKES = 100_000  # things that booking one page keeps until it is booked


def few_arenas() -> None:
    """Have the threads share a few heaps. It does nothing where the C library is not glibc."""
    if libc := _glibc():
        libc.mallopt(M_ARENA_MAX, ARENAS)


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
