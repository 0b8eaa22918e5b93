export {
  type ForecastDocument,
  forecastDocumentSchema,
  HISTORY_LEADS,
  type HistoryDocument,
  historySchema,
  type PlanDocument,
  type PoolsDocument,
  planDocumentSchema,
  poolsSchema,
} from './schema.ts';
