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

const schema = z.object({ from_ms: z.number(), done_ms: z.number() });

/** Written after every part that the store has confirmed, so that an import which was broken off goes on behind it. */
export class ImportJournal {
  readonly #path: string;
  #fromMs = Number.NaN;

  constructor(dataDir: string, { server, query, pool, signal, source, stepMs }: ImportKey) {
    const text = JSON.stringify([server, query, pool, signal, source, stepMs]);
    this.#path = join(dataDir, `import-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.json`);
  }

  /** The first step after what is done of a range that begins at `fromMs`; `fromMs` where nothing is, or less was asked for. */
  async begin(fromMs: number, stepMs: number): Promise<number> {
    const done = await this.#read();
    // A range that begins earlier than the one that was broken off has a part before it that nobody has asked for.
    const goesOn = done !== null && done.from_ms <= fromMs && done.done_ms >= fromMs;
    this.#fromMs = goesOn ? done.from_ms : fromMs;
    return goesOn ? done.done_ms + stepMs : fromMs;
  }

  async done(doneMs: number): Promise<void> {
    await mkdir(join(this.#path, '..'), { recursive: true });
    // Half a file would be no journal.
    await writeFile(`${this.#path}.new`, JSON.stringify({ from_ms: this.#fromMs, done_ms: doneMs }));
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
