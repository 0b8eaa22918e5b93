export { isBearer } from './bearer.ts';
export { type HttpOptions, type HttpServer, startHttp } from './server.ts';
