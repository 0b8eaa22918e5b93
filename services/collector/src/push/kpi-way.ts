import { decodeKpis, KPI_BYTES_MAX } from './kpi-request.ts';
import type { PushParts, Way } from './way.ts';

const JSON_TYPE = 'application/json';
const REFUSED_SHOWN_MAX = 100;

/** `POST /api/v1/kpi`: one KPI, or a list of them. */
export function kpiWay({ accept }: PushParts): Way {
  return {
    source: 'push',
    path: '/api/v1/kpi',
    types: [JSON_TYPE],
    bytesMax: KPI_BYTES_MAX,
    async take(body, _type, atMs) {
      const { measurements, places, refused } = decodeKpis(body, atMs);
      const refusals = refused.map(({ index, reason }) => `[${index}] ${reason}`);
      const screened = await accept('push', { measurements, refusals }, atMs);
      const late = screened.map(({ index, reason }) => ({ index: places[index] as number, reason }));
      const all = [...refused, ...late].sort((a, b) => a.index - b.index);
      const accepted = measurements.length - late.length;
      const answer = { accepted, refused: all.slice(0, REFUSED_SHOWN_MAX) };
      const status = accepted === 0 && all.length > 0 ? 400 : 200;
      return { status, type: JSON_TYPE, body: JSON.stringify(answer) };
    },
    fail: (status, error) => ({ status, type: JSON_TYPE, body: JSON.stringify({ error }) }),
  };
}
