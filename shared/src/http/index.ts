export { type HttpOptions, type HttpServer, startHttp } from './server.ts';
