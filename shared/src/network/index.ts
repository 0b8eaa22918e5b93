export { networkReason } from './reason.ts';
