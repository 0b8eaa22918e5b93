/**
 * What is done about a documented command:
 * - `runs`: it is run as it stands, `more` behind it, and ends with one of these codes and these words.
 * - `helps`: it takes too long here; its program is asked for its help, which has to know every option of it.
 * - `tries`: the real kubectl makes of it what it would send, without a cluster.
 * - `elsewhere`: a test that has these words in it does what it says, on servers of its own.
 * - `not`: it cannot be run here, and why.
 */
export type Handling =
  | { readonly kind: 'runs'; readonly codes: readonly number[]; readonly says: RegExp; readonly more: string }
  | { readonly kind: 'helps' }
  | { readonly kind: 'tries' }
  | { readonly kind: 'elsewhere'; readonly test: string; readonly words: string }
  | { readonly kind: 'not'; readonly why: string };

const runs = (says: RegExp, { codes = [0], more = '' } = {}): Handling => ({ kind: 'runs', says, codes, more });
const helps: Handling = { kind: 'helps' };
const tries: Handling = { kind: 'tries' };
const elsewhere = (test: string, words: string): Handling => ({ kind: 'elsewhere', test, words });
const not = (why: string): Handling => ({ kind: 'not', why });

const NO_CLUSTER = 'there is no real cluster to ask';
const NO_PROGRAM = 'the program is not to be had from Debian or npm';
const STEPS = elsewhere('test/docs/start.integration.test.ts', 'stepsOf');
const COMPOSE = elsewhere('test/deploy/compose.integration.test.ts', 'docker-compose');
const IMPORTED = elsewhere('test/prometheus/import.integration.test.ts', "'import'");
const INSTALLED = elsewhere('bench/src/start/installation.ts', "'ci', '--omit=dev', '--omit=optional'");

/** A command as it stands, or a pattern of all of it; the first that fits. */
const HANDLINGS: readonly (readonly [command: string | RegExp, handling: Handling])[] = [
  ['npm ci', STEPS],
  ['npm ci --omit=dev --omit=optional', INSTALLED],
  [
    /^npm install (--no-save --omit=dev --omit=optional )?(@aws-sdk\/client-[a-z0-9-]+ ?)+$/,
    not("a cloud's own client, as large as all the rest"),
  ],
  ['npm install dockerode', not('it changes the installation that the other tests run in')],
  ['npm test', not('it is what runs this')],
  ['npm run demo', elsewhere('test/browser/demo-page.browser.test.ts', "'demo'")],
  ['npm run demo -- --trace load.csv', runs(/USD/, { more: ' --once --days 0.05 --port 0' })],
  [/^npm run bench -- [a-z]+( --[a-z]+( [\w./*-]+)?)*( FILE\.\.\.)?$/, helps],
  ['npm run chaos -- --runs 5 --without-journal', runs(/seed/i, { codes: [1] })],
  ['npm run chaos -- --seed 22 --runs 1 --verbose', runs(/seed 22/)],
  [/^npm run chaos -- --runs \d+( --seed 1| --without-journal| --json chaos\.json)+$/, helps],
  ['npm run chaos:nightly', not('it takes hours; it is npm run chaos with other seeds')],
  ['npm run newcomer', not('it clones and installs; its second half is run by test/docs/start.integration.test.ts')],
  ['npm run test:live -- aws --config forescale.yaml', not('it makes machines at a cloud, which costs money')],
  [
    'KUBECONFIG=~/.kube/staging npm run test:cluster',
    elsewhere('test/e2e/cluster-suite.integration.test.ts', 'test:cluster'),
  ],
  [/^npm run forescale -- backtest load\.csv --horizon 12$/, runs(/forescale +\d/)],
  [
    /^npm run forescale -- simulate (load\.csv --config examples\/simulate\.yaml|--config forescale\.yaml --from-store web\/load)( --policy reactive)?$/,
    runs(/would have cost [\d.]+ USD/),
  ],
  ['npm run forescale -- simulate --config forescale.yaml --from-store web/rps --history 0.9', STEPS],
  [/^npm run forescale -- validate [\w./]+ --print( \| grep -A 7 \^kubernetes)?$/, runs(/^ *kubernetes:$/m)],
  ['npm run forescale -- doctor --config examples/minimal.yaml', runs(/fail +reachable/, { codes: [1] })],
  ['npm run forescale -- doctor --config forescale.yaml', STEPS],
  ['npm run forescale -- doctor --config forescale.yaml --service actuator', runs(/ok +reachable/, { codes: [0, 1] })],
  [
    'npm run forescale -- plan --config examples/planning.yaml --state examples/planning-state.json',
    runs(/^pool web at /m),
  ],
  [
    /^npm run forescale -- import --config forescale\.yaml --csv (load|trace)\.csv( --signal rps)?$/,
    runs(/\d+ samples/),
  ],
  ['npm run forescale -- import --config forescale.yaml --days 28', STEPS],
  [/^npm run forescale -- import --config (examples\/prometheus|forescale)\.yaml( --days 90 --signal rps)?$/, IMPORTED],
  [
    /^npm run forescale -- import --config forescale\.yaml --prometheus \S+ +--query '[^']+'( --days 28)?$/,
    elsewhere('test/cli/import.test.ts', "'--prometheus'"),
  ],
  ['npm run forescale -- up --config examples/minimal.yaml', elsewhere('test/e2e/observe.test.ts', "'up'")],
  ['npm run forescale -- up --config forescale.yaml', STEPS],
  [
    'npm run forescale -- release --config config.yaml',
    elsewhere('test/deploy/release.integration.test.ts', 'release'),
  ],
  ['npm run forescale -- pause web --config forescale.yaml --why "incident 17" --for 30m', runs(/paused until /)],
  ['npm run forescale -- resume web --config forescale.yaml', runs(/resumed/)],
  [
    /^npm run forescale -- override web --config forescale\.yaml --min 6 --max 12 --why "launch" --until \S+$/,
    runs(/min 6, max 12 until /),
  ],
  [
    'npm run forescale -- override web --config forescale.yaml --clear --why "called off"',
    runs(/bounds as configured/),
  ],
  [/^curl -X POST "http:\/\/127\.0\.0\.1:8080\/api\/v1\/override\?pool=web" /, runs(/"ok":true/)],
  [/^curl -sS http:\/\/127\.0\.0\.1:8080\/api\/v1\/kpi /, runs(/"accepted":1/)],
  ['curl -s "http://127.0.0.1:8080/api/v1/plan?pool=web"', STEPS],
  [
    /^export OTEL_EXPORTER_OTLP_METRICS_(ENDPOINT|HEADERS)=/,
    elsewhere('test/push/opentelemetry.test.ts', '/v1/metrics'),
  ],
  ['export PROMETHEUS_URL=http://prometheus:9090', STEPS],
  ['cp examples/prometheus.yaml forescale.yaml', STEPS],
  ['git clone "$REPOSITORY" forescale', not('it is what npm run newcomer does')],
  ['cd forescale', STEPS],
  [
    'npx vitest run --project integration test/e2e/leader.integration.test.ts',
    elsewhere('test/e2e/leader.integration.test.ts', 'it('),
  ],
  ['docker compose up --build', COMPOSE],
  ['docker compose up --build --detach', COMPOSE],
  ['docker compose exec actuator cat /etc/forescale/secrets/http-token', COMPOSE],
  ['docker compose logs --follow simulation', COMPOSE],
  ['docker compose down --volumes', COMPOSE],
  ['docker build --tag ghcr.io/forescale/forescale:0.1.0 .', COMPOSE],
  [/^docker run --rm .*ghcr\.io\/forescale\/forescale:0\.1\.0 (--help|validate \S+|sbom .*)$/, COMPOSE],
  ['kubectl apply -f deploy/kubernetes/rbac.yaml', elsewhere('test/actuation/rbac.test.ts', 'rbac.yaml')],
  [
    'kubectl apply -f deploy/kubernetes/external-metrics.yaml',
    elsewhere('test/actuation/external-metrics.test.ts', 'external-metrics.yaml'),
  ],
  [/^kubectl (--namespace forescale |-n forescale )?create (namespace|secret generic|configmap) /, tries],
  [/^kubectl (-n (forescale|kube-system) )?(get|annotate|delete) /, not(NO_CLUSTER)],
  [
    "nats request forescale.v1.get.forecast.web.rps ''",
    elsewhere('services/predictor/src/service/forecast-answers.test.ts', 'getForecast'),
  ],
  [/^influx (bucket create|v1 dbrp create) /, not(NO_PROGRAM)],
  [/^apt-get install --no-install-recommends r-cran-/, not('peers of a benchmark, 300 MB')],
  ['pip install statsmodels', not('a peer of a benchmark, from another registry')],
];

/** Null: nobody has thought of this command yet. */
export function handlingOf(command: string): Handling | null {
  const fits = ([known]: (typeof HANDLINGS)[number]) =>
    typeof known === 'string' ? known === command : known.test(command);
  return HANDLINGS.find(fits)?.[1] ?? null;
}
