"""The bytes of a file that arrives in pieces: on disk where they are many."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from weakref import finalize

_IN_MEMORY = 6_000_000


class Blob:
    """The segments of a file; the last one to come with an index is the one that counts."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - as long as we live
        self._end = 0
        self._segments: dict[int, tuple[int, int]] = {}
        finalize(self, self._file.close)

    def put(self, index: int, data: bytes) -> None:
        """Store a segment."""
        self._file.seek(self._end)
        self._file.write(data)
        self._segments[index] = (self._end, len(data))
        self._end += len(data)

    def size_with(self, index: int, data: bytes) -> int:
        """Return how many bytes there would be with that segment."""
        return self.size - self._segments.get(index, (0, 0))[1] + len(data)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return sum(length for _, length in self._segments.values())

    @property
    def is_whole(self) -> bool:
        """Whether no segment is missing among those that came."""
        return sorted(self._segments) == list(range(len(self._segments)))

    def read(self, most: int = -1) -> bytes:
        """Return the bytes in the order of the segments, or only the first `most`."""
        read = bytearray()
        for _, (start, length) in sorted(self._segments.items()):
            wanted = length if most < 0 else min(length, most - len(read))
            self._file.seek(start)
            read += self._file.read(wanted)
        return bytes(read)
