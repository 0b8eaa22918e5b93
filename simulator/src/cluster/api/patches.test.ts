import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../objects/json.ts';
import { applyJsonPatch } from './json-patch.ts';
import { applyMergePatch } from './merge-patch.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';

describe('json patch', () => {
  // Document, patch and result; null where RFC 6902 wants an error.
  const cases: [string, Json, Json, Json | undefined][] = [
    ['adds a member', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    ['inserts into a list', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['appends to a list', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['adds over what is there', { a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
    ['replaces the whole', { a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }], { b: 1 }],
    ['removes from a list', { a: [1, 2, 3] }, [{ op: 'remove', path: '/a/1' }], { a: [1, 3] }],
    ['moves', { a: { x: 1 }, b: {} }, [{ op: 'move', from: '/a/x', path: '/b/y' }], { a: {}, b: { y: 1 } }],
    ['copies by value', { a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }], { a: { x: 1 }, b: { x: 1 } }],
    ['reads escapes', { 'a/b~c': 1 }, [{ op: 'replace', path: '/a~1b~0c', value: 2 }], { 'a/b~c': 2 }],
    [
      'takes equal objects in any order',
      { a: { x: 1, y: 2 } },
      [{ op: 'test', path: '/a', value: { y: 2, x: 1 } }],
      { a: { x: 1, y: 2 } },
    ],
    ['refuses to replace nothing', { a: 1 }, [{ op: 'replace', path: '/b', value: 1 }], undefined],
    ['refuses to remove nothing', { a: 1 }, [{ op: 'remove', path: '/b' }], undefined],
    ['refuses to add below nothing', { a: 1 }, [{ op: 'add', path: '/b/c', value: 1 }], undefined],
    ['refuses an index beyond the end', { a: [1] }, [{ op: 'add', path: '/a/3', value: 1 }], undefined],
    ['refuses a leading zero', { a: [1, 2] }, [{ op: 'remove', path: '/a/01' }], undefined],
    ['refuses another value', { a: 1 }, [{ op: 'test', path: '/a', value: 2 }], undefined],
    ['refuses an unknown operation', { a: 1 }, [{ op: 'frob', path: '/a' }], undefined],
    ['refuses what is no list', { a: 1 }, { op: 'remove', path: '/a' }, undefined],
  ];
  it.each(cases)('%s', (_name, document, patch, expected) => {
    if (expected === undefined) expect(() => applyJsonPatch(document, patch)).toThrow();
    else expect(applyJsonPatch(document, patch)).toEqual(expected);
  });

  it('leaves the document alone', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const document = { a: [1, 2], b: value } as Json;
        const before = JSON.stringify(document);
        applyJsonPatch(document, [
          { op: 'remove', path: '/a/0' },
          { op: 'add', path: '/a/-', value: value as Json },
          { op: 'replace', path: '/b', value: 1 },
        ]);
        expect(JSON.stringify(document)).toBe(before);
      }),
    );
  });
});

describe('merge patch', () => {
  // The table of RFC 7386, appendix A.
  const cases: [Json, Json, Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  it.each(cases)('%j with %j is %j', (target, patch, expected) => {
    expect(applyMergePatch(target, patch)).toEqual(expected);
  });
});

describe('strategic merge patch', () => {
  const ready = { type: 'Ready', status: 'True' };
  const disk = { type: 'DiskPressure', status: 'False' };
  const cases: [string, Json, Json, Json][] = [
    [
      'merges a condition by type',
      { conditions: [ready, disk] },
      { conditions: [{ type: 'Ready', reason: 'x' }] },
      { conditions: [{ ...ready, reason: 'x' }, disk] },
    ],
    [
      'appends a condition of a new type',
      { conditions: [ready] },
      { conditions: [disk] },
      { conditions: [ready, disk] },
    ],
    [
      'deletes a condition',
      { conditions: [ready, disk] },
      { conditions: [{ type: 'Ready', $patch: 'delete' }] },
      { conditions: [disk] },
    ],
    [
      'replaces a list that merges, when told',
      { conditions: [ready] },
      { conditions: [disk, { $patch: 'replace' }] },
      { conditions: [disk] },
    ],
    [
      'replaces taints, whose type has no merge key',
      { taints: [{ key: 'a' }] },
      { taints: [{ key: 'b' }] },
      { taints: [{ key: 'b' }] },
    ],
    ['adds to finalizers', { finalizers: ['a'] }, { finalizers: ['a', 'b'] }, { finalizers: ['a', 'b'] }],
    [
      'takes from finalizers',
      { finalizers: ['a', 'b'] },
      { '$deleteFromPrimitiveList/finalizers': ['a'] },
      { finalizers: ['b'] },
    ],
    [
      'orders what it is told to',
      { containers: [{ name: 'a' }, { name: 'b' }] },
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] },
      { containers: [{ name: 'b' }, { name: 'a' }] },
    ],
    ['merges deep', { a: { b: 1, c: 2 } }, { a: { c: null, d: 3 } }, { a: { b: 1, d: 3 } }],
    ['replaces an object, when told', { a: { b: 1 } }, { a: { $patch: 'replace', c: 2 } }, { a: { c: 2 } }],
    [
      'retains only the keys that it is told to',
      { a: { b: 1, c: 2 } },
      { a: { $retainKeys: ['c'], c: 3 } },
      { a: { c: 3 } },
    ],
  ];
  it.each(cases)('%s', (_name, target, patch, expected) => {
    expect(applyStrategicMergePatch(target, patch)).toEqual(expected);
  });

  it('refuses an element without its merge key', () => {
    expect(() => applyStrategicMergePatch({}, { conditions: [{ status: 'True' }] })).toThrow('merge key');
  });
});
