/** What a refusal means, in the classes that all providers share. */
export type CloudErrorClass = 'capacity' | 'quota' | 'throttled' | 'transient' | 'auth' | 'config' | 'conflict';

/** A call that failed. `transient` may have been carried out all the same. */
export class CloudError extends Error {
  override readonly name = 'CloudError';
  readonly errorClass: CloudErrorClass;
  readonly retryAfterSeconds: number | null;

  constructor(errorClass: CloudErrorClass, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.errorClass = errorClass;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
