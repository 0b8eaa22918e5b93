import type { ManualClock } from '@forescale/shared/time';

const BOOT_MS = 20_000;
const DELETION_MS = 20_000;

export interface EndpointServer {
  readonly id: number;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly serverType: string;
  readonly location: string;
  readonly createdMs: number;
  status: 'initializing' | 'running' | 'deleting';
  deletedMs: number | null;
}

/** The servers of one project, which boot and go as time passes. */
export class Servers {
  readonly #clock: ManualClock;
  readonly #byId = new Map<number, EndpointServer>();
  #nextId = 4_711;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  add(of: Pick<EndpointServer, 'name' | 'labels' | 'serverType' | 'location'>): EndpointServer {
    const createdMs = this.#clock.nowMs();
    const server: EndpointServer = { ...of, id: this.#nextId++, createdMs, status: 'initializing', deletedMs: null };
    this.#byId.set(server.id, server);
    return server;
  }

  named(name: string): EndpointServer | undefined {
    return [...this.#byId.values()].find((server) => server.name === name);
  }

  get(id: string): EndpointServer | undefined {
    return this.#byId.get(Number(id));
  }

  /** In the order of their ids, those that have been there for `showAfterMs`. */
  shown(showAfterMs: number): readonly EndpointServer[] {
    return [...this.#byId.values()].filter(({ createdMs }) => createdMs + showAfterMs <= this.#clock.nowMs());
  }

  delete(server: EndpointServer): void {
    server.status = 'deleting';
    server.deletedMs = this.#clock.nowMs();
  }

  step(): void {
    const nowMs = this.#clock.nowMs();
    for (const server of this.#byId.values()) {
      if (server.status === 'initializing' && nowMs - server.createdMs >= BOOT_MS) server.status = 'running';
      if (server.deletedMs !== null && nowMs - server.deletedMs >= DELETION_MS) this.#byId.delete(server.id);
    }
  }
}
