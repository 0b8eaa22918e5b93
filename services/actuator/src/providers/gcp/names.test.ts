import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callId, instanceName, labelFilter, regionOf } from './names.ts';

const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

describe('gcp names', () => {
  it.each([
    ['web-t3k9p2-4f0az1', 'web-t3k9p2-4f0az1'],
    ['7-web-t3k9p2-4f0az1', 'n-7-web-t3k9p2-4f0az1-c3383952'],
    ['Web.shop', 'n-web-shop-a44f9656'],
  ])('node %s is machine %s', (nodeName, name) => {
    expect(instanceName(nodeName)).toBe(name);
  });

  it('any node has a machine of a name that is taken, and no two have the same', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), fc.string({ minLength: 1, maxLength: 200 }), (a, b) => {
        expect(instanceName(a)).toMatch(NAME);
        if (a !== b) expect(instanceName(a)).not.toBe(instanceName(b));
      }),
    );
  });

  it('the id of a call is a UUID, the same for the same token and number of failures', () => {
    const id = callId('web-t3k9p2-4f0az1', 0);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(callId('web-t3k9p2-4f0az1', 0)).toBe(id);
    expect(new Set([id, callId('other', 0), callId('web-t3k9p2-4f0az1', 1)]).size).toBe(3);
  });

  it('a filter is made of what a label can be, and of nothing else', () => {
    expect(labelFilter('forescale-cluster', 'a-1_b')).toBe('(labels.forescale-cluster = "a-1_b")');
    for (const value of ['', 'a"b', 'A', 'a b', 'x'.repeat(64)])
      expect(() => labelFilter('forescale-cluster', value)).toThrow('label forescale-cluster = ');
  });

  it('the region of a zone', () => {
    expect([regionOf('us-central1-a'), regionOf('us-central1')]).toEqual(['us-central1', 'us-central1']);
  });
});
