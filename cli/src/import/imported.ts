/** What an import has brought. */
export interface Imported {
  readonly samples: number;
  /** Both NaN where there is none. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Samples (of a server: steps) of a time that the store does not keep. */
  readonly tooOld: number;
  /** Milliseconds at the beginning that an earlier run had brought. */
  readonly before: number;
}

/** The tags of a series in the store. */
export interface SeriesTags {
  readonly pool: string;
  readonly signal: string;
  readonly source: string;
}

/** What there is to tell of it, as lines. */
export function describeImport({ pool, signal }: SeriesTags, imported: Imported): string {
  const { samples, firstMs, lastMs, tooOld, before } = imported;
  const time = (ms: number) => new Date(ms).toISOString();
  const lines: string[] = [];
  if (before > 0) lines.push(`${pool}/${signal}: goes on where an earlier import was broken off`);
  lines.push(
    samples === 0
      ? `${pool}/${signal}: nothing was missing`
      : `${samples} samples into ${pool}/${signal}, ${time(firstMs)} to ${time(lastMs)}`,
  );
  if (tooOld > 0) {
    const were = tooOld === 1 ? '1 sample' : `${tooOld} samples`;
    lines.push(`${were} older than the store's retention ${tooOld === 1 ? 'was' : 'were'} left out`);
  }
  return `${lines.join('\n')}\n`;
}
