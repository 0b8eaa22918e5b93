export { type PrometheusAccess, PrometheusClient, type PrometheusTls } from './client.ts';
export { PrometheusError, PrometheusQueryError, PrometheusTooMuchError } from './errors.ts';
export { type Part, queryHistory } from './history.ts';
export type { Range } from './range.ts';
