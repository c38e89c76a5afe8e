# One image for migrate, ingest, alerts, api and administration: `docker compose run --rm api admin --help`.
FROM python:3.11-slim-bookworm AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/uskat/.venv UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.8
WORKDIR /opt/uskat
# The libraries change seldom, the code often: two layers.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project
COPY uskat ./uskat
COPY services ./services
COPY simulators ./simulators
COPY migrations ./migrations
COPY deploy/ingest-worker.sh ./deploy/
RUN uv sync --locked --no-dev

FROM python:3.11-slim-bookworm
# docker-compose mounts secrets for this number.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin uskat \
    && install -d -o 10001 -g 10001 /workers
COPY --from=build /opt/uskat /opt/uskat
ENV PATH=/opt/uskat/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp
WORKDIR /opt/uskat
USER 10001
ENTRYPOINT ["uskat"]
CMD ["--help"]
