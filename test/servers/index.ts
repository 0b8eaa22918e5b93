export { startInflux, startNats, type TestServer } from '@forescale/bench/servers';
export { startDockerEngine } from './docker-engine.ts';
