"""Settings of an installation: plain assignments; what an operator may choose comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR", BASE_DIR / "var")).absolute()

DEBUG = env.flag("DEBUG", default=False)
BASE_URL = os.environ.get("BASE_URL", f"http://127.0.0.1:{env.number('PORT', default=8000, least=1)}").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
SECRET_KEY = env.secret_key(VAR_DIR, debug=DEBUG)
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [urlsplit(BASE_URL).hostname or "127.0.0.1", *LOOPBACK]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
if DEBUG and not set(ALLOWED_HOSTS) <= {*LOOPBACK, "testserver"}:
    raise ImproperlyConfigured("DEBUG shows secrets to every visitor: it is refused where ALLOWED_HOSTS names more than this machine.")

INSTALLED_APPS = [
    "config",
    "accounts",
    "policies",
    "labeling",
    "exports",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "drf_spectacular",
    "pgtrigger",
    "rest_framework",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.NoStoreMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "exports.navigation.navigation",
            ],
        },
    }
]

# One database, PostgreSQL 15 or later. manage.py sets DATABASE_URL to the embedded server where it is unset.
DATABASES = {"default": env.database(os.environ.get("DATABASE_URL", "postgresql:///tiebreak"), pool_size=env.number("DB_POOL", default=12))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# One Redis: the broker, and the cache (sessions, sign-in limits). Nothing in it is the only copy of anything.
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tiebreak",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.sessions.PersonBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# English is what programs and records speak, whatever people read. `make messages` writes the catalogues anew.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = "tiebreak-language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT", VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.bundles.BundleFinder",
]
# One file of several, in this order.
DESK = ("words", "page", "keys", "seconds", "missing", "drafts", "undo", "evidence", "criteria", "help", "rest", "controls", "sending")
BUNDLES = {"desk.js": [*(f"desk/{name}.js" for name in DESK), "reading.js"]}
WHITENOISE_MAX_AGE = 3600

# ---- security --------------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS and env.flag("SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "tiebreak-session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "tiebreak-csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 2**20
FILE_UPLOAD_HANDLERS = [
    "policies.uploads.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# An imported file, in bytes: what is larger goes through the commands, which read line by line.
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", default=64 * 2**20, least=1)
SIGN_IN_FAILURES, SIGN_IN_COOL_OFF = 8, 15 * 60

# ---- API -------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.parsers.BoundedJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.CursorPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tiebreak",
    "DESCRIPTION": "Pairs in, judgments, dataset versions out. Send `Authorization: Bearer <token>`.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "CampaignState": "labeling.models.Campaign.State",
        "DatasetVersionState": "exports.models.DatasetVersion.State",
        "FindingKind": "labeling.models.Finding.Kind",
        "PlaceKind": "labeling.models.Slot.Kind",
        "RowVerdict": "exports.models.RowReading.Verdict",
        "VerdictEnum": "labeling.models.Verdict",
    },
}

# ---- generation ------------------------------------------------------------------------------------------------
# Folders that policies may load weights from, by name; endpoints of the openai engine, by name, with their keys.
MODEL_ROOTS = {name: Path(path) for name, path in env.named("MODEL_ROOTS", default=f"demo={VAR_DIR / 'models'}").items()}
OPENAI_ENDPOINTS = env.named("OPENAI_ENDPOINTS")
OPENAI_KEYS = env.named("OPENAI_KEYS")
GENERATION_BATCH = env.number("GENERATION_BATCH", default=32, least=1)
GENERATION_DTYPE = os.environ.get("GENERATION_DTYPE", "bfloat16")
GENERATION_DEVICE = os.environ.get("GENERATION_DEVICE", "auto")
ECHO_ENGINE = False
# Seconds: how long a claimed request is held, how often a live worker says so, how long a decoder may make no step.
LEASE_SECONDS, BEAT_SECONDS, STALL_SECONDS = 60, 10, 60

# ---- labeling --------------------------------------------------------------------------------------------------
# For so long labelers may reopen what they decided; a version leaves out pairs with a younger label. 0 switches it off.
UNDO_SECONDS = env.number("UNDO_SECONDS", default=120)

# ---- dataset versions ------------------------------------------------------------------------------------------
DATASETS_DIR = Path(os.environ.get("DATASETS_DIR", VAR_DIR / "datasets"))
# A hub of datasets, the repositories on it that released versions may be pushed to (OWNER/NAME), and the token to write with: only the default worker needs it.
HUB_ENDPOINT = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
HUB_TOKEN = os.environ.get("HF_TOKEN", "")
HUB_REPOS = env.words("HUB_REPOS")

LOG_LEVEL = os.environ.get("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
