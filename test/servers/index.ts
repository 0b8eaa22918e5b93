export { startDockerEngine } from './docker-engine.ts';
export { startInflux } from './influx-server.ts';
export { startNats } from './nats-server.ts';
export type { TestServer } from './server-process.ts';
