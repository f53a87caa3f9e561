"""Certificates of RadSec (RFC 6614): read what staff paste, and make one to begin with. Pure but for its dice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_HEX = frozenset("0123456789abcdef")
DAYS = 3650


class CertificateError(ValueError):
    """The text is no certificate; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate by its SHA-256 fingerprint (64 hex digits); `pem` is empty when only that is known."""

    fingerprint: str
    pem: str = ""
    expires: datetime | None = None


def read(text: str) -> Known:
    """The certificate in PEM, or a fingerprint as `openssl x509 -noout -fingerprint -sha256` writes it.

    Raises CertificateError.
    """
    if "PRIVATE KEY" in text:
        raise CertificateError(
            "This holds a private key, which belongs on the router alone. Make a new one there."
        )
    if "-----BEGIN" in text:
        try:
            certificate = x509.load_pem_x509_certificate(text[text.index("-----BEGIN") :].encode())
        except ValueError:
            raise CertificateError("This is not a certificate in PEM.") from None
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode().strip()
        return Known(certificate.fingerprint(hashes.SHA256()).hex(), pem, certificate.not_valid_after_utc)
    digits = text.rpartition("=")[2].replace(":", "").strip().lower()
    if len(digits) != 64 or not set(digits) <= _HEX:
        raise CertificateError(
            "Paste the certificate (from -----BEGIN CERTIFICATE----- on) or its SHA-256 fingerprint, 64 hex digits."
        )
    return Known(digits)


def make(name: str, now: datetime) -> tuple[str, str]:
    """A self-signed certificate for both ends of RadSec and its private key, in PEM; P-256, ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()
