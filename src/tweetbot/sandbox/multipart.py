"""Reads `multipart/form-data` (RFC 7578): the fields of a form, and the files in it."""

from __future__ import annotations

from email.message import Message


def read_multipart(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the parts of a body by their names; none if it is not what its Content-Type says."""
    boundary = _parameters(content_type).get("boundary", "").encode("latin-1", "replace")
    # RFC 2046 §5.1.1: the line break before a boundary belongs to the boundary.
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if not boundary or not pieces[-1].startswith(b"--"):
        return {}
    return dict(_read_part(piece) for piece in pieces[1:-1])


def _read_part(piece: bytes) -> tuple[str, bytes]:
    head, _, data = piece.partition(b"\r\n\r\n")
    for line in head.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return _parameters(value).get("name", ""), data
    return "", data


def _parameters(value: str) -> dict[str, str]:
    header = Message()
    header["content-type"] = value.strip()
    return {name.lower(): text for name, text in header.get_params(failobj=[])}
