import { type Spool, SpoolError } from '../../spool/index.ts';

/** A spool on a disk that may be full, or may not let itself be read. */
export interface FallibleSpool extends Spool {
  full: boolean;
  unreadable: boolean;
}

export function createFallibleSpool(spool: Spool): FallibleSpool {
  const check = (fails: boolean, code: string) => {
    if (fails) throw new SpoolError(`spool.db: ${code}`);
  };
  const fallible: FallibleSpool = {
    full: false,
    unreadable: false,
    get samples() {
      return spool.samples;
    },
    append(samples) {
      check(fallible.full, 'ENOSPC: no space left on device');
      return spool.append(samples);
    },
    oldest(samplesMax) {
      check(fallible.unreadable, 'EIO: i/o error');
      return spool.oldest(samplesMax);
    },
    remove: (batch) => spool.remove(batch),
    close: () => spool.close(),
  };
  return fallible;
}
