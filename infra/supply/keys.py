"""Keys to sign and to verify with: ECDSA on the curve P-256, as cosign makes and takes them."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.errors import InputError

_MAKE = "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out slipway.key`"


def private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of an unencrypted PEM file; InputError, which never repeats any of it, unless it is on P-256."""
    if b"ENCRYPTED" in pem:
        raise InputError(
            "the signing key is encrypted with a passphrase, which nobody can type here; decrypt it "
            "(`openssl pkey`, or for cosign's own format generate a new one) and keep it in your secret store."
        )
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(f"the signing key is not a private key in PEM; {_MAKE}.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputError(f"the signing key is not an ECDSA key on the curve P-256; {_MAKE}.")
    return key


def public_key(pem: bytes, name: str) -> ec.EllipticCurvePublicKey:
    """The key of a PEM file, called `name` in sentences; InputError unless it is on P-256."""
    derive = "write what `openssl pkey -in slipway.key -pubout` prints"
    if b"PRIVATE KEY" in pem:
        raise InputError(f"{name} holds a private key, which belongs to a secret store alone; {derive}.")
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{name} is not a public key in PEM; {derive}.") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InputError(f"{name} is not an ECDSA key on the curve P-256; {derive}.")
    return key


def public_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half, as PEM."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """A signature in DER, the same for the same message (RFC 6979): signing again makes nothing new."""
    return key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def signed(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is that key's, of that message."""
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
