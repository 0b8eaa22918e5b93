# Every service and command of Forescale. For BuildKit and for the classic builder, hence without mounts and here-documents.
FROM node:22-bookworm-slim AS build
WORKDIR /opt/forescale
COPY package.json package-lock.json .npmrc ./
COPY cli/package.json cli/
COPY dashboard/package.json dashboard/
COPY services/actuator/package.json services/actuator/
COPY services/collector/package.json services/collector/
COPY services/predictor/package.json services/predictor/
COPY shared/package.json shared/
COPY simulator/package.json simulator/
# auto: where its binaries can be had, which do not come from npm; no: never. Without it WebAssembly does the work.
ARG TENSORFLOW=auto
COPY deploy/image/native-tensorflow.ts deploy/image/
# No install script runs but that of native TensorFlow, if at all. What only compilers and debuggers read goes, and the
# manifests say what is left, so that `npm sbom` does.
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier \
    --workspace=cli --workspace=dashboard --workspace=services/actuator --workspace=services/collector \
    --workspace=services/predictor --workspace=shared --workspace=simulator \
  && node --disable-warning=ExperimentalWarning deploy/image/native-tensorflow.ts "$TENSORFLOW" && rm -r deploy \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -exec rm {} + \
  && npm pkg delete devDependencies && npm pkg delete devDependencies --workspace=services/actuator
COPY LICENSE ./
COPY examples examples/
COPY cli/src cli/src/
COPY dashboard/src dashboard/src/
COPY services/actuator/src services/actuator/src/
COPY services/collector/src services/collector/src/
COPY services/predictor/src services/predictor/src/
COPY shared/src shared/src/
COPY simulator/src simulator/src/

FROM node:22-bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="forescale" \
  org.opencontainers.image.description="Predictive node autoscaling for Kubernetes and K3s" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.source="https://github.com/forescale/forescale" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
RUN echo 'forescale:x:65532:' >> /etc/group \
  && echo 'forescale:x:65532:65532::/var/lib/forescale:/usr/sbin/nologin' >> /etc/passwd \
  && mkdir -p /etc/forescale/secrets /var/lib/forescale \
  && chown 65532:65532 /var/lib/forescale \
  && ln -s /opt/forescale/cli/src/main.ts /usr/local/bin/forescale
COPY --from=build /opt/forescale /opt/forescale/
ENV NODE_ENV=production \
  NODE_OPTIONS=--disable-warning=ExperimentalWarning \
  FORESCALE_HEALTH_URL=http://127.0.0.1:8080/healthz
USER 65532:65532
# Written to are this folder, which `data_dir: /var/lib/forescale` should name, and /tmp.
WORKDIR /var/lib/forescale
VOLUME /var/lib/forescale
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.FORESCALE_HEALTH_URL).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["forescale"]
CMD ["--help"]
