/** What `/metrics` of several services said at moments of a simulation, as a file from which Prometheus makes its blocks. */
export class Scrapes {
  readonly #urls: Readonly<Record<string, string>>;
  readonly #lines: string[] = [];

  /** By job. */
  constructor(urls: Readonly<Record<string, string>>) {
    this.#urls = urls;
  }

  async take(timeMs: number): Promise<void> {
    for (const [job, url] of Object.entries(this.#urls)) {
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const line of text.split('\n')) if (line !== '' && !line.startsWith('#')) this.#add(line, job, timeMs);
    }
  }

  /** In OpenMetrics. */
  text(): string {
    return `${this.#lines.join('\n')}\n# EOF\n`;
  }

  /** With the labels that a scrape adds, and the time in place of the one that the exporter may give. */
  #add(line: string, job: string, timeMs: number): void {
    const [, name, labels, value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
    const own = `job="${job}",instance="${job}:8080"`;
    this.#lines.push(`${name}{${labels ? `${labels},` : ''}${own}} ${value} ${timeMs / 1_000}`);
  }
}
