# One image for the webhook and the controller (and the command line): three bundles, no node_modules.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && node node_modules/esbuild/install.js
COPY build.mjs ./
COPY api api
COPY kube kube
COPY certs certs
COPY webhook webhook
COPY controller controller
COPY cli cli
RUN node build.mjs --only webhook && node build.mjs --only controller && node build.mjs --only werfbundle

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title=werfbundle \
      org.opencontainers.image.licenses=Apache-2.0
WORKDIR /app
# package.json says that the bundles are ES modules.
COPY package.json LICENSE ./
COPY --from=build /app/dist dist
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
# Numeric, so that runAsNonRoot can be checked. Nothing is ever written: the root file system may be read-only.
USER 65532:65532
CMD ["node", "dist/webhook.js"]
