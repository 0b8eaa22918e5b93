/** The process has been killed: nothing it would have done after this happens. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Counts the steps of a process at its ports, and kills it at one of them. */
export class Gate {
  passed = 0;
  /** At this step the process dies; odd steps are just before an effect, even ones just after. */
  killAt = Number.POSITIVE_INFINITY;

  get dead(): boolean {
    return this.passed >= this.killAt;
  }

  async effect<T>(act: () => T | Promise<T>): Promise<T> {
    this.#step();
    const result = await act();
    this.#step();
    return result;
  }

  #step(): void {
    if (this.dead) throw new Killed();
    this.passed++;
    if (this.dead) throw new Killed();
  }
}
