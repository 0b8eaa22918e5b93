export { type ApiParts, apiRoutes } from './routes.ts';
export type { ForecastDocument, HistoryDocument, PlanDocument, PoolsDocument } from './schema.ts';
