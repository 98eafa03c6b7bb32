"""Signed notes and checkpoints against the published examples, and against everything malformed."""

import base64
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from app.errors import LedgerError, Tampered
from app.ledger import checkpoint
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "ledger.bank.example/throughline"
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
# The example of the Go note package (golang.org/x/mod/sumdb/note).
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = checkpoint.Key(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


def test_a_note_made_elsewhere_is_read() -> None:
    assert checkpoint.open_note(GO_NOTE, GO_VKEY).startswith("If you think")
    assert checkpoint.encode_vkey("PeterNeumann", checkpoint.parse_vkey(GO_VKEY).public) == GO_VKEY


def test_round_trip() -> None:
    made = checkpoint.make(KEY, ORIGIN, 42, bytes(32), NOW)
    assert made.note.startswith(f"{ORIGIN}\n42\n{base64.b64encode(bytes(32)).decode()}\n\n— {ORIGIN} ")
    assert checkpoint.open_checkpoint(made.note, KEY.vkey(ORIGIN)) == (ORIGIN, 42, bytes(32))


def test_every_flipped_bit_of_a_note_is_refused() -> None:
    made, vkey = checkpoint.make(KEY, ORIGIN, 42, bytes(range(32)), NOW).note.encode(), KEY.vkey(ORIGIN)
    for at in range(len(made)):
        for bit in (1, 32):
            bad = bytearray(made)
            bad[at] ^= bit
            with pytest.raises((LedgerError, UnicodeDecodeError)):
                checkpoint.open_checkpoint(bytes(bad).decode(), vkey)


def test_other_signatures_are_passed_over_but_not_enough() -> None:
    other = checkpoint.generate_key()
    note = checkpoint.make(KEY, ORIGIN, 1, bytes(32), NOW).note
    witness = checkpoint.sign(other, "witness.example", note.split("\n\n")[0] + "\n").split("\n\n")[1]
    assert checkpoint.open_checkpoint(note + witness, KEY.vkey(ORIGIN))[1] == 1
    with pytest.raises(Tampered, match="signed by"):
        checkpoint.open_checkpoint(note, other.vkey(ORIGIN))
    with pytest.raises(Tampered, match=r"of the log 'a\.example'"):
        checkpoint.open_checkpoint(checkpoint.sign(KEY, ORIGIN, checkpoint.body("a.example", 1, bytes(32))), KEY.vkey(ORIGIN))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "a\n01\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n-1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\n" + base64.b64encode(bytes(31)).decode() + "\n",
        "a\n1\nnot base64!\n",
        "a\n1\n" + base64.b64encode(bytes(32)).decode() + "\n\nx\n",
        "\n1\n" + base64.b64encode(bytes(32)).decode() + "\n",
        "a\n1\n" + base64.b64encode(bytes(32)).decode().replace("A=", "B=") + "\n",
    ],
)
def test_malformed_bodies(text: str) -> None:
    with pytest.raises(LedgerError):
        checkpoint.parse_body(text)


def test_extension_lines_are_allowed() -> None:
    assert checkpoint.parse_body(checkpoint.body("a", 7, bytes(32)) + "extension\n") == ("a", 7, bytes(32))


@pytest.mark.parametrize("vkey", ["", "a", "a+b", "a+00000000+AAAA", GO_VKEY.replace("c74f", "c74e"), GO_VKEY[:-4], "é" * 9])
def test_malformed_vkeys(vkey: str) -> None:
    with pytest.raises(LedgerError):
        checkpoint.parse_vkey(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_bad_names(name: str) -> None:
    with pytest.raises(LedgerError, match="cannot name"):
        checkpoint.make(KEY, name, 1, bytes(32), NOW)


def test_control_characters_are_no_note() -> None:
    with pytest.raises(LedgerError, match="control"):
        checkpoint.sign(KEY, ORIGIN, "a\tb\n")


def test_key_file(tmp_path: Path) -> None:
    path = tmp_path / "deep er" / "ledger.key"
    key = checkpoint.load_or_create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert checkpoint.load_or_create_key(path).public == key.public
    assert [p.name for p in path.parent.iterdir()] == ["ledger.key"]
    assert "private" not in repr(key)
    path.chmod(0o644)
    with pytest.raises(LedgerError, match="may be read by others"):
        checkpoint.load_or_create_key(path)


def test_key_file_race(tmp_path: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(checkpoint.load_or_create_key(tmp_path / "k").public)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_bad_key_files(tmp_path: Path) -> None:
    path = tmp_path / "k"
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for content, says in ((b"", "no usable"), (b"\xff\x00junk", "no usable"), (other, "another kind")):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(LedgerError, match=says):
            checkpoint.load_or_create_key(path)
    with pytest.raises(LedgerError, match="cannot be used"):
        checkpoint.load_or_create_key(tmp_path)
