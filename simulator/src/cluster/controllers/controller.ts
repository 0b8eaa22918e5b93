/**
 * Brings the cluster closer to what its objects ask for. `run` is called after every change until a whole round
 * changes nothing; it must be cheap when nothing that concerns it has changed.
 */
export interface Controller {
  readonly name: string;
  run(): void;
}

/** More rounds than any cluster needs to come to rest: controllers undo each other's work. */
const ROUNDS_MAX = 100;

/** Runs the controllers until the store's revision rests. */
export function settle(controllers: readonly Controller[], revision: () => number): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = revision();
    for (const controller of controllers) controller.run();
    if (revision() === before) return;
  }
  throw new Error(`the controllers did not come to rest in ${ROUNDS_MAX} rounds`);
}
