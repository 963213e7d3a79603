"""The product's settings, with what tests need: cheap password hashing, own folders, and the echo engine."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import STORAGES, VAR_DIR

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
SECURE_SSL_REDIRECT = False
ECHO_ENGINE = True
MODEL_ROOTS = {"tests": VAR_DIR / "models"}
DATASETS_DIR = VAR_DIR / "datasets"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
