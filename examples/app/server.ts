import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, register } from 'prom-client';

/**
 * A small shop: each request takes some time, and is counted as Prometheus wants it. `PORT` says where it listens
 * (127.0.0.1, or `HOST`), 0: anywhere; it says where on stdout. SIGTERM lets the requests under way end.
 */
const WORK_MS = 5;

collectDefaultMetrics();
const requests = new Counter({ name: 'http_requests_total', help: 'Requests answered', labelNames: ['code'] });
const seconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'From the request to its answer',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
});
const underWay = new Gauge({ name: 'http_requests_in_flight', help: 'Requests that wait for their answer' });

const server = createServer(async (request, response) => {
  if (request.url === '/healthz') return response.end('ok\n');
  if (request.url === '/metrics')
    return response.setHeader('content-type', register.contentType).end(await register.metrics());
  underWay.inc();
  const end = seconds.startTimer();
  await wait(WORK_MS);
  response.end('a basket\n');
  end();
  underWay.dec();
  requests.inc({ code: response.statusCode });
});

server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`listening on ${typeof address === 'object' ? address?.port : address}\n`);
});
process.once('SIGTERM', () => server.close());
