# The product for production: docker-compose.yml runs it as web, worker, beat and RADIUS responder.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt

COPY . .
# Static files belong to the image; media and the schedule's state are volumes of the unprivileged user.
RUN useradd --system --uid 10001 --home-dir /nonexistent isp \
    && SECRET_KEY=only-for-collectstatic DATABASE_URL=postgres://none STATIC_ROOT=/app/staticfiles \
       python manage.py collectstatic --noinput -v0 \
    && install -d -o isp -g isp /data /data/media /data/spool

ENV STATIC_ROOT=/app/staticfiles MEDIA_ROOT=/data/media
USER isp
EXPOSE 8000 1812/udp 1813/udp
CMD ["gunicorn", "ispbilling.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", \
     "--preload", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--access-logfile", "-"]
