"""All settings in one file; every value that differs between installations comes from the environment."""

from pathlib import Path
from typing import Any

import dj_database_url
import environ
import structlog
from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- Security -----------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="unset: see the system check ispbilling.E001")
# Key ring of the encrypted columns: "id:base64,id:base64"; the first encrypts, all decrypt (core/secrets.py).
SECRETS_KEYS = env("SECRETS_KEYS", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
HTTPS = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Whose wrong passwords are counted: behind a proxy everybody would share its address.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
X_FRAME_OPTIONS = "DENY"
# Map pictures: URL templates. The public OpenStreetMap ones are for light use and want to be named; empty means
# a grid of degrees instead, and without the second there is no switch to satellite.
MAP_TILES = env("MAP_TILES", default="https://tile.openstreetmap.org/{z}/{x}/{y}.png")
MAP_ATTRIBUTION = env("MAP_ATTRIBUTION", default="© OpenStreetMap contributors")
MAP_SATELLITE_TILES = env("MAP_SATELLITE_TILES", default="")
MAP_SATELLITE_ATTRIBUTION = env("MAP_SATELLITE_ATTRIBUTION", default="")
_TILE_HOSTS = [
    "/".join(tiles.split("/")[:3]).replace("{s}", "*")
    for tiles in (MAP_TILES, MAP_SATELLITE_TILES)
    if tiles.startswith(("https://", "http://"))
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "img-src": [SELF, "data:", *_TILE_HOSTS],
        "object-src": ["'none'"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "ispbilling.core",
    "groups",
    "customers",
    "radius",
    "billing",
    "notifications",
    "portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_tables2",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "ispbilling",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "ispbilling.core.middleware.NoNul",
    "ispbilling.core.middleware.UploadLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ispbilling.core.middleware.SecondFactor",
    "django_structlog.middlewares.RequestMiddleware",
    "ispbilling.core.middleware.ProviderTimeZone",
    "portal.look.PortalLook",
]
ROOT_URLCONF = "ispbilling.urls"
WSGI_APPLICATION = "ispbilling.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ispbilling.navigation.context",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
FILTERS_EMPTY_CHOICE_LABEL = "Any"
DJANGO_TABLES2_TEMPLATE = "ui/table.html"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Data ---------------------------------------------------------------------------------------
DATABASES = {"default": dj_database_url.config(conn_max_age=60, conn_health_checks=True)}
REDIS_URL = env("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL.replace("redis+socket://", "unix://"),
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / ".data" / "media"))
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# The largest request that is read at all, and the largest single attachment; megabytes of 10**6 bytes.
UPLOAD_MAX_MB = env.int("UPLOAD_MAX_MB", default=100)
ATTACHMENT_MAX_MB = env.int("ATTACHMENT_MAX_MB", default=20)
# A removed attachment can be brought back for so long.
#: For so many days a merge of two customers can be taken back (D-20).
MERGE_UNDO_DAYS = env.int("MERGE_UNDO_DAYS", default=7)
ATTACHMENT_KEEP_REMOVED_DAYS = env.int("ATTACHMENT_KEEP_REMOVED_DAYS", default=30)
# Data protection: how long an export can be downloaded, and how long after its end an account must be kept.
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", default=7)
ERASE_AFTER_YEARS = env.int("ERASE_AFTER_YEARS", default=5)

# The daily anchor of the ledger is appended to a file here, best on a disk that the database's owner cannot write to;
# empty: it is kept in the database and mailed alone.
LEDGER_ANCHOR_DIR = env("LEDGER_ANCHOR_DIR", default="")

# --- Log-in (allauth serves both doors; decisions: D-4, D-6) --------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["customers.accounts.backends.UsernameOrEmail"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "customers.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"reset_password": "customers.accounts.adapter.ResetByEmail"}
# An e-mail address typed as the username is understood by the backend (D-6).
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
USERSESSIONS_TRACK_ACTIVITY = False  # a write for every page would be the price
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = env("MFA_ISSUER", default="ISP billing")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600

# --- Time and language ----------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
USE_TZ = True
# The provider's zone: business days, month ends and everything on screen are local to it.
TIME_ZONE = env("TIME_ZONE", default="Africa/Johannesburg")
DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i"
TIME_FORMAT = "H:i"
USE_I18N = False

# --- Static files ---------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / ".data" / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env(
            "STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- Background work ------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 3600}
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- RADIUS ---------------------------------------------------------------------------------------
RADIUS_ADDRESS = env("RADIUS_ADDRESS", default="0.0.0.0")  # noqa: S104 - a NAS reaches it from outside
RADIUS_AUTH_PORT = env.int("RADIUS_AUTH_PORT", default=1812)
RADIUS_ACCT_PORT = env.int("RADIUS_ACCT_PORT", default=1813)
RADIUS_AUTH_WORKERS = env.int("RADIUS_AUTH_WORKERS", default=2)
RADIUS_ACCT_WORKERS = env.int("RADIUS_ACCT_WORKERS", default=2)
RADIUS_COA_PORT = env.int("RADIUS_COA_PORT", default=3799)
# `fold`: Alice is alice; `exact`: a User-Name has the case of the data account's. Realms that a User-Name may
# carry and the data account may not (`user@realm`, `realm\user`, `realm/user`), with commas; `*`: any.
RADIUS_USERNAME_CASE = env.str("RADIUS_USERNAME_CASE", default="fold")
RADIUS_REALMS = env.list("RADIUS_REALMS", default=[])
if RADIUS_USERNAME_CASE not in ("fold", "exact"):
    raise ImproperlyConfigured("RADIUS_USERNAME_CASE is `fold` or `exact`.")
# Wrong passwords a minute, of a line and worker, after which others are not looked at; 0 looks at all.
RADIUS_WRONG_PASSWORDS = env.int("RADIUS_WRONG_PASSWORDS", default=10)
# RADIUS over TLS (RFC 6614): off without a certificate. The authority is optional: without one only certificates that
# were pasted into a NAS are believed.
RADIUS_RADSEC_CERTIFICATE = env("RADIUS_RADSEC_CERTIFICATE", default="")
RADIUS_RADSEC_KEY = env("RADIUS_RADSEC_KEY", default="")
RADIUS_RADSEC_CA = env("RADIUS_RADSEC_CA", default="")
RADIUS_RADSEC_PORT = env.int("RADIUS_RADSEC_PORT", default=2083 if RADIUS_RADSEC_CERTIFICATE else 0)
RADIUS_KEEP_REJECTS_DAYS = env.int("RADIUS_KEEP_REJECTS_DAYS", default=90)
# Disconnect- and CoA-Requests and what the NASes answered.
RADIUS_KEEP_COA_DAYS = env.int("RADIUS_KEEP_COA_DAYS", default=90)
# Accounting that PostgreSQL cannot take waits here, on a disk of this machine that survives a restart; beyond so
# many megabytes of 10**6 bytes packets are not answered, and the NASes keep them.
RADIUS_SPOOL_DIR = env.path("RADIUS_SPOOL_DIR", default=str(BASE_DIR / ".data" / "spool"))
RADIUS_SPOOL_MAX_MB = env.int("RADIUS_SPOOL_MAX_MB", default=1000)
# Sessions that ended so many days ago are archived by month; the months of sessions that are kept (0: all).
RADIUS_ARCHIVE_DAYS = env.int("RADIUS_ARCHIVE_DAYS", default=7)
RADIUS_KEEP_SESSIONS_MONTHS = env.int("RADIUS_KEEP_SESSIONS_MONTHS", default=24)
# The share of accepted log-ins that is kept with all that decided them, beside every refused one; 0: none.
RADIUS_SAMPLE_ACCEPTS = env.float("RADIUS_SAMPLE_ACCEPTS", default=0.001)

# --- Messages -------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="billing@localhost")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env("TWILIO_FROM", default="")
# Another base than api.twilio.com: a regional edge, or the loopback server of tests and demonstration.
TWILIO_API_BASE = env("TWILIO_API_BASE", default="")

# --- Paying online --------------------------------------------------------------------------------
# Another host than PayFast's own: the loopback server of tests.
PAYFAST_BASE = env("PAYFAST_BASE", default="")
# Who may tell us that somebody paid: what PayFast publishes (networks, and host names whose addresses change).
PAYFAST_SOURCES = env.list(
    "PAYFAST_SOURCES",
    default=[
        "197.97.145.144/28", "41.74.179.192/27", "102.216.36.0/28", "102.216.36.128/28", "144.126.193.139",
        "www.payfast.co.za", "sandbox.payfast.co.za", "w1w.payfast.co.za", "w2w.payfast.co.za",
    ],
)  # fmt: skip

# --- Logs -----------------------------------------------------------------------------------------
_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
]
LOG_JSON = env.bool("LOG_JSON", default=False)
# Plain tracebacks: the renderers' own would write out local variables, passwords and secrets among them.
_RENDERERS = (
    [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    if LOG_JSON
    else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "console": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERERS],
            "foreign_pre_chain": _SHARED,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "console"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.db.backends": {"level": "WARNING"},
        "django_structlog": {"level": "WARNING"},
        "mt940": {"level": "CRITICAL"},  # it logs what does not match: lines of bank statements
        "ofxtools": {"level": "WARNING"},
        "twilio.http_client": {"level": "WARNING"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
