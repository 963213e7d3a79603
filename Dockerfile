# syntax=docker/dockerfile:1
# Two images from one file: `web` (also the default worker and beat) without torch, `gpu` with it.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN groupadd --gid 10001 tiebreak && useradd --uid 10001 --gid tiebreak --home-dir /srv/tiebreak --no-create-home --shell /usr/sbin/nologin tiebreak \
    && install -d -o tiebreak -g tiebreak /srv/tiebreak /var/lib/tiebreak
WORKDIR /srv/tiebreak
COPY pyproject.toml constraints.txt ./

FROM base AS web
RUN pip install -c constraints.txt .
COPY . .
ENV VAR_DIR=/var/lib/tiebreak STATIC_ROOT=/srv/static BIND=0.0.0.0:8000
# Collecting needs settings but no server and no real secret.
RUN DATABASE_URL=postgresql:///unused REDIS_URL=redis://127.0.0.1:1 VAR_DIR=/tmp/build python manage.py collectstatic --noinput && rm -rf /tmp/build
USER tiebreak
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]

FROM base AS gpu
# TORCH_INDEX chooses the build of torch: the default registry's brings CUDA, a CPU index does not.
ARG TORCH_INDEX=
RUN pip install -c constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$(grep -m1 '^torch==' constraints.txt)" && pip install -c constraints.txt '.[worker]'
COPY . .
ENV VAR_DIR=/var/lib/tiebreak
USER tiebreak
CMD ["celery", "-A", "config", "worker", "-Q", "gpu", "--pool", "solo", "--loglevel", "info"]
