import { formatDuration } from '@forescale/shared/time';
import type { Held, PlaceholderSize } from '../providers/port.ts';
import { boundThatBit, type Decision, whyTarget } from './decide.ts';
import { type Asked, headroom } from './headroom.ts';
import type { PlanMemory } from './memory.ts';
import { whyWait } from './scale-down.ts';
import type { Situation } from './situation.ts';
import type { Action, PlanReport, Reason } from './types.ts';

/**
 * The decision of a pool whose nodes somebody else creates and removes: how many placeholders are to hold room. They are
 * raised at once, and lowered as nodes are let go: when neither load nor forecast has wanted them for `unneeded`.
 */
export function decideHeadroom(
  situation: Situation,
  report: Pick<PlanReport, 'atMs' | 'desired' | 'hold' | 'needs' | 'ceiling' | 'usdPerHourMax'>,
  reasons: Reason[],
): Decision & { readonly newNodes: number } {
  const { state, pool, bounds } = situation;
  const memory = { ...situation.memory, generation: state.memory.generation + 1 };
  const nothing = { actions: [], wantedBack: 0, newNodes: 0 };
  if (bounds.paused) {
    reasons.push({ code: 'paused', text: `paused by ${state.override?.by ?? ''}: ${state.override?.why ?? ''}` });
    return { ...nothing, memory, boundBy: 'pause' };
  }
  const level = levelOf(situation, report, reasons);
  const asked: Asked = { ...report, desired: level.nodes };
  const { replicas, size, newNodes } = headroom(asked, state, pool);
  const rises = level.nodes > (state.memory.headroom?.nodes ?? 0);
  const next: PlanMemory = {
    ...memory,
    headroom: level,
    ...(rises && { lastScaleUpMs: situation.nowMs }),
  };
  const actions = changeOf(state.held ?? null, { replicas, size }, whyTarget(situation), reasons);
  return { ...nothing, actions, newNodes, memory: next, boundBy: boundThatBit(situation) };
}

type Level = NonNullable<PlanMemory['headroom']>;

/** How many nodes are to be there, by load, forecast and placeholders together. */
function levelOf(
  situation: Situation,
  report: Pick<PlanReport, 'desired' | 'hold' | 'ceiling'>,
  reasons: Reason[],
): Level {
  const { state, pool, nowMs, observed, holdFloor, fleet } = situation;
  const { unneededMs, enabled } = pool.scaleDown;
  const before = state.memory.headroom ?? { nodes: 0, lowerTo: 0, lowerSinceMs: null };
  const keep = Math.min(report.ceiling, Math.max(report.desired, report.hold, holdFloor.value));
  if (report.desired >= before.nodes) return { nodes: report.desired, lowerTo: 0, lowerSinceMs: null };
  const nodes = Math.min(before.nodes, report.ceiling);
  if (keep >= nodes) return { nodes, lowerTo: 0, lowerSinceMs: null };
  const sinceMs = Math.min(nowMs, before.lowerSinceMs ?? nowMs);
  const lowerTo = before.lowerSinceMs === null ? keep : Math.max(keep, before.lowerTo);
  const waiting: Level = { nodes, lowerTo, lowerSinceMs: sinceMs };
  if (!enabled || !observed.complete) return waiting;
  if (nowMs - sinceMs < unneededMs) {
    const text = `room for ${nodes - keep} nodes not needed, but not yet for ${formatDuration(unneededMs)}`;
    reasons.push({ code: 'hold-unneeded', text });
    return waiting;
  }
  const wait = whyWait(state, fleet, pool, nowMs);
  if (wait !== null) {
    reasons.push(wait);
    return waiting;
  }
  const lower = Math.min(nodes, lowerTo);
  return { nodes: lower, lowerTo: keep, lowerSinceMs: lower > keep ? nowMs : null };
}

/** What has to be written, where the cluster shows something else. */
function changeOf(
  held: Held | null,
  wanted: { readonly replicas: number; readonly size: PlaceholderSize },
  why: string,
  reasons: Reason[],
): Action[] {
  if (held === null) {
    reasons.push({ code: 'headroom-unread', text: 'how many placeholders there are could not be read: they stay' });
    return [];
  }
  const { replicas, size } = wanted;
  const isResized = replicas > 0 && !isSame(held.size, size);
  if (held.replicas === replicas && !isResized) return [];
  const text = `${replicas} placeholders, from ${held.replicas}${isResized && held.replicas > 0 ? ', resized' : ''}: ${why}`;
  reasons.push({ code: 'headroom', text });
  return [{ kind: 'headroom', replicas, size, reason: text }];
}

function isSame(a: PlaceholderSize | null, b: PlaceholderSize): boolean {
  return a !== null && a.cpuMillicores === b.cpuMillicores && a.memoryBytes === b.memoryBytes && a.gpus === b.gpus;
}
