import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { Elector, type ElectorParts, type LeasePort } from '@forescale/shared/leadership';
import { seededRandom, steadyClock, systemClock } from '@forescale/shared/time';

/** Takes part in an election, under a name that no other process has. */
export function electorOf(port: LeasePort, onHealth: NonNullable<ElectorParts['onHealth']>): Elector {
  return new Elector({
    port,
    self: `${process.env.NODE_NAME ?? hostname()}_${randomInt(2 ** 47).toString(16)}`,
    clock: steadyClock,
    wallClock: systemClock,
    random: seededRandom(randomInt(2 ** 31 - 1)),
    onHealth,
  });
}
