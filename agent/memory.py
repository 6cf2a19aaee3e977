"""Keeping the process small: few arenas for many threads, and what a long read has freed given back."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8  # of glibc's malloc.h
ARENAS = 2


def few_arenas() -> None:
    """Have the threads share a few heaps. It does nothing where the C library is not glibc."""
    if libc := _glibc():
        libc.mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return freed memory to the system; by itself the allocator keeps what lies between blocks in use."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt") else None
