"""WSGI entry point (gunicorn ispbilling.wsgi). Refuses to serve with settings that are not safe."""

import os

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
application = get_wsgi_application()

# Only manage.py checks by itself; the stand-in for a missing SECRET_KEY is known to everybody.
if wrong := [str(found) for found in run_checks(tags=["installation"]) if found.is_serious()]:
    raise ImproperlyConfigured("\n".join(wrong))
