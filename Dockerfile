# syntax=docker/dockerfile:1
# One image for the webhook and the controller (and the command line): Node, three bundles, and no shell, no npm, no node_modules.
# Base images are named by tag: a release pins nothing that was not looked up where it is built (docs/releasing.md).
ARG NODE_VERSION=24

# Bundles are the same for every architecture: they are made on the machine that builds.
FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund && node node_modules/esbuild/install.js
COPY build.mjs ./
COPY api api
COPY process process
COPY kube kube
COPY registry registry
COPY certs certs
COPY admission admission
COPY serving serving
COPY webhook webhook
COPY receiver receiver
COPY controller controller
COPY dashboard dashboard
COPY cli cli
RUN node build.mjs --only webhook && node build.mjs --only controller && node build.mjs --only receiver && node build.mjs --only werfbundle

FROM node:${NODE_VERSION}-bookworm-slim AS node

FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title=werfbundle \
      org.opencontainers.image.description="Admission webhook and controller for werf bundles on Kubernetes" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.url=https://github.com/werf/werfbundle \
      org.opencontainers.image.source=https://github.com/werf/werfbundle \
      org.opencontainers.image.documentation=https://github.com/werf/werfbundle/blob/main/README.md \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.created=$CREATED
COPY --from=node /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
# package.json says that the bundles are ES modules.
COPY package.json LICENSE ./
COPY --from=build /app/dist dist
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
# Numeric, so that runAsNonRoot can be checked. Nothing is ever written: the root file system may be read-only.
USER 65532:65532
CMD ["node", "dist/webhook.js"]
