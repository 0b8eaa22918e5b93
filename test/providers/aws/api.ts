/** What every part of the end point is told of a call. */
export interface Call {
  readonly region: string;
  readonly operation: string;
  /** Validated: as the published model has it. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Of those that make machines: as if there were none, or the quota full. */
  readonly refused: 'capacity' | 'quota' | null;
}

/** Refused, as AWS refuses. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A page of a list, whose token is where the next one begins. */
export function pageOf<T>(
  all: readonly T[],
  sizeMax: number,
  token: unknown,
): { items: T[]; next: string | undefined } {
  const start = token === undefined ? 0 : Number(/^page-(\d+)$/.exec(String(token))?.[1] ?? Number.NaN);
  if (!Number.isInteger(start)) throw new ApiError('InvalidNextToken', `The token '${token}' is invalid`);
  const end = start + sizeMax;
  return { items: all.slice(start, end), next: end < all.length ? `page-${end}` : undefined };
}

export const REFUSALS = {
  capacity: {
    code: 'InsufficientInstanceCapacity',
    message: 'There is no capacity available that matches your request.',
  },
  quota: {
    code: 'VcpuLimitExceeded',
    message: 'You have requested more vCPU capacity than your current vCPU limit allows.',
  },
} as const;
