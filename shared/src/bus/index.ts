export type { Bus, BusMessage, ConsumeOptions, StreamConfig, Subscription } from './bus.ts';
export { BusUnavailableError, NoResponderError, RequestFailedError } from './errors.ts';
