export { type PrometheusAccess, PrometheusClient, type PrometheusTls, type Range } from './client.ts';
export { PrometheusError, PrometheusQueryError } from './errors.ts';
export { type Part, queryHistory } from './history.ts';
