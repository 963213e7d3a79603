from django.apps import AppConfig

from config.celery import app as celery_app

__all__ = ["ConfigConfig", "celery_app"]  # imported here, so that a task that any process sends goes to our broker


class ConfigConfig(AppConfig):
    name = "config"
