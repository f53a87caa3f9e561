"""Inline icons: a sprite in the page (`portal/_icons.html`), so that nothing is loaded for them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def glyph(name: str) -> SafeString:
    """An icon as decoration beside its word."""
    return format_html('<svg class="glyph" aria-hidden="true"><use href="#i-{}"/></svg>', name)
