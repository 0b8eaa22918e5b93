export { startInflux } from './influx-server.ts';
export { startNats } from './nats-server.ts';
export { freePort, type ServerProgram, startServer, type TestServer } from './server-process.ts';
