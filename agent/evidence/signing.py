"""Ed25519 signatures of manifests, with keys in PEM files. The library comes with the extra `signing`."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from agent.model import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MISSING = "签名需要 cryptography；请安装 pip install 'dabiao[signing]'"


class Signer:
    """Signs with a private key."""

    def __init__(self, file: Path) -> None:
        """Read the key; ConfigError where the file holds none."""
        self._key = _private(file)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the public key's 32 bytes."""
        return fingerprint(self._key.public_key())

    def sign(self, manifest: bytes) -> bytes:
        """The content of the signature's file."""
        told = {"ed25519": b64encode(self._key.sign(manifest)).decode(), "key": self.fingerprint}
        return (json.dumps(told) + "\n").encode()


def signed_by(signature: bytes) -> str:
    """The fingerprint of the key a signature says it was made with; ValueError where it is none."""
    told = json.loads(signature)
    if not isinstance(told, dict) or not isinstance(told.get("key"), str):
        raise ValueError("expected a signature and the fingerprint of its key")
    return str(told["key"])


def holds(signature: bytes, manifest: bytes, file: Path) -> bool:
    """Whether a signature of a manifest was made with the private half of a public key."""
    try:
        from cryptography.exceptions import InvalidSignature
    except ImportError:
        raise ConfigError(MISSING) from None

    key = _public(file)
    try:
        key.verify(b64decode(json.loads(signature)["ed25519"], validate=True), manifest)
    except (InvalidSignature, KeyError, TypeError, ValueError):
        return False
    return True


def fingerprint(key: Ed25519PublicKey) -> str:
    """The SHA-256 of the key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _private(file: Path) -> Ed25519PrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        raise ConfigError(MISSING) from None

    try:
        key = load_pem_private_key(_content(file), password=None)
    except (ValueError, TypeError):
        raise ConfigError(f"--sign：{file} 应为未加密的 Ed25519 私钥（PEM）") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"--sign：{file} 应为 Ed25519 密钥，现为别的种类")
    return key


def _public(file: Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_content(file))
    except ValueError:
        raise ConfigError(f"--key：{file} 应为 Ed25519 公钥（PEM）") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"--key：{file} 应为 Ed25519 密钥，现为别的种类")
    return key


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}：不能读取（{error.strerror}）") from None
