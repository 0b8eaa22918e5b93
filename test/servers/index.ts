export { startInflux, startNats, type TestServer } from '@forescale/bench/servers';
export { startDockerEngine } from './docker-engine.ts';
export { startPrometheusServer } from './prometheus-server.ts';
