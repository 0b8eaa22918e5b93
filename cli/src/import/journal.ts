import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  done_ms: z.number(),
  /** The newest sample that was stored; null: there was none in what is done. */
  newest_ms: z.number().nullable(),
});

/** Written after every part that the store has confirmed, so that an import which was broken off goes on behind it. */
export class ImportJournal {
  readonly #path: string;
  #fromMs = Number.NaN;
  #newestMs: number | null = null;

  constructor(dataDir: string, { server, query, pool, signal, source, stepMs }: ImportKey) {
    const text = JSON.stringify([server, query, pool, signal, source, stepMs]);
    this.#path = join(dataDir, `import-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);
  }

  /**
   * The first step after what is done of a range that begins at `fromMs`; `fromMs` where nothing is, or less was asked for.
   * `isStored` tells whether the store has a sample of that time: it may have been replaced since.
   */
  async begin(fromMs: number, stepMs: number, isStored: (timeMs: number) => Promise<boolean>): Promise<number> {
    const done = await this.#read();
    // A range that begins earlier than the one that was broken off has a part before it that nobody has asked for.
    const isWithin = done !== null && done.from_ms <= fromMs && done.done_ms >= fromMs;
    const goesOn = isWithin && (done.newest_ms === null || (await isStored(done.newest_ms)));
    this.#fromMs = goesOn ? done.from_ms : fromMs;
    this.#newestMs = goesOn ? done.newest_ms : null;
    return goesOn ? done.done_ms + stepMs : fromMs;
  }

  /** `newestMs` of the samples that came with it. */
  async done(doneMs: number, newestMs: number | null): Promise<void> {
    await mkdir(join(this.#path, '..'), { recursive: true });
    this.#newestMs = newestMs ?? this.#newestMs;
    const text = JSON.stringify({ from_ms: this.#fromMs, done_ms: doneMs, newest_ms: this.#newestMs });
    // Half a file would be no journal.
    await writeFile(`${this.#path}.new`, text);
    await rename(`${this.#path}.new`, this.#path);
  }

  async end(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #read(): Promise<z.output<typeof schema> | null> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#path, 'utf8')));
    } catch {
      // None, or one that says nothing: everything is asked for, and what is there already stays one point.
      return null;
    }
  }
}
