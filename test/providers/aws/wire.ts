import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api.ts';
import { escaped, readForm, UnknownParameter, writeXml } from './query-wire.ts';
import type { Service, ServiceModel } from './service-model.ts';
import { problemsOf } from './validate.ts';

type Models = Readonly<Record<Service, ServiceModel>>;

interface Asked {
  readonly service: Service;
  readonly operation: string;
  readonly region: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface Refused {
  readonly service: Service | null;
  readonly error: ApiError;
}

/** `X-Amz-Target` of the JSON protocols, and the versions of the Query ones. */
const TARGETS: Readonly<Record<string, Service>> = { AmazonSQS: 'sqs', AWSPriceListService: 'pricing' };
const SIGNED_AS: Readonly<Record<string, Service>> = {
  ec2: 'ec2',
  autoscaling: 'autoscaling',
  sqs: 'sqs',
  pricing: 'pricing',
};
const REQUEST_ID = '59dbff89-35bd-4eac-99ed-be587EXAMPLE';

/** The call that a request makes, held against the published model; whoever did not sign is not let in. */
export function asRequest(models: Models, headers: IncomingHttpHeaders, body: string): Asked | Refused {
  let service: Service | null = null;
  try {
    const signed = signatureOf(headers);
    service = signed.service;
    const model = models[service];
    const { operation, read } = spoken(model, headers, body);
    const { input: inputShape } = model.operations[operation] ?? {};
    if (!inputShape) throw new ApiError('InvalidAction', `The action ${operation} is not valid for this web service.`);
    const input = read(inputShape.shape);
    const [problem] = problemsOf(model, inputShape.shape, input);
    if (problem) throw new ApiError(problem.code, `${operation}${problem.message}`);
    return { service, operation, region: signed.region, input: input as Asked['input'] };
  } catch (error) {
    if (error instanceof UnknownParameter) return { service, error: new ApiError('UnknownParameter', error.message) };
    if (error instanceof ApiError) return { service, error };
    throw error;
  }
}

/** `AWS4-HMAC-SHA256 Credential=AKID/20261126/us-east-1/ec2/aws4_request, …`: where the call goes, and that it is signed. */
function signatureOf({ authorization = '' }: IncomingHttpHeaders): { region: string; service: Service } {
  const [, region = '', name = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=\S+, Signature=[0-9a-f]{64}$/.exec(
      authorization,
    ) ?? [];
  const service = SIGNED_AS[name];
  if (!service) throw new ApiError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
  return { region, service };
}

function spoken(model: ServiceModel, headers: IncomingHttpHeaders, body: string) {
  const target = headers['x-amz-target'];
  if (target !== undefined) {
    const [name = '', operation = ''] = String(target).split('.');
    if (TARGETS[name] !== model.service) throw new ApiError('UnknownOperationException', `no ${target} here`);
    return { operation, read: () => JSON.parse(body) as unknown };
  }
  const form = new URLSearchParams(body);
  if (form.get('Version') !== model.version)
    throw new ApiError('NoSuchVersion', `The requested version (${form.get('Version')}) is not valid.`);
  return { operation: form.get('Action') ?? '', read: (shape: string) => readForm(model, shape, form) };
}

/** A success as the service words it. */
export function resultText(model: ServiceModel, operation: string, result: unknown): string {
  if (model.service === 'sqs' || model.service === 'pricing') return JSON.stringify(result ?? {});
  const { output } = model.operations[operation] ?? {};
  const inner = output && result !== undefined ? writeXml(model, output.shape, result) : '';
  const open = `<?xml version="1.0" encoding="UTF-8"?><${operation}Response xmlns="${model.xmlNamespace}">`;
  if (model.service === 'ec2') return `${open}<requestId>${REQUEST_ID}</requestId>${inner}</${operation}Response>`;
  const wrapper = output?.resultWrapper;
  const wrapped = wrapper ? `<${wrapper}>${inner}</${wrapper}>` : inner;
  const metadata = `<ResponseMetadata><RequestId>${REQUEST_ID}</RequestId></ResponseMetadata>`;
  return `${open}${wrapped}${metadata}</${operation}Response>`;
}

/** A refusal as the service words it. */
export function refusalText(service: Service | null, { code, message }: ApiError): string {
  if (service === 'sqs' || service === 'pricing') return JSON.stringify({ __type: `com.amazonaws#${code}`, message });
  const error = `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
  if (service === 'autoscaling')
    return `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>${REQUEST_ID}</RequestId></ErrorResponse>`;
  return `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error>${error}</Error></Errors><RequestID>${REQUEST_ID}</RequestID></Response>`;
}
