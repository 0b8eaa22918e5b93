import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KubernetesRefusedError } from './index.ts';
import { Mirror, parseVersion, type WatchEvent } from './mirror.ts';

interface Raw {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
}

const raw = (name: string, version: number, uid = `uid of ${name}`): Raw => ({
  metadata: { name, uid, resourceVersion: String(version) },
});
const event = (type: WatchEvent['type'], name: string, version: number, uid?: string): WatchEvent => ({
  type,
  object: raw(name, version, uid),
});
const bookmark = (version: number): WatchEvent => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version) } },
});

/** A mirror whose values are `name@version`, and how often it parsed. */
function mirrorOf(version: number, ...items: Raw[]) {
  const parsed: string[] = [];
  const mirror = new Mirror('thing', (item) => {
    const { name, resourceVersion } = (item as Raw).metadata;
    parsed.push(name);
    return `${name}@${resourceVersion}`;
  });
  list(mirror, version, ...items);
  return { mirror, parsed };
}

function list(mirror: Mirror<string>, version: number, ...items: Raw[]): boolean {
  const listing = mirror.beginList();
  for (const item of items) listing.add([item]);
  return listing.takeOver(version);
}

describe('mirror: events', () => {
  it('add, change and delete; the version follows', () => {
    const { mirror } = mirrorOf(10, raw('a', 3), raw('c', 4));
    mirror.apply(event('ADDED', 'b', 11));
    mirror.apply(event('MODIFIED', 'a', 12));
    mirror.apply(event('DELETED', 'c', 13));
    expect(mirror.values()).toEqual(['a@12', 'b@11']);
    expect(mirror.version).toBe(13);
  });

  it('that come twice, or late, change nothing: what was deleted does not come back', () => {
    const { mirror } = mirrorOf(10, raw('a', 3));
    const added = event('ADDED', 'b', 11);
    const changed = event('MODIFIED', 'b', 12);
    const deleted = event('DELETED', 'b', 13);
    for (const one of [added, added, changed, added, deleted, changed, added, deleted]) mirror.apply(one);
    expect(mirror.values()).toEqual(['a@3']);
    expect(mirror.version).toBe(13);
  });

  it('a bookmark moves the version and nothing else, and never back', () => {
    const { mirror } = mirrorOf(10, raw('a', 3));
    mirror.apply(bookmark(20));
    mirror.apply(bookmark(15));
    mirror.apply(event('MODIFIED', 'a', 19));
    expect(mirror.values()).toEqual(['a@3']);
    expect(mirror.version).toBe(20);
  });

  it('a name that is taken again is another object', () => {
    const { mirror } = mirrorOf(10, raw('a', 3, 'first'));
    mirror.apply(event('DELETED', 'a', 11, 'first'));
    mirror.apply(event('ADDED', 'a', 12, 'second'));
    expect(mirror.values()).toEqual(['a@12']);
  });

  it('without a list before them say nothing', () => {
    const mirror = new Mirror('thing', () => 'x');
    mirror.apply(event('ADDED', 'a', 1));
    expect([mirror.version, mirror.values()]).toEqual([null, []]);
  });

  it.each([
    [
      'a version that is no number',
      { type: 'ADDED', object: { metadata: { ...raw('a', 1).metadata, resourceVersion: 'x' } } },
    ],
    ['an object without a uid', { type: 'ADDED', object: { metadata: { name: 'a', resourceVersion: '12' } } }],
    ['nothing', { type: 'BOOKMARK', object: null }],
  ] as const)('%s is refused', (_what, bad) => {
    const { mirror } = mirrorOf(10, raw('a', 3));
    expect(() => mirror.apply(bad)).toThrow(KubernetesRefusedError);
  });
});

describe('mirror: lists', () => {
  it('take away what was deleted unseen, and parse what is new only', () => {
    const { mirror, parsed } = mirrorOf(10, raw('a', 3), raw('b', 4), raw('c', 5));
    mirror.invalidate();
    expect(list(mirror, 20, raw('b', 4), raw('c', 15))).toBe(false);
    expect(mirror.values()).toEqual(['b@4', 'c@15']);
    expect(parsed).toEqual(['a', 'b', 'c', 'c']);
  });

  it('tell when they show what events should have told', () => {
    const { mirror } = mirrorOf(10, raw('a', 3));
    expect(list(mirror, 20, raw('a', 3))).toBe(false);
    expect(list(mirror, 30, raw('a', 25))).toBe(true);
    expect(list(mirror, 40)).toBe(true);
  });

  it('that are older than what events have told since change nothing', () => {
    const { mirror } = mirrorOf(10, raw('a', 3));
    mirror.apply(event('ADDED', 'b', 12));
    expect(list(mirror, 11, raw('a', 3))).toBe(false);
    expect(mirror.values()).toEqual(['a@3', 'b@12']);
    expect(mirror.version).toBe(12);
  });

  it('after a server was set back are believed, and parsed anew', () => {
    const { mirror, parsed } = mirrorOf(10, raw('a', 3));
    mirror.forget();
    list(mirror, 5, raw('a', 3));
    expect([mirror.version, mirror.values()]).toEqual([5, ['a@3']]);
    expect(parsed).toEqual(['a', 'a']);
  });
});

it('a copy kept by lists and events, with gaps, repetitions and cuts, is what the server has', () => {
  // Each step changes one of five objects at the server and says what becomes of the event.
  const step = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    remove: fc.boolean(),
    fate: fc.constantFrom('told', 'told', 'told twice', 'cut'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = new Map<string, number>();
      const history: { readonly version: number; readonly event: WatchEvent }[] = [];
      const { mirror } = mirrorOf(0);
      const tell = () => {
        for (const one of history) if (one.version > (mirror.version ?? 0)) mirror.apply(one.event);
      };
      for (const [index, { name, remove, fate }] of steps.entries()) {
        const version = index + 1;
        const known = server.has(name);
        if (remove && !known) continue;
        if (remove) server.delete(name);
        else server.set(name, version);
        const told = event(remove ? 'DELETED' : known ? 'MODIFIED' : 'ADDED', name, version);
        history.push({ version, event: told });
        // A watch that was cut goes on from the last version that it told.
        if (fate !== 'cut') tell();
        if (fate === 'told twice') for (const one of history.slice(-3)) mirror.apply(one.event);
      }
      tell();
      const expected = [...server].map(([name, version]) => `${name}@${version}`);
      expect(mirror.values()).toEqual(expected.sort());
    }),
  );
});

it.each(['', 'abc', '-1', '1.5', '9'.repeat(16)])('version %j is refused, and the way out named', (text) => {
  expect(() => parseVersion('/api/v1/pods', text)).toThrow(/kubernetes\.watch: false/);
});
