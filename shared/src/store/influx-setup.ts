import { type InfluxClient, InfluxFailure } from './influx-client.ts';

export interface InfluxSetup {
  readonly database: string;
  /** Of the points as they come; for ever when null. */
  readonly retentionDays: number | null;
  /** Of their rollups; null: none are made. */
  readonly rollupDays: number | null;
}

/** The retention policy that is ours to change. Another default policy of the database is left as it is. */
const POLICY = 'forescale';

/**
 * What people look at over months. Each run takes in what has come late since: as long as an ordinary outage; older
 * samples are rolled up by hand, with the same SELECT.
 */
const ROLLUPS = [
  { step: '5m', again: '2h' },
  { step: '1h', again: '1d' },
] as const;

/** Makes the database and what belongs to it, as often as wanted. `onNotice` is told what the server keeps as it is. */
export async function setUpInflux(
  client: InfluxClient,
  setup: InfluxSetup,
  onNotice: (message: string) => void,
): Promise<void> {
  const { database, retentionDays, rollupDays } = setup;
  const name = quoted(database);
  await orNotice(`database ${database} is used as it is`, onNotice, async () => {
    if (retentionDays === null) await client.query(`CREATE DATABASE ${name}`, 'POST');
    else await setUpWithRetention(client, database, retentionDays, onNotice);
  });
  if (rollupDays === null) return;
  await orNotice(`database ${database} gets no rollups`, onNotice, async () => {
    for (const rollup of ROLLUPS) await setUpRollup(client, name, rollup, rollupDays);
  });
}

/** Where that is forbidden or unknown, it is somebody else's task: say so and go on. */
async function orNotice(what: string, onNotice: (message: string) => void, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const goesOn = error instanceof InfluxFailure && error.status !== null && error.status !== 401;
    if (!goesOn || error.status >= 500 || error.databaseIsMissing) throw error;
    onNotice(`${what}: ${error.message}`);
  }
}

async function setUpWithRetention(
  client: InfluxClient,
  database: string,
  days: number,
  onNotice: (message: string) => void,
): Promise<void> {
  const name = quoted(database);
  const policy = `DURATION ${days}d REPLICATION 1`;
  try {
    await client.query(`CREATE DATABASE ${name} WITH ${policy} NAME "${POLICY}"`, 'POST');
    return;
  } catch (error) {
    if (!(error instanceof InfluxFailure) || !error.message.includes('conflicts')) throw error;
  }
  const [table] = await client.query(`SHOW RETENTION POLICIES ON ${name}`);
  const isDefault = table?.columns.indexOf('default') ?? -1;
  const current = table?.values.find((values) => values[isDefault] === true);
  if (current?.[0] === POLICY) await client.query(`ALTER RETENTION POLICY "${POLICY}" ON ${name} ${policy}`, 'POST');
  else {
    onNotice(
      `database ${database} keeps its own retention policy ${current?.[0]} (${current?.[1]}) instead of ${days} days`,
    );
  }
}

/** Rolled up is `kpi`, series by series, into a retention policy of its own, under the same name and tags. */
async function setUpRollup(
  client: InfluxClient,
  name: string,
  { step, again }: (typeof ROLLUPS)[number],
  days: number,
): Promise<void> {
  const target = `"forescale_${step}"`;
  const policy = `RETENTION POLICY ${target} ON ${name} DURATION ${days}d REPLICATION 1`;
  await orIfThere(
    () => client.query(`CREATE ${policy}`, 'POST'),
    () => client.query(`ALTER ${policy}`, 'POST'),
  );
  const columns = ['mean', 'min', 'max', 'count'].map((kind) => `${kind}("value") AS "${kind}"`).join(', ');
  const select = `SELECT ${columns} INTO ${name}.${target}."kpi" FROM "kpi" GROUP BY time(${step}), *`;
  const query = `CONTINUOUS QUERY "forescale_kpi_${step}" ON ${name}`;
  const create = () => client.query(`CREATE ${query} RESAMPLE EVERY ${step} FOR ${again} BEGIN ${select} END`, 'POST');
  // The server takes the same query again, but not another one of its name.
  await orIfThere(create, async () => {
    await client.query(`DROP ${query}`, 'POST');
    await create();
  });
}

async function orIfThere(create: () => Promise<unknown>, change: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof InfluxFailure) || !error.message.includes('already exists')) throw error;
    await change();
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll(/["\\]/g, '\\$&')}"`;
}
