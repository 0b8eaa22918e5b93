import { type ErrorClass, ProviderError } from '../errors.ts';
import type { CapiMachine } from './objects.ts';

/** What infrastructure providers put into reasons and messages, in the words of their clouds. */
const MEANINGS: readonly (readonly [RegExp, ErrorClass])[] = [
  [/quota|limit ?exceeded/i, 'quota'],
  [/invalid ?configuration|invalid ?parameter|unsupported ?change/i, 'config'],
];
/** Anything else that a machine fails by keeps it from coming, as a lack of machines does. */
const OTHERWISE: ErrorClass = 'capacity';

/** While a machine is made, its conditions are false too: only these reasons say that it will not be. */
const FAILED = /fail|error|insufficient|exhausted|unavailable|quota|exceeded/i;
const TELLING = ['InfrastructureReady', 'BootstrapReady', 'BootstrapConfigReady', 'Ready'];

export interface MachineFailure {
  readonly error: ProviderError;
  /** Null: it does not say. */
  readonly sinceMs: number | null;
}

/** Why a machine does not come; null: it may yet. */
export function failureOf({ metadata, status }: CapiMachine): MachineFailure | null {
  const { failureReason, failureMessage } = status;
  if (failureReason !== '' || failureMessage !== '')
    return { error: errorOf(metadata.name, failureReason, failureMessage), sinceMs: null };
  const condition = status.conditions.find(
    ({ type, status: value, severity, reason }) =>
      TELLING.includes(type) && value === 'False' && (severity === 'Error' || FAILED.test(reason)),
  );
  if (condition === undefined) return null;
  const sinceMs = Date.parse(condition.lastTransitionTime);
  const error = errorOf(metadata.name, condition.reason, condition.message);
  return { error, sinceMs: Number.isFinite(sinceMs) ? sinceMs : null };
}

function errorOf(name: string, reason: string, message: string): ProviderError {
  const said = [reason, message].filter((part) => part !== '').join(': ');
  const errorClass = MEANINGS.find(([words]) => words.test(said))?.[1] ?? OTHERWISE;
  return new ProviderError(errorClass, `Machine ${name}: ${said}`.slice(0, 500), { ambiguous: false });
}
