/** What an import has brought. */
export interface Imported {
  readonly samples: number;
  /** Both NaN where there is none. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Samples (of a server: steps) of a time that the store does not keep. */
  readonly tooOld: number;
  /** An earlier run, which was broken off, had brought some of it. */
  readonly goesOn: boolean;
}

/** The tags of a series in the store. */
export interface SeriesTags {
  readonly pool: string;
  readonly signal: string;
  readonly source: string;
}

/** What there is to tell of it, as lines. */
export function describeImport({ pool, signal }: SeriesTags, imported: Imported): string {
  const { samples, firstMs, lastMs, tooOld, goesOn } = imported;
  const time = (ms: number) => new Date(ms).toISOString();
  const lines: string[] = [];
  if (goesOn) lines.push(`${pool}/${signal}: goes on where an earlier import was broken off`);
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
