# One image for every part: web, worker, migrate and the demo. Non-root, nothing written outside /var/lib/throughline and /tmp.
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
COPY pyproject.toml README.md ./
COPY app ./app
RUN python -m venv /opt/throughline && /opt/throughline/bin/pip install --no-cache-dir --prefer-binary .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/throughline --no-create-home throughline \
 && install --directory --owner=10001 --mode=0700 /var/lib/throughline
WORKDIR /srv/throughline
COPY --from=build /opt/throughline /opt/throughline
COPY app ./app
COPY migrations ./migrations
COPY templates ./templates
COPY static ./static
ENV PATH=/opt/throughline/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/srv/throughline
USER 10001
EXPOSE 8000
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve", "--host", "0.0.0.0", "--no-worker"]
