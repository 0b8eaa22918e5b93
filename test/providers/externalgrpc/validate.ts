import type { MethodDefinition, status } from '@grpc/grpc-js';

/** A refusal with a status of its own. */
export class CallRefused extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

type Request = Readonly<Record<string, unknown>>;

/** A request as it came, and what is wrong with it. */
export interface Checked {
  readonly request: Request;
  /** Null: nothing. */
  readonly wrong: string | null;
}

/**
 * The method, whose requests are read strictly: a real server passes over fields that it does not know and takes absent
 * ones for empty; here each is a mistake. A field that is not known is lost when the request is written again, by `bare`: the same method,
 * whose requests have no fields but those that came.
 */
export function checkedMethod(
  method: MethodDefinition<Request, object>,
  bare: MethodDefinition<Request, object>,
): MethodDefinition<Checked, object> {
  return {
    ...method,
    requestSerialize: ({ request }) => method.requestSerialize(request),
    requestDeserialize(bytes: Buffer): Checked {
      const request = method.requestDeserialize(bytes);
      const isWhole = bare.requestSerialize(bare.requestDeserialize(bytes)).length === bytes.length;
      const name = method.path.slice(method.path.lastIndexOf('/') + 1);
      return { request, wrong: isWhole ? wrongIn(name, request) : 'a field that is not known' };
    },
  };
}

function wrongIn(name: string, request: Request): string | null {
  if ('id' in request && request.id === '') return 'id is required';
  const delta = Number(request.delta);
  if (name === 'NodeGroupIncreaseSize' && !(delta > 0)) return 'delta must be positive';
  if (name === 'NodeGroupDecreaseTargetSize' && !(delta < 0)) return 'delta must be negative';
  if (name === 'NodeGroupDeleteNodes') return wrongNodes(request.nodes as readonly Request[]);
  if (name === 'PricingNodePrice') return wrongPeriod(request);
  return null;
}

function wrongNodes(nodes: readonly Request[]): string | null {
  if (nodes.length === 0) return 'nodes are required';
  const isId = (text: unknown) => /^[a-z0-9-]+:\/\/.+$/.test(String(text));
  return nodes.every(({ providerID }) => isId(providerID)) ? null : 'providerID must be <provider>://<id>';
}

function wrongPeriod({ node, startTimestamp, endTimestamp }: Request): string | null {
  if (!node || !startTimestamp || !endTimestamp) return 'request fields were nil';
  const seconds = (moment: unknown) => Number((moment as { readonly seconds: number }).seconds);
  return seconds(endTimestamp) > seconds(startTimestamp) ? null : 'endTimestamp must be after startTimestamp';
}
