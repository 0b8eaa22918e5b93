import type { Clock } from './clock.ts';

/** Instead of the default, which is an exception with a stack, made for every call. */
const ENDED = 'ended';

/**
 * The result of `work`, or a rejection with `late()` once `ms` have passed on `clock`. The signal that `work` gets
 * aborts then, and also once it has ended: what still hangs on it is let go.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
): Promise<T> {
  const workEnds = new AbortController();
  const timerEnds = new AbortController();
  let isOver = false;
  const deadline = clock.sleep(ms, timerEnds.signal).then(() => {
    // A sleep that is called off ends as well: no error, with its stack, shall be made for every call.
    if (!isOver) throw late();
  });
  try {
    return (await Promise.race([work(workEnds.signal), deadline])) as T;
  } finally {
    isOver = true;
    deadline.catch(() => undefined);
    timerEnds.abort(ENDED);
    workEnds.abort(ENDED);
  }
}
