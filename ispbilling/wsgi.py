"""WSGI entry point (gunicorn ispbilling.wsgi). Refuses to serve with settings that are not safe."""

import os

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from ispbilling.core.collecting import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
application = get_wsgi_application()

# Only manage.py checks by itself; the stand-in for a missing SECRET_KEY is known to everybody.
if wrong := [str(found) for found in run_checks(tags=["installation"]) if found.is_serious()]:
    raise ImproperlyConfigured("\n".join(wrong))

# Before the server forks: its workers share what is loaded, and the first to ask for a page does not wait for it.
_ = get_resolver().url_patterns
settle()
