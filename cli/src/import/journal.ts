import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Part, Range } from '@forescale/shared/prometheus';
import { z } from 'zod';

/** Everything that makes two imports the same work. */
export interface ImportKey {
  readonly server: string;
  readonly query: string;
  readonly pool: string;
  readonly signal: string;
  readonly source: string;
  readonly stepMs: number;
}

const schema = z.object({
  from_ms: z.number(),
  to_ms: z.number(),
  /** Of a sample that was stored; null: there was none in what is done. */
  sample_ms: z.number().nullable(),
});

type Done = z.output<typeof schema>;

/**
 * Written after every part that the store has confirmed, so that an import which was broken off goes on from it. Parts come
 * the newest first: what is done is one stretch.
 */
export class ImportJournal {
  readonly #path: string;
  readonly #stepMs: number;
  #done: Done | null = null;
  #toMs = Number.NaN;

  constructor(dataDir: string, { server, query, pool, signal, source, stepMs }: ImportKey) {
    const text = JSON.stringify([server, query, pool, signal, source, stepMs]);
    this.#path = join(dataDir, `import-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);
    this.#stepMs = stepMs;
  }

  /**
   * What of a range is still to be asked for, the newest first: what came since, and what is older than what is done.
   * `isStored` tells whether the store has a sample of that time: it may be another one since.
   */
  async begin(range: Range, isStored: (timeMs: number) => Promise<boolean>): Promise<readonly Range[]> {
    const { fromMs, toMs, stepMs } = range;
    this.#toMs = toMs;
    const done = await this.#read();
    const isWithin = done !== null && done.to_ms >= fromMs && done.to_ms <= toMs;
    if (!isWithin || (done.sample_ms !== null && !(await isStored(done.sample_ms)))) return [range];
    this.#done = done;
    const missing = [
      { fromMs: done.to_ms + stepMs, toMs, stepMs },
      { fromMs, toMs: done.from_ms - stepMs, stepMs },
    ];
    return missing.filter((part) => part.fromMs <= part.toMs);
  }

  async done({ fromMs, toMs, series }: Part): Promise<void> {
    const sampleMs = series.timesMs.at(-1) ?? null;
    const done = this.#done;
    if (done === null) this.#done = { from_ms: fromMs, to_ms: toMs, sample_ms: sampleMs };
    else if (toMs < done.from_ms) this.#done = { ...done, from_ms: fromMs, sample_ms: sampleMs ?? done.sample_ms };
    // What came since is noted when all of it is there; until then it would be a second stretch.
    else if (fromMs === done.to_ms + this.#stepMs) this.#done = { ...done, to_ms: this.#toMs };
    else return;
    await mkdir(dirname(this.#path), { recursive: true });
    // Half a file would be no journal.
    await writeFile(`${this.#path}.new`, JSON.stringify(this.#done));
    await rename(`${this.#path}.new`, this.#path);
  }

  async end(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #read(): Promise<Done | null> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
    } catch {
      // None, or one that says nothing: everything is asked for, and what is there already stays one point.
      return null;
    }
  }
}
