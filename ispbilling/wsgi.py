"""WSGI entry point (gunicorn ispbilling.wsgi)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
application = get_wsgi_application()
