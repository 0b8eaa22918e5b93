export { type InfluxServerOptions, startInflux } from './influx-server.ts';
export { type NatsServerOptions, startNats } from './nats-server.ts';
export type { TestServer } from './server-process.ts';
