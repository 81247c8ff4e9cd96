# The image of one service, the same for its API, its worker and its migrations:
#
#   docker build --build-arg SERVICE=applicant --tag smartfactory-applicant:dev .
#   docker run smartfactory-applicant:dev api | worker | migrate | rebuild
#
# It holds Python, the service, common, contracts and what the lock says these need: no development tool, no pip, no
# local stack, no issuer. It runs as 10001 and writes to /tmp and to mounted volumes only. docs/compose.md shows it used.

FROM python:3.13-slim AS build
ARG SERVICE
# No file bears the time it was built at: the same sources give the same files.
ARG SOURCE_DATE_EPOCH=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
COPY infra/image/locked.py requirements.lock ./
RUN python locked.py "smartfactory-${SERVICE:?say --build-arg SERVICE=applicant|funding|mentoring|metrics}" \
        smartfactory-common smartfactory-contracts <requirements.lock >part.lock \
    && python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --quiet --no-compile --no-deps --only-binary=:all: \
        --require-hashes --requirement part.lock
COPY libs/common/src /opt/smartfactory/libs/common/src
COPY libs/contracts/src /opt/smartfactory/libs/contracts/src
COPY services/${SERVICE}/src /opt/smartfactory/services/${SERVICE}/src
COPY services/${SERVICE}/migrations /opt/smartfactory/services/${SERVICE}/migrations
# What `openapi.json` of the service's package is a link to; metrics carries the document of all services too.
COPY docs/api/${SERVICE}.json docs/api/smartfactory.json /opt/smartfactory/docs/api/
RUN [ "$SERVICE" = metrics ] || rm /opt/smartfactory/docs/api/smartfactory.json
COPY infra/image/ready.py /opt/smartfactory/ready.py
COPY infra/image/installed.py ./
RUN python installed.py /opt/venv /opt/smartfactory "$SERVICE"

FROM python:3.13-slim AS service
# The base image brings pip, and a copy to make it from again. Who runs it is a line of text: adduser would write dates.
RUN python -m pip uninstall --quiet --yes --root-user-action=ignore pip \
    && rm -rf "$(python -c 'import ensurepip; print(ensurepip.__path__[0])')" \
    && echo 'smartfactory:x:10001:' >>/etc/group \
    && echo 'smartfactory:x:10001:10001::/nonexistent:/usr/sbin/nologin' >>/etc/passwd \
    && install -d -o 10001 -g 10001 /var/lib/smartfactory /var/lib/smartfactory/documents
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/smartfactory /opt/smartfactory
ARG SERVICE
ARG VERSION=0.0.0+unknown
ARG REVISION=unknown
ENV HTTP_HOST=0.0.0.0 \
    PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VERSION=${VERSION}
LABEL org.opencontainers.image.title="smartfactory-${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of the Jeonbuk smart-factory programme: api, worker, migrate" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000 8001
STOPSIGNAL SIGTERM
# Healthy means ready: it can do its work now. Who only lives (a database is away, a migration is missing) is not.
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=6 \
    CMD ["/opt/venv/bin/python", "-I", "-S", "/opt/smartfactory/ready.py"]
ENTRYPOINT ["/opt/venv/bin/service"]
CMD ["api"]
