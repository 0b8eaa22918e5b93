import { createHash } from 'node:crypto';

/** One of the predictors that share the series. */
export interface Member {
  readonly id: string;
  /** `joining`: it does not forecast all of its series yet. */
  readonly state: 'joining' | 'ready';
}

/**
 * The member to which a name belongs: the one with the highest weight for it (rendezvous hashing). Every member comes
 * to the same answer from the same list, names spread evenly (of 1,000 over two members half of them give or take 16,
 * one standard deviation), and when a member goes only the names that were its own move.
 */
export function ownerOf<M extends Pick<Member, 'id'>>(members: readonly M[], name: string): M | null {
  let owner: M | null = null;
  let highest = -1;
  for (const member of members) {
    const weight = createHash('sha256').update(`${member.id} ${name}`).digest().readUIntBE(0, 6);
    if (weight > highest) {
      highest = weight;
      owner = member;
    }
  }
  return owner;
}

/**
 * Whether `self` forecasts the name now. That is its owner; while the owner is joining, whoever of those that are
 * ready would have it without him goes on with it, so that a series is forecast twice rather than not at all.
 */
export function isServedBy(self: string, members: readonly Member[], name: string): boolean {
  const owner = ownerOf(members, name);
  if (owner === null || owner.id === self) return owner !== null;
  if (owner.state === 'ready') return false;
  const ready = members.filter((member) => member.state === 'ready');
  return ownerOf(ready, name)?.id === self;
}
