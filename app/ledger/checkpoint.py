"""Signed tree heads: C2SP tlog-checkpoint bodies in C2SP signed notes, with Ed25519 (https://c2sp.org/signed-note)."""

import base64
import binascii
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.errors import LedgerError, Tampered

_ED25519 = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_DASH = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class Key:
    """The log's private key. Its name in notes is the origin of the checkpoint it signs."""

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        """32 bytes."""
        return self.private.public_key().public_bytes_raw()

    def vkey(self, name: str) -> str:
        return encode_vkey(name, self.public)


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a vkey says: `id` is the 4-byte key hash, `public` the 32-byte Ed25519 key."""

    name: str
    id: bytes
    public: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sealed tree head. `note` is the whole signed note; `made_at` is ours and not part of what is signed."""

    origin: str
    size: int
    root: bytes
    note: str
    made_at: datetime


def generate_key() -> Key:
    return Key(Ed25519PrivateKey.generate())


def load_or_create_key(path: Path) -> Key:
    """The key in this PKCS#8 PEM file (mode 0600), made on first use. Two processes that race end with the same key.

    Raises LedgerError when the file is unreadable, is not an Ed25519 key, or may be read by others.
    """
    try:
        if not path.exists():
            _create(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise LedgerError(
                f"{path} may be read by others (mode {path.stat().st_mode & 0o777:04o})", "mode 0600", f"run: chmod 600 '{path}'"
            )
        data = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            f"the ledger's key {path} cannot be used: {error.strerror or error}", "a private file we may read"
        ) from error
    try:
        private = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"{path} holds no usable private key", "an Ed25519 key in PKCS#8 PEM", "restore it from its backup"
        ) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise LedgerError(f"{path} holds another kind of key", "an Ed25519 key in PKCS#8 PEM")
    return Key(private)


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return
    finally:
        os.unlink(name)


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def check_name(name: str) -> str:
    """`name` if it may be an origin and a key name: printable, no space, no plus. Raises LedgerError."""
    if not name or "+" in name or not name.isprintable() or any(c.isspace() for c in name):
        raise LedgerError(f"{name[:80]!r} cannot name a ledger", "text without spaces or +, like ledger.bank.example/throughline")
    return name


def encode_vkey(name: str, public: bytes) -> str:
    """`<name>+<8 hex of the key hash>+<base64 of 0x01 ‖ key>`."""
    check_name(name)
    return f"{name}+{_key_id(name, public).hex()}+{base64.b64encode(_ED25519 + public).decode()}"


def parse_vkey(vkey: str) -> Verifier:
    """Raises LedgerError for anything but a well-formed Ed25519 vkey whose hash is right."""
    name, _, rest = vkey.strip().partition("+")
    hashed, _, encoded = rest.partition("+")
    try:
        key = base64.b64decode(encoded, validate=True)
        wanted = bytes.fromhex(hashed)
    except ValueError as error:
        raise LedgerError(f"{vkey[:120]!r} is not a verifier key", "name+hash+base64") from error
    if len(key) != 33 or key[:1] != _ED25519:
        raise LedgerError(f"the verifier key of {name[:80]!r} is of another kind", "Ed25519 (type 1, 32 bytes)")
    if len(wanted) != 4 or _key_id(check_name(name), key[1:]) != wanted:
        raise LedgerError(f"the verifier key of {name!r} has hash {hashed}", _key_id(name, key[1:]).hex())
    return Verifier(name, wanted, key[1:])


def sign(key: Key, name: str, text: str) -> str:
    """A signed note over `text`, which must end in a newline. Raises LedgerError for text that a note may not hold."""
    _check_text(text)
    blob = _key_id(check_name(name), key.public) + key.private.sign(text.encode())
    return f"{text}\n{_DASH}{name} {base64.b64encode(blob).decode()}\n"


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise LedgerError("this text cannot be a note", "lines that end in a newline, without control characters")


def open_note(note: str, vkey: str) -> str:
    """The text of a note, once this key's signature on it was verified; other keys' signatures are passed over.

    Raises Tampered when the key did not sign it, LedgerError when it is no note.
    """
    text, signatures = _split_note(note)
    verifier = parse_vkey(vkey)
    blobs = [blob for name, blob in signatures if name == verifier.name and blob[:4] == verifier.id]
    if not blobs:
        raise Tampered(f"the note is signed by {', '.join(name for name, _ in signatures)}", f"a signature by {vkey}")
    for blob in blobs:
        try:
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(blob[4:], text.encode())
        except InvalidSignature as error:
            raise Tampered("the note's signature does not hold over its text", f"a signature by {vkey}") from error
    return text


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise LedgerError("this is not a signed note", "text, a blank line, signature lines")
    text = head + "\n"
    _check_text(text)
    signatures = []
    for line in tail[:-1].split("\n"):
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            blob = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            blob = b""
        if not line.startswith(_DASH) or not name or len(blob) < 5 or base64.b64encode(blob).decode() != encoded:
            raise LedgerError(f"{line[:80]!r} is not a signature line", "— name base64")
        signatures.append((name, blob))
    return text, signatures


def body(origin: str, size: int, root: bytes) -> str:
    """The three lines of a tlog-checkpoint."""
    return f"{check_name(origin)}\n{size}\n{base64.b64encode(root).decode()}\n"


def parse_body(text: str) -> tuple[str, int, bytes]:
    """`(origin, size, root)` of a checkpoint's text; extension lines are allowed and ignored. Raises LedgerError."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or lines[-1] or "" in lines[:-1] or not _SIZE.fullmatch(lines[1]):
        raise LedgerError("this is not a checkpoint", "origin, size and root, one a line")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError as error:
        raise LedgerError("the checkpoint's root is not base64", "32 bytes in base64") from error
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise LedgerError(f"the checkpoint's root is {len(root)} bytes", "32 bytes in base64")
    return lines[0], int(lines[1]), root


def make(key: Key, origin: str, size: int, root: bytes, now: datetime) -> Checkpoint:
    return Checkpoint(origin, size, root, sign(key, origin, body(origin, size, root)), now)


def open_checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    """`(origin, size, root)` of a checkpoint signed by this key. Raises Tampered or LedgerError."""
    origin, size, root = parse_body(open_note(note, vkey))
    if origin != parse_vkey(vkey).name:
        raise Tampered(f"the checkpoint is of the log {origin!r}", repr(parse_vkey(vkey).name))
    return origin, size, root
