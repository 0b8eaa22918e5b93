export type {
  Bus,
  BusMessage,
  ConsumedMessage,
  ConsumeHandler,
  ConsumeOptions,
  StreamConfig,
  Subscription,
} from './bus.ts';
export { BusRejectedError, BusUnavailableError, NoResponderError, RequestFailedError } from './errors.ts';
export { createInProcessBus, type InProcessBusOptions } from './in-process-bus.ts';
export { createNatsBus } from './nats-bus.ts';
export type { NatsOptions } from './nats-link.ts';
export { type NatsServer, readNatsServer } from './nats-server.ts';
