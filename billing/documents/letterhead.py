"""What all paper carries on top and at the foot: who issues it, with the logo of that time."""

import base64
from typing import Any

from billing.documents.models import Issuer
from ispbilling.core.models import Logo, Provider

#: Millimetres that a logo may take.
WIDEST, HIGHEST = 64, 22


def told(provider: Issuer | Provider) -> dict[str, Any]:
    """The part `provider` of what a template prints (`letterhead.typ`)."""
    return {
        "name": provider.name,
        "address": [*parts(provider.address), *filter(None, [provider.phone, provider.email])],
        "legal": ", ".join(_legal(provider)),
        "logo": _logo(provider.logo) if provider.logo else None,
    }


def parts(text: str) -> list[str]:
    """The lines of an address or of bank details."""
    return [part.strip() for part in text.splitlines() if part.strip()]


def _legal(provider: Issuer | Provider) -> list[str]:
    registered = f"registration {provider.registration_number}" if provider.registration_number else ""
    vat = f"VAT {provider.vat_number}" if provider.vat_number else ""
    return [part for part in (provider.legal_name or provider.name, registered, vat) if part]


def _logo(logo: Logo) -> dict[str, Any]:
    """The picture within an SVG, which travels as text, and its sides in millimetres: what typst takes."""
    scale = min(WIDEST / logo.width, HIGHEST / logo.height)
    data = base64.b64encode(logo.data).decode()
    return {
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" width="{logo.width}" height="{logo.height}">'
        f'<image width="{logo.width}" height="{logo.height}" href="data:{logo.content_type};base64,{data}"/></svg>',
        "width": logo.width * scale,
        "height": logo.height * scale,
    }
